"""Turn PDF files into PNG pages, to look at them: `python paper/preview.py [FILE.pdf ...]`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOTS_PER_INCH = 150


def render(pdf: Path, folder: Path) -> list[Path]:
    """Write one PNG per page of `pdf` into `folder` and return their paths."""
    import pypdfium2

    pages = []
    with pypdfium2.PdfDocument(pdf) as document:
        for number, page in enumerate(document, start=1):
            name = pdf.stem if len(document) == 1 else f"{pdf.stem}-{number:02d}"
            pages.append(folder / f"{name}.png")
            page.render(scale=DOTS_PER_INCH / 72).to_pil().save(pages[-1])
    return pages


def main(arguments: list[str]) -> int:
    pdfs = [Path(name) for name in arguments] or sorted(ROOT.glob("paper/generated/**/*.pdf"))
    if not pdfs:
        print("No PDF under paper/generated. Run `make reproduce` first.", file=sys.stderr)
        return 2
    folder = ROOT / "build" / "preview"
    folder.mkdir(parents=True, exist_ok=True)
    for pdf in pdfs:
        for page in render(pdf, folder):
            print(page.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
