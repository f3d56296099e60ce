"""``sendoff list``: what there is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from sendoff.cli import exits
from sendoff.cli.advice import cause_of, unblocked_by, why
from sendoff.cli.call import Call
from sendoff.cli.identity import batch_of, everything, views_of
from sendoff.cli.parser import Parser, pair
from sendoff.cli.text import aligned, cells, clean, cut, folded, shortened, whole
from sendoff.errors import InvalidArgument
from sendoff.model.quantity import size_text
from sendoff.model.query import Query, View

PAGE = 500
WIDE = 160  # columns in which an id has room beside everything else
NARROWEST = 12
ENDED = ("completed", "canceled", "error")
INDENT = 4  # blanks before what follows of a broken line
EXPLAINED = 5  # reasons that are said below a list


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``list``."""
    option = parser.option
    option("--all", action="store_true", help="the history too, not only what is unfinished or not acknowledged")
    option("--batch", metavar="ID", help="only this batch")
    option("--group", metavar="NAME", help="only this group")
    option("--status", metavar="STATUS", action="append", default=[], help="only this status; may be repeated")
    option("--reason", metavar="REASON", help="only what waits for this reason")
    option("--failed", action="store_true", help="only what failed")
    option("--meta", metavar="K=V", action="append", default=[], help="only what was put with this; may be repeated")
    option("--limit", metavar="N", help="no more than this many")
    option("--after", metavar="ID", help="only what comes after this operation")


def run(call: Call) -> int:
    """Carries ``list`` out."""
    call.no_words()
    limit = _limit(call.options.limit)
    query = _query(call)
    after = str(views_of(call.desk(), call.options.after)[-1]["number"]) if call.options.after else None
    found = islice(everything(call.desk(), query, after=after, limit=min(limit or PAGE, PAGE)), limit)
    failed = "error" in query.statuses
    shown = 0
    while block := list(islice(found, PAGE)):
        _show(call, block, heading=not shown, failed=failed)
        shown += len(block)
    if not shown:
        call.output.note("nothing" if call.options.all else "nothing is waiting, running or unacknowledged; sendoff list --all shows the history")
    return exits.DONE


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InvalidArgument(f"--limit {text}: it is a number of operations, 1 or more")
    return int(text)


def _query(call: Call) -> Query:
    options = call.options
    statuses = tuple(map(_status, options.status)) + (("error",) if options.failed else ())
    return Query(
        batch=batch_of(call.desk(), options.batch) if options.batch else None,
        group=whole(options.group),
        statuses=statuses,
        reason=_reason(options.reason) if options.reason is not None else None,
        listed=None if options.all else True,
        metadata=dict(pair(text, "=", "KEY=VALUE") for text in options.meta),
    )


def _status(word: str) -> str:
    from sendoff.model.status import TransferStatus

    return _one_of("status", word, [status.word for status in TransferStatus])


def _reason(word: str) -> str:
    from sendoff.model.status import Reason

    return _one_of("reason", word, list(map(str, Reason)))


def _one_of(name: str, word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise InvalidArgument(f"--{name} {word}: there is no such {name}", hint=f"it is one of {', '.join(known)}")
    return word


def _show(call: Call, views: Sequence[View], *, heading: bool, failed: bool) -> None:
    for view in views:
        call.output.item(view)
    if not call.output.json:
        for line in (failures if failed else table)(views, call.output.columns, heading=heading):
            call.output.line(line)
        for line in waits(views):
            for piece in [line] if call.output.columns is None else folded(line, call.output.columns, INDENT):
                call.output.note(piece)


def waits(views: Sequence[View]) -> list[str]:
    """What those wait for that wait, and what would help; what is the same for several is said once."""
    alike: dict[str, list[View]] = {}
    for view in views:
        reason = why(view) if view["reason"] and view["status"] not in ENDED else None
        if reason is not None:
            alike.setdefault(reason, []).append(view)
    told = [f"{_numbers(some)}: {reason}; {unblocked_by(some[0]) or ''}".rstrip("; ") for reason, some in list(alike.items())[:EXPLAINED]]
    return told + ([f"and {len(alike) - EXPLAINED} more reasons: sendoff show NUMBER"] if len(alike) > EXPLAINED else [])


def _numbers(views: Sequence[View]) -> str:
    """``7``, ``7 and 8``, ``7 and 40 more``."""
    first, *others = (str(view["number"]) for view in views)
    return first if not others else f"{first} and {others[0] if len(others) == 1 else f'{len(others)} more'}"


def table(views: Sequence[View], columns: int | None, *, heading: bool = True) -> list[str]:
    """A line about each. columns: of the terminal, whose lines are cut to fit; None = everything is written out."""
    if columns is None or columns >= WIDE:
        rows = [["NUMBER", "ID", "STATUS", "DONE", "SIZE", "URL"]] if heading else []
        return aligned(rows + [_row(view) for view in views])
    rows = [["NUMBER", "STATUS", "DONE", "SIZE", "URL"]] if heading else []
    rows += [[number, view["reason"] or view["status"], *rest] for view in views for number, _, _, *rest in [_row(view)]]
    if not rows:
        return []
    room = max(columns - _taken(rows, len(rows[0]) - 1), NARROWEST)
    return aligned([*row[:-1], shortened(clean(row[-1]), room)] for row in rows)


def failures(views: Sequence[View], columns: int | None, *, heading: bool = True) -> list[str]:
    """The same where failed ones were asked for: why stands at the end, and the address has a third of the room that is left."""
    if columns is None or columns >= WIDE:
        rows = [["NUMBER", "ID", "STATUS", "DONE", "SIZE", "URL", "WHY"]] if heading else []
        return aligned(rows + [[*_row(view), cause_of(view)] for view in views])
    rows = [["NUMBER", "STATUS", "URL", "WHY"]] if heading else []
    rows += [[str(view["number"]), view["reason"] or view["status"], view["url"], cause_of(view)] for view in views]
    room = max(columns - _taken(rows, 2), 2 * NARROWEST) if rows else 0
    rows = [[*row[:2], shortened(clean(row[2]), room // 3), clean(row[3])] for row in rows]
    return [cut(line, columns) for line in aligned(rows)] if rows else []


def _taken(rows: Sequence[Sequence[str]], places: int) -> int:
    """Columns of the terminal that the first so many cells take."""
    return sum(max(cells(clean(row[place])) for row in rows) + 2 for place in range(places))


def _row(view: View) -> list[str]:
    state = view["status"] + (f" ({view['reason']})" if view["reason"] else "")
    progress = view["progress"]
    return [str(view["number"]), view["id"], state, _share(view), size_text(progress["total_bytes"]), view["url"]]


def _share(view: View) -> str:
    progress = view["progress"]
    if view["status"] == "completed":
        return "100%"
    done = max(progress["bytes_confirmed"], progress["bytes_sent"] if view["status"] == "running" else 0)
    return f"{100 * done // progress['total_bytes']}%" if progress["total_bytes"] else "-"
