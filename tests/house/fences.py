"""What stands between fences in a page."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<in>[ >]*)(?P<mark>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=in)(?P=mark)[ ]*$", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    """One block. language: the first word behind its fence, if any. word: the second, which says how it is held to the truth where nobody runs it."""

    page: str
    line: int
    language: str
    word: str
    text: str


def fences(page):
    """The blocks of a page, which is named from the root."""
    whole = (ROOT / page).read_text()
    found = []
    for one in _FENCE.finditer(whole):
        language, _, word = one["info"].strip().partition(" ")
        text = "".join(line.removeprefix(one["in"]) for line in one["text"].splitlines(keepends=True))
        found.append(Fence(page, whole.count("\n", 0, one.start()) + 1, language, word, text))
    return found


def blocks_of(page, language):
    """What stands between the fences of one language, in order."""
    found = [one.text for one in fences(page) if (one.language, one.word) == (language, "")]
    assert found, f"{page} has no {language}"
    return found


def all_pages():
    """Every page that the site shows."""
    return sorted(str(path.relative_to(ROOT)) for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
