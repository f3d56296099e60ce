"""One line about one upload: its number, its name, where it goes, and how it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sendoff.cli.advice import why
from sendoff.cli.text import cells, clean, cut, name_of, shortened, span
from sendoff.cli.watch.kind import Kind, kind_of
from sendoff.cli.watch.line import LONGEST_BAR, Line, bar, fitted
from sendoff.cli.watch.tally import passed_of
from sendoff.model.progress import UploadProgress
from sendoff.model.quantity import size_text
from sendoff.model.query import View

SIGNS, NUMBER = 2, 5
NAME, LONGEST_NAME = 12, 44
TO, LONGEST_TO = 10, 28
SENT, SIZE, RATE, ETA = 9, 10, 12, 6
SHORTEST_BAR = 6
WITH_TO, WITH_SIZE = 72, 100  # columns of the screen from which on these are shown
ENDINGS = {"completed": ("class:good", "done"), "canceled": ("class:needs", "canceled"), "error": ("class:bad", "failed")}


@dataclass(frozen=True, slots=True)
class Widths:
    """How the columns of the screen are shared. to: 0 where there is no room for it. rest: for how it stands."""

    name: int
    to: int
    rest: int


def widths(width: int) -> Widths:
    """The share of each in a line of so many columns."""
    free = max(width - SIGNS - NUMBER - 1, 1)
    to = min(max(free // 6, TO), LONGEST_TO) if width >= WITH_TO else 0
    name = min(max(free // 4, NAME), LONGEST_NAME, free)
    return Widths(name, to, max(free - name - 1 - (to + 1 if to else 0), 0))


def heading(width: int, listed: str) -> Line:
    """What the columns are. listed: how many there are, and which."""
    shares = widths(width)
    head = f"{'':{SIGNS}}{'N':>{NUMBER}} {'NAME':{shares.name}} " + (f"{'TO':{shares.to}} " if shares.to else "")
    head = cut(head, max(width - cells(listed) - 1, 0))
    return fitted([("class:dim", head + " " * max(width - cells(head) - cells(listed), 1) + listed)], width)


def row(view: View, one: UploadProgress | None, width: int, *, signs: str = "  ", ascii: bool = False) -> Line:
    """The line. one: how far a try of it is just now. signs: whether it is selected, and whether it is marked."""
    shares = widths(width)
    line: Line = [("", f"{signs}{view['number']:>{NUMBER}} {_in(name_of(view), shares.name)} ")]
    if shares.to:
        line.append(("class:dim", f"{_in(destination_of(view), shares.to)} "))
    kind = kind_of(view, live=one is not None)
    if kind is Kind.RUNNING:
        line += _moving(one or _told(view), shares.rest, with_size=width >= WITH_SIZE, ascii=ascii)
    else:
        line.append(_standing(view, kind))
    return fitted(line, width)


def ended_row(view: View, width: int) -> Line:
    """One line about an upload that has ended, to stay where the screen was."""
    style, word = ENDINGS[view["status"]]
    what = _proof(view) if view["status"] == "completed" else _cause(view)
    name = shortened(name_of(view), max(width - NUMBER - 11 - min(cells(what), width // 2), NAME))
    return fitted([(style, f"{word:8}"), ("", f" {view['number']:>{NUMBER - 1}} {name}  {what}".rstrip())], width)


def destination_of(view: View) -> str:
    """Where it goes, in a word: the destination's name, or the server."""
    parts = urlsplit(str(view["url"]))
    return clean(view["destination"] or parts.netloc.rpartition("@")[2] or parts.scheme or view["url"])


def _in(text: str, width: int) -> str:
    short = shortened(text, width)
    return short + " " * (width - cells(short))


def _told(view: View) -> UploadProgress:
    """How far it was when last asked for."""
    told = view["progress"]
    return UploadProgress(**{name: told[name] for name in ("bytes_sent", "bytes_confirmed", "total_bytes", "attempt", "rate", "eta")})


def _moving(one: UploadProgress, width: int, *, with_size: bool, ascii: bool) -> Line:
    """A bar, and as many figures as there is room for."""
    done = passed_of(one)
    share = done / one.total_bytes if one.total_bytes else 1.0
    figures = [f"{f'{int(share * 100):>3}%' + (' sent' if one.bytes_confirmed < done else ''):<{SENT}}"]
    if done >= one.total_bytes and one.bytes_confirmed < one.total_bytes:
        more = [f"{'confirming':>{RATE}}"]
    else:
        more = [f"{f'{size_text(one.rate)}/s' if one.rate else '':>{RATE}}", f"{span(one.eta) if one.eta is not None else '':>{ETA}}"]
    for figure in ([f"{size_text(one.total_bytes):>{SIZE}}"] if with_size else []) + more:
        if len(" ".join([*figures, figure])) <= width:
            figures.append(figure)
    text = " ".join(figures)
    long = min(width - len(text) - 1, LONGEST_BAR)
    return [*bar(share, long, ascii=ascii), ("", f" {text}")] if long >= SHORTEST_BAR else [("", text)]


def _standing(view: View, kind: Kind) -> tuple[str, str]:
    """How it stands, when it does not move."""
    if kind is Kind.ENDED and view["status"] == "completed":
        return "class:good", f"done, {_proof(view)}"
    if kind in (Kind.ENDED, Kind.FAILED):
        style, word = ENDINGS[view["status"]]
        return style, f"{word}: {_cause(view)}".removesuffix(": ")
    if view["needs"] and kind is Kind.NEEDS:
        return "class:needs", f"needs you: {clean(view['needs']['command'])}"
    again = _seconds_until(view["retry_at"])
    words = ["paused" if view["status"] == "paused_by_application" else str(view["reason"] or "not started").replace("_", " ")]
    words += [f"again in {span(again)}"] if again is not None else []
    said = why(view) if view["reason"] and (view["reason"] != "queued" or view["needs"]) else None
    return "class:dim", ", ".join(words) + (f": {clean(said)}" if said else "")


def _proof(view: View) -> str:
    return f"{size_text(view['progress']['total_bytes'])}, {(view['receipt'] or {}).get('verified', 'accepted')}"


def _cause(view: View) -> str:
    return clean((view["error"] or {}).get("message") or view["reason_text"] or view["reason"] or "")


def _seconds_until(moment: str | None) -> float | None:
    return max(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() - time.time(), 0.0) if moment else None
