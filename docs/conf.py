"""How the handbook becomes a site: ``sphinx-build -W -c docs . build/site``. The pages are those a code host shows; their order stands in index.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\)")

project = "sendoff"
version = release = PROJECT["version"]
project_copyright = "the authors of sendoff, Apache-2.0"
html_title = f"sendoff {version}"

extensions = ["myst_parser"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "docs/*/*.md", "plugins/*/*/README.md", "contrib/*/*/README.md"]
exclude_patterns = [".*", "build", "tests", "**/node_modules", "**/tests"]
myst_heading_anchors = 3
smartquotes = False  # two dashes are an option's

html_theme = "furo"
html_static_path = ["site"]
templates_path = ["site"]
html_additional_pages = {"index": "front.html"}  # who opens the folder gets to the handbook
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_show_sphinx = html_show_sourcelink = html_copy_source = False
html_last_updated_fmt = None


def prepare(app: Sphinx, name: str, source: list[str]) -> None:
    """Turns each section of index.md into a part of the navigation as well; a link to a folder of the repository leads nowhere here."""
    folder = Path(app.srcdir, name).parent
    source[0] = LINK.sub(lambda link: link[1] if (folder / link[2]).is_dir() else link[0], source[0])
    if name == root_doc:
        source[0] += "".join(navigation(title, pages) for title, pages in sections(source[0]))


def sections(text: str) -> list[tuple[str, list[str]]]:
    """The titles in index.md, and the pages that are linked below each."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return [(title, re.findall(r"\]\(([\w./-]+\.md)\)", body)) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


def navigation(title: str, pages: list[str]) -> str:
    """A hidden list of pages below a title."""
    lines = ["", "```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", ""]
    return "\n".join(lines)


def setup(app: Sphinx) -> None:
    """Called by Sphinx once the configuration is read."""
    app.add_lexer("crontab", TextLexer)
    app.connect("source-read", prepare)
