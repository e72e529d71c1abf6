"""`python -m docs.check`: every link in the documents leads somewhere, README stays short."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
README_LINES = 120


def documents() -> list[Path]:
    """Return the Markdown files of the project."""
    folders = (ROOT, ROOT / "docs", ROOT / "benchmarks", ROOT / "tests" / "attacks")
    return sorted(file for folder in folders for file in folder.glob("*.md"))


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as web forges make them."""
    bare = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in bare}


def problems(file: Path, root: Path = ROOT) -> list[str]:
    """Return a sentence for each link of a document that leads nowhere."""
    found = []
    text = file.read_text()
    for target in LINK.findall(CODE.sub("", text)):
        path, _, anchor = target.partition("#")
        if path.startswith(("http://", "https://", "mailto:")):
            continue
        other = (file.parent / path).resolve() if path else file
        if not other.exists():
            found.append(f"{file.relative_to(root)}: {target} does not exist")
        elif anchor and other.suffix == ".md" and anchor not in anchors(other.read_text()):
            found.append(f"{file.relative_to(root)}: {target} names no heading")
    if file.name == "README.md" and file.parent == root and text.count("\n") > README_LINES:
        found.append(f"README.md has more than {README_LINES} lines")
    return found


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    found = [problem for file in documents() for problem in problems(file)]
    print("\n".join(found) or f"docs: {len(documents())} documents, every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
