"""``sendoff show``: everything about an operation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendoff.cli import exits
from sendoff.cli.advice import in_vain, unblocked_by, why
from sendoff.cli.call import Call
from sendoff.cli.clock import local
from sendoff.cli.identity import batch_meant, views_of
from sendoff.cli.outcome import outcome
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned, folded, form_words
from sendoff.errors import InvalidArgument, Json
from sendoff.model.event import Event
from sendoff.model.quantity import seconds_text, size_text
from sendoff.model.query import Query, Question, View

SHOWN = 20  # operations of a batch


def facts(view: View) -> list[tuple[str, str]]:
    """Everything about an operation: names, and what they stand for."""
    return list(_rows(view, verbose=False))


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``show`` out."""
    if not call.words:
        raise InvalidArgument("sendoff show needs an id", hint="sendoff list shows the ids")
    for position, word in enumerate(call.words):
        if position:
            call.output.line("")
        batch = batch_meant(call.desk(), word)
        if call.output.json:
            for view in views_of(call.desk(), word):
                call.output.item(view)
        elif batch is not None:
            _show_batch(call, batch)
        else:
            _show(call, views_of(call.desk(), word)[0])
    return exits.DONE


def _show(call: Call, view: View) -> None:
    _print(call, [*_rows(view, verbose=call.output.verbose), *_untold(call, view["id"])])


def _show_batch(call: Call, batch: str) -> None:
    """The batch as a whole, then the beginning of it."""
    from sendoff.cli.listing import table

    told = call.desk().ask(Question(what="batch", details={"name": batch}))
    _print(call, list(_batch_rows(told)))
    page = call.desk().page(Query(batch=batch), limit=SHOWN)
    call.output.line("")
    for line in table(page.items, call.output.columns):
        call.output.line(line)
    if told["total"] > len(page.items):
        call.output.line(f"and {told['total'] - len(page.items)} more: sendoff list --all --batch {told['number']}")


def _print(call: Call, rows: Sequence[tuple[str, str]]) -> None:
    """Names and what they stand for, folded beside the names where a terminal is too narrow."""
    indent = max(len(name) for name, _ in rows) + 2
    for line in aligned(rows):
        for piece in [line] if call.output.columns is None else folded(line, call.output.columns, indent):
            call.output.line(piece)


def _batch_rows(told: Json) -> Iterator[tuple[str, str]]:
    yield "batch", f"{told['id']}  (number {told['number']})"
    yield "operations", f"{told['total']}" + ("" if told["sealed"] else " so far; more may come")
    yield "status", ", ".join(f"{number} {word}" for word, number in told["statuses"].items())
    yield from _if_known("waiting", ", ".join(f"{number} {word}" for word, number in told["reasons"].items()) or None)
    yield "progress", f"{size_text(told['sent_bytes'])} sent, {size_text(told['confirmed_bytes'])} confirmed of {size_text(told['total_bytes'])}"
    yield from _if_known("ended", told["ended"])


def _rows(view: View, *, verbose: bool) -> Iterator[tuple[str, str]]:
    yield "operation", f"{view['id']}  (number {view['number']}, round {view['round']})"
    yield "batch", view["batch"]
    yield "status", view["status"] + (f" ({view['reason']})" if view["reason"] else "")
    yield from _if_known("why", why(view))
    yield from _if_known("helped by", unblocked_by(view))
    if in_vain(view) and not view.get("acknowledged_at"):
        yield "given up by", f"sendoff cancel {view['number']}; it then leaves the list"
    yield from _if_known("next try", local(view["retry_at"]) if view["retry_at"] else None)
    yield from _source(view["source"])
    yield "target", f"{view['method']} {view['url']}" if view["method"] else view["url"]
    yield from _if_known("destination", view["destination"])
    yield "carried by", " ".join(filter(None, (view["transport"], view["protocol"] if view["protocol"] != view["transport"] else None)))
    yield "progress", _progress(view["progress"])
    for name in ("group", "label", "priority", "cost_policy"):
        yield from _if_known(name.replace("_", " "), view[name] if view[name] != "default" else None)
    yield from _if_known("then", view.get("then"))
    yield from _if_known("if changed", "restart" if view.get("if_changed") == "restart" else None)
    yield from ((f"meta {key}", str(value)) for key, value in view["metadata"].items())
    yield from outcome(view, verbose=verbose)
    for name in ("created_at", "started_at", "finished_at"):
        yield from _if_known(name.removesuffix("_at"), view[name])


def _untold(call: Call, id: str) -> Iterator[tuple[str, str]]:
    """Notices of it that nobody will get."""
    query = Query(ids=(id,), types=("notice_failed", "notification_skipped"))
    for number, news in enumerate(call.desk().follow(query, after=0)):
        if isinstance(news, Event) and not news.data.get("again"):
            yield "not told", f"{news.data.get('sink') or 'nobody'}: {news.data['message']}"
        if news is None and number:  # as in events: everything so far was told
            return


def _source(source: Json) -> Iterator[tuple[str, str]]:
    """What is sent; of a form each part, and of a value only how long it is."""
    if source["kind"] != "form":
        yield "source", source["path"] if source["kind"] == "file" else f"a copy of {source['origin']}" if source.get("origin") else source["kind"]
        yield from _if_known("bytes", f"{source['size']} from {source['offset']} on" if source.get("offset") else None)
        return
    yield "source", form_words(source["parts"])
    for part in source["parts"]:
        what = part["path"] or ("a copy" if part["kind"] == "spool" else "a value")
        yield f"part {part['name'] or ''}".rstrip(), ", ".join(filter(None, (what, part["type"], size_text(part["size"]))))


def _if_known(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if value is not None:
        yield name, str(value)


def _progress(progress: Json) -> str:
    text = f"{size_text(progress['bytes_sent'])} sent, {size_text(progress['bytes_confirmed'])} confirmed of {size_text(progress['total_bytes'])}"
    text += f", attempt {progress['attempt']}" if progress["attempt"] else ""
    text += f", {size_text(progress['rate'])}/s" if progress["rate"] else ""
    return text + (f", {seconds_text(progress['eta'])} to go" if progress["eta"] else "")
