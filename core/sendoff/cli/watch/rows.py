"""The lines of a frame: what runs, what waits and why, and all together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from sendoff.cli.text import cells, clean, cut, name_of, shortened, span
from sendoff.cli.watch.glance import Glance, together, waits_text
from sendoff.cli.watch.tally import TRIED_AGAIN, passed_of
from sendoff.model.progress import UploadProgress
from sendoff.model.quantity import size_text
from sendoff.model.query import View

NUMBER, SENT, SIZE, RATE, ETA = 5, 9, 10, 12, 6
NAME, BAR = 12, 8  # at least
LONGEST_BAR = 40
_UNKNOWN = 2**63  # the number of what has no name yet: it stands last
NARROW = 60  # below, the size is left out
COLORS = {"completed": "green", "error": "red", "canceled": "yellow"}
ENDINGS = {"completed": "done", "error": "failed", "canceled": "canceled"}


def frame(glance: Glance, width: int, room: int, *, plain: bool) -> list[Text]:
    """All lines, none wider than ``width`` columns, at most ``room`` of them about single uploads. plain: bars of ASCII."""
    views = {view["id"]: view for view in glance.views}
    running = sorted(glance.live.items(), key=lambda one: views[one[0]]["number"] if one[0] in views else _UNKNOWN)[:room]
    shown = {id for id, _ in running}
    waiting = [view for view in glance.views if view["id"] not in shown and _worth_a_line(view)][: room - len(running)]
    lines = [_running(views.get(id), one, width, plain) for id, one in running]
    lines += [_waiting(view, width) for view in waiting]
    rest = _rest(glance, waiting)
    lines += [Text(shortened(rest, width), style="dim")] if rest else []
    return [*lines, _total(glance, width, plain)]


def ended_row(view: View, width: int) -> Text:
    """One line about an upload that has ended."""
    word = ENDINGS[view["status"]]
    if view["status"] == "completed":
        receipt = view["receipt"] or {}
        what = f"{size_text(view['progress']['total_bytes'])}, {receipt.get('verified', 'accepted')}"
    else:
        what = clean((view["error"] or {}).get("message") or view["reason_text"] or view["reason"] or "")
    name = name_of(view)
    name = shortened(name, max(width - NUMBER - 11 - min(cells(what), width // 2), NAME))
    line = Text(word.ljust(8), style=COLORS[view["status"]])
    line.append(f" {view['number']:>{NUMBER - 1}} {name}  ", style="none")
    line.append(cut(what, width - line.cell_len), style="none")
    line.rstrip()
    return line


def bar(share: float, width: int, *, plain: bool) -> Text:
    """A line of which this share is thick."""
    full, half, rest = ("#", "#", "-") if plain else ("━", "╸", "─")
    halves = int(min(max(share, 0.0), 1.0) * width * 2)
    done = full * (halves // 2) + half * (halves % 2)
    return Text.assemble((done, "cyan"), (rest * (width - len(done)), "dim"))


def _running(view: View | None, one: UploadProgress, width: int, plain: bool) -> Text:
    done = passed_of(one)
    share = done / one.total_bytes if one.total_bytes else 1.0
    confirming = done >= one.total_bytes and one.bytes_confirmed < one.total_bytes
    sent = f"{int(share * 100):>3}%{' sent' if one.bytes_confirmed < done else ''}"
    pace = f"{size_text(one.rate)}/s" if one.rate else ""
    eta = span(one.eta) if one.eta is not None else ""
    columns = [f"{sent:<{SENT}}", *([f"{size_text(one.total_bytes):>{SIZE}}"] if width >= NARROW else [])]
    columns += ["confirming".rjust(RATE).ljust(RATE + 1 + ETA)] if confirming else [f"{pace:>{RATE}}", f"{eta:>{ETA}}"]
    spare = width - NUMBER - 1 - len(" ".join(columns)) - 1  # for the name, and a bar with a space behind it
    long = min(max(spare * 2 // 5, BAR), LONGEST_BAR) if spare >= NAME + BAR + 1 else 0
    line = _head(view, max(spare - (long + 1 if long else 0), NAME))
    if long:
        line.append_text(bar(share, long, plain=plain)).append(" ")
    line.append(" ".join(columns), style="none")
    line.truncate(width)
    return line


def _waiting(view: View, width: int) -> Text:
    line = _head(view, max((width - NUMBER) // 3, NAME))
    if view["needs"]:
        line.append(cut(f"needs you: {clean(view['needs']['command'])}", width - line.cell_len), style="yellow")
        return line
    again = _seconds_until(view["retry_at"])
    words = ["paused" if view["status"] == "paused_by_application" else str(view["reason"]).replace("_", " ")]
    words += [f"again in {span(again)}"] if again is not None else []
    line.append(cut(", ".join(words) + (f": {clean(view['reason_text'])}" if view["reason_text"] else ""), width - line.cell_len), style="dim")
    return line


def _head(view: View | None, width: int) -> Text:
    """Number and name, in so many columns and a space."""
    name = shortened(name_of(view), width) if view else ""
    return Text(f"{view['number'] if view else '':>{NUMBER}} {name}{' ' * (width - cells(name))} ", style="none")


def _worth_a_line(view: View) -> bool:
    """Whether it has more to say than that it waits for its turn."""
    return view["status"] not in ("idle", "running") or view["reason"] in TRIED_AGAIN


def _rest(glance: Glance, waiting: Sequence[View]) -> str:
    """What has no line of its own."""
    own = Counter("paused" if view["status"] == "paused_by_application" else str(view["reason"]) for view in waiting)
    waits = Counter(glance.tally.waits) - own
    number = sum(waits.values())
    return f"and {number}{' more' if glance.live or waiting else ''} wait{'s' if number == 1 else ''}: {', '.join(waits_text(waits))}" if number else ""


def _total(glance: Glance, width: int, plain: bool) -> Text:
    text = together(glance)
    long = min(width - cells(text) - 2, LONGEST_BAR)
    line = Text(cut(text, width), style="bold")
    if long < BAR:
        return line
    share = glance.tally.sent / glance.tally.bytes if glance.tally.bytes else glance.tally.ended / max(glance.tally.total, 1)
    return Text.assemble(line, "  ", bar(share, long, plain=plain))


def _seconds_until(moment: str | None) -> float | None:
    return max(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() - time.time(), 0.0) if moment else None
