"""Records ``sendoff demo`` on an 80-column terminal into docs/images/demo.svg; run it anew when the demo looks different: ``python docs/picture.py``."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from html import escape
from pathlib import Path
from typing import NamedTuple

import pyte

OUT = Path(__file__).parent / "images" / "demo.svg"
COLUMNS, LINES = 80, 64
EVERY = 0.2  # seconds between two looks at the screen
HOLD = 6.0  # seconds that the last picture stays before it begins again
WIDE, HIGH, EDGE, SIZE = 8.4, 18, 16, 14  # pixels: a cell, the margin, the letters
INK, PAPER = "#d6deeb", "#11181f"
COLORS = {"default": INK, "cyan": "#5fd7d7", "green": "#8fd08f", "red": "#ff8f8f", "brown": "#e5c07b", "yellow": "#e5c07b", "dim": "#6b7a89"}
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


class Run(NamedTuple):
    """Letters of one look, in one line."""

    column: int
    text: str
    color: str
    bold: bool


Row = tuple[Run, ...]


class Shown(NamedTuple):
    """A line of the screen, and from when to when it stood there; until None: to the end."""

    line: int
    row: Row
    since: float
    until: float | None


def played() -> tuple[list[tuple[float, list[Row]]], float]:
    """The real thing on a real terminal: what the screen showed, moment by moment, and how long it took."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream, decoder = pyte.Stream(screen), codecs.getincrementaldecoder("utf-8")()
    stream.feed("$ sendoff demo\r\n")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    began, looks = time.monotonic(), [(0.0, rows_of(screen))]
    with subprocess.Popen([sys.executable, "-P", "-m", "sendoff", "demo"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as demo:
        os.close(theirs)
        while data := heard(ours):
            stream.feed(decoder.decode(data))
            if time.monotonic() - began - looks[-1][0] >= EVERY:
                looks.append((time.monotonic() - began, rows_of(screen)))
    os.close(ours)
    if demo.returncode:
        raise SystemExit(f"sendoff demo ended with {demo.returncode}:\n" + "\n".join(screen.display).rstrip())
    took = time.monotonic() - began
    return [*looks, (took, rows_of(screen))], took


def heard(terminal: int) -> bytes:
    """What was written to a terminal; nothing when nobody has it open any more."""
    select.select([terminal], [], [])
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def rows_of(screen: pyte.Screen) -> list[Row]:
    """The screen as it stands."""
    return [tuple(runs_of(screen.buffer[line])) for line in range(LINES)]


def runs_of(cells: object) -> list[Run]:
    """One line, cut where its look changes."""
    found: list[Run] = []
    for column in range(COLUMNS):
        cell = cells[column]  # type: ignore[index]
        color, bold = ("dim" if cell.data == "─" else cell.fg), cell.bold
        if found and (found[-1].color, found[-1].bold) == (color, bold):
            found[-1] = found[-1]._replace(text=found[-1].text + cell.data)
        else:
            found.append(Run(column, cell.data, color, bold))
    return [run for run in found if run.text.strip()]


def shown(looks: list[tuple[float, list[Row]]]) -> list[Shown]:
    """Each line once for as long as it did not change."""
    found: list[Shown] = []
    for line in range(LINES):
        since, row = looks[0][0], looks[0][1][line]
        for moment, rows in looks[1:]:
            if rows[line] != row:
                found.append(Shown(line, row, since, moment))
                since, row = moment, rows[line]
        found.append(Shown(line, row, since, None))
    return [one for one in found if one.row]


def drawn(one: Shown, number: int, length: float) -> tuple[str, str]:
    """A line as text, and the rule that says when it is to be seen."""
    pieces = []
    for run in one.row:
        text = run.text.rstrip()
        look = f' fill="{COLORS.get(run.color, INK)}"' + (' font-weight="bold"' if run.bold else "")
        place = f'x="{EDGE + run.column * WIDE:.1f}" textLength="{len(text) * WIDE:.1f}"'
        pieces.append(f"<tspan {place}{look}>{escape(text)}</tspan>")
    kind = 'class="k' if one.until is None else 'visibility="hidden" class="g'  # what goes again is not seen where nothing moves
    text = f'<text {kind} n{number}" y="{EDGE + (one.line + 1) * HIGH - 5}">{"".join(pieces)}</text>'
    since = one.since / length * 100
    end = "" if one.until is None else f"{one.until / length * 100:.2f}%{{visibility:hidden}}"
    start = "0%{visibility:visible}" if since == 0 else f"0%{{visibility:hidden}}{since:.2f}%{{visibility:visible}}"
    return text, f"@keyframes n{number}{{{start}{end}}}.n{number}{{animation-name:n{number}}}"


def picture() -> str:
    """The whole picture; where motion is not wanted, its end."""
    looks, took = played()
    lines = shown(looks)
    length = took + HOLD
    high = EDGE * 2 + (max(one.line for one in lines) + 1) * HIGH
    wide = EDGE * 2 + COLUMNS * WIDE
    texts, rules = zip(*(drawn(one, number, length) for number, one in enumerate(lines)), strict=True)
    style = f"text{{font:{SIZE}px {FONT};white-space:pre;animation:{length:.1f}s step-end infinite}}{''.join(rules)}"
    still = "@media (prefers-reduced-motion:reduce){text{animation:none}.g{visibility:hidden}}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}" role="img" xml:space="preserve">'
    title = "<title>sendoff demo: an upload whose host is killed in the middle, and that ends well</title>"
    panel = f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    return "\n".join([head, title, f"<style>{style}{still}</style>", panel, *texts, "</svg>", ""])


if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(picture(), encoding="utf-8")
    print(f"written: {OUT.relative_to(Path(__file__).parents[1])}, {OUT.stat().st_size // 1024} KB")
