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


def indented(page):
    """What Markdown takes for code because of four blanks before it: as a block of lines that one types."""
    lines, found, begun = unfenced((ROOT / page).read_text()).splitlines(), [], None
    for number, line in enumerate([*lines, ""]):
        code = line.startswith(("    ", "\t")) and (begun is not None or not number or not lines[number - 1].strip())
        begun = number if code and begun is None else begun
        if begun is not None and not code:
            found.append(Fence(page, begun + 1, "console", "", "".join(f"{one.strip()}\n" for one in lines[begun:number])))
            begun = None
    return found


def unfenced(whole):
    """A page with every block taken out, its lines left empty."""
    return _FENCE.sub(lambda one: "\n" * one[0].count("\n"), whole)


def unread(whole):
    """Code that no fence of ours holds: other fences, such without an end, ``<pre>``."""
    return [line for line in unfenced(whole).splitlines() if re.match(r"[\s>]*([-*+]|\d+[.)])?[\s>]*(~~~|```|<pre|<code>)", line)]


def blocks_of(page, language):
    """What stands between the fences of one language, in order."""
    found = [one.text for one in fences(page) if (one.language, one.word) == (language, "")]
    assert found, f"{page} has no {language}"
    return found


def all_pages():
    """Every page that the site shows."""
    return sorted(str(path.relative_to(ROOT)) for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
