"""Links of a built site that lead nowhere: files and places within them."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["dead", "elsewhere"]


class _Page(HTMLParser):
    """Addresses that a page names, what it loads, and places within it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value:
                own = self.links if tag == "a" else self.loaded
                own.append(value)


def dead(site: Path) -> list[str]:
    """Links within a site to files or places that it does not have, a line each.

    Parameters
    ----------
    site : Path
        Folder of the pages.
    """
    pages = {path: _Page(path.read_text("utf-8")) for path in _pages(site)}
    return [line for path, page in pages.items() for line in _dead(path, page, pages, site)]


def _dead(path: Path, page: _Page, pages: dict[Path, _Page], site: Path) -> Iterator[str]:
    for link in dict.fromkeys([*page.links, *page.loaded]):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            yield f"{path.relative_to(site)}: {link} is not there"
        elif parts.fragment and target in pages:
            place = unquote(parts.fragment)
            if place not in pages[target].places and place != "_":
                yield f"{path.relative_to(site)}: {link} has no such place"


def elsewhere(site: Path) -> list[str]:
    """What pages load from elsewhere: scripts, styles and images with an address of a host."""
    found = []
    for path in _pages(site):
        loaded = _Page(path.read_text("utf-8")).loaded
        found += [f"{path.relative_to(site)}: {link}" for link in loaded if urlsplit(link).netloc]
    return found


def _pages(site: Path) -> list[Path]:
    """Pages of a site, without the templates that a theme keeps beside its styles."""
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
