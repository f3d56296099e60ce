"""Forgetting by policy, at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sendoff.errors import Transient
from sendoff.model.change import SaveNote
from sendoff.model.operation import Request
from sendoff.model.query import Question

from tests.core.owned import QUICK, Owned, eventually

NOTHING = {"operations": 0, "answers": 0, "copies": 0, "environments": 0, "notes": 0}


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    """An owner that keeps what has ended for a moment only."""
    with Owned(tmp_path, config=f'{QUICK}[retention]\nfinished = "0s"\nreceipts = "0s"\n') as made:
        yield made


def test_what_has_had_its_time_goes_and_what_has_not_stays(owned: Owned) -> None:
    done = owned.put(owned.file(), "plain://10.0.0.1/a")
    owned.done(done)
    queued = owned.put(owned.file(), "plain://10.0.0.1/b", start=False)

    gone = owned.owner.ask(Question(what="gc"))

    assert gone["operations"] == 1 and [record.id for record in owned.records()] == [queued]
    assert not owned.store.notes("receipt").items, "by which it would be skipped"
    assert owned.owner.ask(Question(what="gc")) == NOTHING


def test_a_batch_goes_with_its_last_operation(owned: Owned) -> None:
    answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "ab"))
    for answer in answers:
        owned.done(answer.id)  # type: ignore[union-attr]

    gone = owned.owner.ask(Question(what="gc"))

    assert (gone["operations"], owned.records()) == (2, [])
    assert not any(owned.store.notes(kind).items for kind in ("batch", "batch_number", "batch_open"))


def test_kept_answers_of_what_is_forgotten_go_and_others_stay(owned: Owned) -> None:
    queued = owned.put(owned.file(), "plain://10.0.0.1/b", start=False)
    folder = owned.state / "responses"
    folder.mkdir()
    (folder / str(owned.record(queued).number)).write_bytes(b"kept")
    (folder / "4711").write_bytes(b"nobody's")
    (folder / "mine.txt").write_bytes(b"a stranger's")

    assert owned.owner.ask(Question(what="gc")) == {**NOTHING, "answers": 1}
    assert sorted(path.name for path in folder.iterdir()) == [str(owned.record(queued).number), "mine.txt"]


def test_copies_and_environments_that_belong_to_nothing_go(owned: Owned) -> None:
    copy = owned.state / "spool" / "left"
    copy.write_bytes(b"x" * 10)
    owned.owner._journal.commit([SaveNote(kind="environment", key="nobody", value={"sealed": "00"})])

    owned.owner.ask(Question(what="gc"))

    assert not copy.exists() and not owned.store.notes("environment").items


def test_the_default_policy_forgets_nothing_of_today(tmp_path: Path) -> None:
    with Owned(tmp_path) as owned:
        owned.done(owned.put(owned.file(), "plain://10.0.0.1/a"))

        assert owned.owner.ask(Question(what="gc")) == NOTHING


def _not_finished(point: str, _operation: str) -> None:
    if point == "finish":
        raise Transient("not now")


def _failed(owned: Owned) -> str:
    """The id of an upload that failed with all of its bytes at the server."""
    owned.server.point = _not_finished
    id = owned.put(owned.file(), "session://10.0.0.1/x", patience=0, attempts=1)
    owned.until(id, "error")
    return id


def test_what_the_server_keeps_of_a_failed_upload_goes_before_it_is_forgotten(owned: Owned) -> None:
    id = _failed(owned)

    assert owned.owner.ask(Question(what="gc"))["operations"] == 0, "it would be lying there for ever"
    eventually(lambda: not owned.server.uploads, "the removal at the server")
    eventually(lambda: not owned.store.todos(2**62), "the to-do's end")
    assert id in [record.id for record in owned.records()]
    assert owned.owner.ask(Question(what="gc"))["operations"] == 1


def test_a_failed_upload_is_forgotten_only_when_its_server_has_let_go(owned: Owned) -> None:
    refusals = iter([Transient("not yet")] * 3)

    id = _failed(owned)
    owned.server.point = lambda point, _: _raise_next(refusals) if point == "abort" else None
    owned.owner.ask(Question(what="gc"))
    eventually(lambda: not owned.server.uploads, "the removal at the server")

    assert next(refusals, None) is None
    assert id in [record.id for record in owned.records()]


def _raise_next(errors: Iterator[Exception]) -> None:
    error = next(errors, None)
    if error is not None:
        raise error


def test_one_that_failed_lately_can_go_on_where_it_was(tmp_path: Path) -> None:
    with Owned(tmp_path) as owned:
        id = _failed(owned)
        owned.owner.ask(Question(what="gc"))
        assert list(owned.server.uploads) == ["u1"]
        owned.server.point = lambda *_: None

        owned.order("retry", id)

        owned.done(id)
        assert owned.server.made == 1
