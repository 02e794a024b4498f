"""What the pages need of Sphinx: generated parts, code that is run, and mathematics as MathML.

`generated` puts a part of `docs.parts` where it stands, `run` shows code and what it prints, and
`shell` a command of `mlbalance` and its answer. Nothing that a page shows is typed by hand.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from typing import Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from docs import api, parts
from mlbalance.report.mathml import mathml


class Generated(SphinxDirective):
    """A part of a page by its name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(
            parts.rendered(self.arguments[0]), allow_section_headings=True
        )


class Run(SphinxDirective):
    """Python code and what it prints; names stay for the next code of the page."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"first": int}

    def run(self) -> list[nodes.Node]:
        code = "\n".join(self.content)
        names = self.env.temp_data.setdefault("names of run code", {"__name__": "page"})
        try:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, f"{self.env.docname}.rst", "exec"), names)
        except Exception as error:
            raise ExtensionError(f"{self.get_location()}: the code raises {error!r}.") from error
        return [_listing(code, "python"), *_printed(out.getvalue(), self.options.get("first"))]


class Shell(SphinxDirective):
    """A command of `mlbalance` and what it answers."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"first": int}

    def run(self) -> list[nodes.Node]:
        command = self.arguments[0]
        told = parts.answer(*shlex.split(command))
        return [
            _listing(f"$ mlbalance {command}", "console"),
            *_printed(told, self.options.get("first")),
        ]


class Named(SphinxRole):
    """Code; where it is the label of a claim, a study or a public name, a link to its page."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        code = nodes.literal(self.rawtext, self.text, classes=["code"])
        if self.text not in parts.NAMED:
            return [code], []
        kind, _, target = parts.NAMED[self.text].rpartition(":")
        domain, _, role = kind.rpartition(":")
        link = addnodes.pending_xref(
            self.rawtext,
            code,
            refdoc=self.env.docname,
            refdomain=domain or "std",
            reftype=role,
            reftarget=target.lower() if role == "ref" else target,
            refexplicit=True,
            refwarn=True,
        )
        return [link], []


def _printed(told: str, first: int | None) -> list[nodes.Node]:
    lines = told.rstrip().splitlines()
    if first is not None and len(lines) > first:
        lines = [*lines[:first], "..."]
    block = _listing("\n".join(lines), "text")
    block["classes"].append("printed")
    return [block] if lines else []


def _listing(code: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(code, code, language=language)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode


def _skip(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn gives every estimator for the routing of metadata."""
    return True if name.endswith("_request") or name == "get_metadata_routing" else None


def _bars(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the bars of absolute values, which mean something else in reStructuredText."""
    lines[:] = map(api.with_bars, lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives and the mathematics."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("generated", Generated)
    app.add_directive("run", Run)
    app.add_directive("shell", Shell)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _bars, priority=900)
    app.add_role("named", Named())
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
