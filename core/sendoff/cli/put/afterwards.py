"""What a person at a terminal gets after a put: where it goes, how it stands, the command that helps, and whether others need him."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sendoff.cli.advice import unblocked_by, why
from sendoff.cli.text import count, form_words, name_of
from sendoff.model.quantity import size_text
from sendoff.model.query import Query, Question, View

if TYPE_CHECKING:
    from collections.abc import Collection

    from sendoff.desk.contract import Desk
    from sendoff.model.query import Created

PATIENCE = 0.3  # seconds for a first state
PAUSE = 0.05
LOOKED_AT = 50  # of those that need somebody
MOST = 1000  # operations of a batch that are counted while somebody waits for the prompt


def of_one(desk: Desk, id: str) -> str | None:
    """``film.mkv (1.2 GiB) to https://h/film.mkv: running, cannot resume a broken upload; sendoff watch 17``; None when it is gone already."""
    view = _begun(desk, id)
    if view is None:
        return None
    source = view["source"]
    file = source.get("origin") or (source["path"] if source["kind"] == "file" else "")
    name = file.rpartition("/")[2] if file else form_words(source["parts"]) if "parts" in source else "standard input"
    standing = ", ".join(filter(None, (_state(view), _resuming(view))))
    return f"{name} ({size_text(source['size'])}) to {view['url']}: {standing}; {_command(view)}"


def of_many(desk: Desk, created: Created, queued: int, destination: str) -> str:
    """``12 files (3.4 GiB) to https://h/x/: 2 running, 10 queued; sendoff watch 18``."""
    if queued > MOST:
        return f"{queued} files to {destination}; sendoff watch {created.batch_number}"
    from sendoff.cli.watch.glance import standing
    from sendoff.cli.watch.tally import counted

    told = desk.ask(Question(what="batch", details={"name": created.batch}))
    tally = counted(told["statuses"], told["reasons"])
    head = f"{count(told['total'], 'file')} ({size_text(told['total_bytes'])}) to {destination.removesuffix(':')}"
    if tally.open:
        return f"{head}: {standing(tally)}; sendoff watch {told['number']}"
    failed = f", {tally.failed} failed; sendoff list --batch {told['number']}" if tally.failed else ""
    return f"{head}: {tally.ended - tally.failed} done{failed}"


def of_others(desk: Desk, ids: Collection[str]) -> str | None:
    """``2 other uploads need you; 7 report.pdf: https://h wants a credential; sendoff credentials set media``; None when none does."""
    page = desk.page(Query(statuses=("paused_recoverable",)), limit=LOOKED_AT)
    needing = [view for view in page.items if view["needs"] and view["id"] not in ids]
    if not needing:
        return None
    first, number = needing[0], f"more than {len(needing)}" if page.next is not None else str(len(needing))
    said = f"{number} other upload needs you" if number == "1" else f"{number} other uploads need you"
    return f"{said}; {first['number']} {name_of(first)}: {why(first)}; {first['needs']['command']}"


def _begun(desk: Desk, id: str) -> View | None:
    """The operation as soon as it is more than queued, or as it stands after a moment."""
    until = time.monotonic() + PATIENCE
    while True:
        view = next(iter(desk.page(Query(ids=(id,)), limit=1).items), None)
        if view is None or view["status"] != "idle" or time.monotonic() >= until:
            return view
        time.sleep(PAUSE)


def _state(view: View) -> str:
    if view["status"] == "error":
        return f"failed, {view['error']['message']}" if view["error"] else "failed"
    reason = why(view)
    if view["status"] in ("completed", "canceled") or (view["status"] == "running" and not reason):
        return str(view["status"])
    return f"waits: {reason}" if reason else "waits"


def _resuming(view: View) -> str | None:
    """Whether what the server has is kept when an upload breaks off; of no interest once it has ended."""
    if view["status"] in ("completed", "canceled", "error") or view["resumable"] is None:
        return None
    return "resumes a broken upload" if view["resumable"] else "cannot resume a broken upload"


def _command(view: View) -> str:
    help = unblocked_by(view) if view["reason"] != "queued" else None
    return (help or f"sendoff watch {view['number']}") if view["status"] != "completed" else f"sendoff receipt {view['number']}"
