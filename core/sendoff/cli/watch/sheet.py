"""The whole screen, line by line: the totals, the list, what is to be said about the selected one, and the keys; or a page to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sendoff.cli.advice import unblocked_by, why
from sendoff.cli.show import facts
from sendoff.cli.text import aligned, cells, clean, cut, folded, name_of
from sendoff.cli.watch.board import Scene
from sendoff.cli.watch.errand import Answer
from sendoff.cli.watch.glance import standing, together
from sendoff.cli.watch.keys import KEYS
from sendoff.cli.watch.kind import SHOWINGS, Kind, kind_of
from sendoff.cli.watch.line import LONGEST_BAR, Line, bar, fitted
from sendoff.cli.watch.pointer import Pointer
from sendoff.cli.watch.rows import heading, row
from sendoff.model.query import View

NEEDS = ("credential_needed", "host_key_unknown", "consent", "no_space")  # reasons of what is counted as needing somebody
SILENT = 5.0  # seconds after which it is said that nothing comes
WITH_HEADING, WITH_ABOUT = 8, 15  # lines of the screen from which on these are shown
ABOUT = 3
SHORTEST_BAR = 8


@dataclass(frozen=True, slots=True)
class Size:
    """Of the screen. ascii: it has no other characters."""

    columns: int
    lines: int
    ascii: bool = False

    @property
    def head(self) -> int:
        """Lines above the list."""
        return 3 if self.lines >= WITH_HEADING else 2

    @property
    def about(self) -> int:
        """Lines about the selected one."""
        return ABOUT if self.lines >= WITH_ABOUT else 0

    @property
    def body(self) -> int:
        """Lines of the list."""
        return max(self.lines - self.head - self.about - 1, 1)


def listed(scene: Scene, pointer: Pointer, size: Size, answer: Answer | None, now: float) -> list[Line]:
    """The list of uploads. pointer: settled in its rows. answer: to the last key. now: seconds of the monotonic clock."""
    lines = [_totals(scene, size), _states(scene, size.columns, now)]
    if size.head > len(lines):
        lines.append(heading(size.columns, f"{scene.showing.name}: {_place(scene, pointer)}"))
    lines += _body(scene, pointer, size)
    lines += _about(scene.rows[pointer.at] if scene.rows else None, size.columns)[: size.about]
    lines += [[]] * (size.lines - 1 - len(lines))
    lines.append(_last(pointer, size.columns, answer))
    return lines[-size.lines :] if len(lines) > size.lines else lines


def page(title: str, text: Sequence[str], top: int, size: Size) -> list[Line]:
    """A page to read, from this line of it on."""
    room = max(size.lines - 2, 1)
    shown: list[Line] = [[("", line)] for line in text[top : top + room]]
    rest = len(text) - top - len(shown)
    foot = f"Esc back{f'   down: {rest} more' if rest > 0 else ''}"
    lines: list[Line] = [[("class:title", cut(title, size.columns))], *shown, *[[]] * (room - len(shown)), [("class:dim", cut(foot, size.columns))]]
    return lines[-size.lines :]


def details(view: View, columns: int) -> list[str]:
    """All that ``show`` says, in lines that fit."""
    rows = facts(view)
    indent = max(len(name) for name, _ in rows) + 2
    return [piece for line in aligned(rows) for piece in folded(line, columns, min(indent, columns // 3))]


def help(columns: int) -> list[str]:
    """What each key does, in lines that fit."""
    lines = aligned([(key.shown, key.about) for key in KEYS if key.about])
    return [piece for line in lines for piece in folded(line, columns, min(12, columns // 3))]


def _totals(scene: Scene, size: Size) -> Line:
    tally, text = scene.glance.tally, together(scene.glance)
    long = min(size.columns - cells(text) - 2, LONGEST_BAR)
    line: Line = [("class:title", cut(text, size.columns))]
    share = tally.sent / tally.bytes if tally.bytes else tally.ended / max(tally.total, 1)
    return [*line, ("", "  "), *bar(share, long, ascii=size.ascii)] if long >= SHORTEST_BAR else line


def _states(scene: Scene, width: int, now: float) -> Line:
    """How many stand how; before that, that the host is not there."""
    tally = scene.glance.tally
    line: Line = []
    if scene.gone:
        line.append(("class:bad", "the host is gone; the next one is being started  "))
    elif scene.told is not None and now - scene.told > SILENT:
        line.append(("class:bad", f"no word from the host for {now - scene.told:.0f}s  "))
    if tally.person:
        line.append(("class:needs", f"{tally.person} need{'s' if tally.person == 1 else ''} you"))
    others = replace(tally, waits={reason: number for reason, number in tally.waits.items() if reason not in NEEDS})
    said = standing(others) if others.running or others.waits or not tally.person else ""
    said = "asking the host" if scene.told is None else "all have ended" if not tally.open else said
    return fitted([*line, ("", ", " if tally.person and said else ""), ("", said)], width)


def _place(scene: Scene, pointer: Pointer) -> str:
    """``3 of 10000``; with a plus, where nobody has counted."""
    counted = scene.showing is SHOWINGS[0] and scene.glance.tally.exact
    number = max(len(scene.rows), scene.glance.tally.total) if counted else len(scene.rows)
    return f"{pointer.at + 1 if scene.rows else 0} of {number}{'+' if scene.more and not counted else ''}"


def _body(scene: Scene, pointer: Pointer, size: Size) -> list[Line]:
    found: list[Line] = []
    for place in range(pointer.top, min(pointer.top + size.body, len(scene.rows))):
        view = scene.rows[place]
        chosen = place == pointer.at
        signs = (">" if chosen else " ") + ("*" if view["id"] in pointer.marked else " ")
        line = row(view, scene.glance.live.get(view["id"]), size.columns, signs=signs, ascii=size.ascii)
        found.append([(f"class:chosen {style}", text) for style, text in line] if chosen else line)
    if not found and scene.told is not None and not scene.more:
        found.append([("class:dim", fit) for fit in [cut("  there is none", size.columns)]])
    return found + [[]] * (size.body - len(found))


def _about(view: View | None, width: int) -> list[Line]:
    """Where the selected one goes, why it stands so, and what would help it on."""
    if view is None:
        return []
    help, reason = unblocked_by(view), why(view)
    moving = kind_of(view) is Kind.RUNNING
    said = _attempt(view) if moving else (view["error"] or {}).get("message") or reason or str(view["status"])
    where: Line = [("class:title", f"{view['number']} {name_of(view)}"), ("", f"  {clean(view['url'])}")]
    return [fitted(where, width), [("", cut(f"  {clean(said)}", width))], [("class:needs", cut(f"  {clean(help)}", width))] if help and not moving else []]


def _attempt(view: View) -> str:
    number = view["progress"]["attempt"]
    resumed = {True: "resumes when it breaks off", False: "begins again when it breaks off", None: ""}[view["resumable"]]
    return ", ".join(filter(None, [f"attempt {number}" if number else "running", resumed]))


def _last(pointer: Pointer, width: int, answer: Answer | None) -> Line:
    """What is asked or was answered; else the keys."""
    if answer is not None:
        return [("class:bad" if answer.bad else "class:good", cut(answer.text, width))]
    text = f"{len(pointer.marked)} marked" if pointer.marked else ""
    for short in (key.short for key in KEYS if key.short):
        if cells(f"{text}  {short}") <= width:
            text = f"{text}  {short}" if text else short
    return [("class:dim", cut(text, width))]
