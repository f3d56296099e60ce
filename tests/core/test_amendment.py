"""Changing what an operation is sent with, from its next request on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sendoff.errors import InvalidArgument, InvalidState, SendoffError, Transient
from sendoff.model.lane import Lane
from sendoff.model.query import Applied, Order, Selection
from sendoff.model.secret import STARS
from sendoff.model.status import CostPolicy, TransferPriority
from sendoff.testing.receiver import Receiver

from tests.core.owned import QUICK, Owned, eventually


class Bench(Owned):
    """An owner, and an operation that waits for its order to go on."""

    def waiting(self, destination: str, **more: Any) -> str:
        id = self.put(self.file(), destination, **more)
        self.order("pause", id)
        eventually(lambda: self.view(id)["status"] in ("paused_by_application", "completed"))
        return id

    def set(self, *ids: str, **details: Any) -> Applied:
        return self.owner.order(Order(verb="set", details=details), Selection(ids=ids))

    def sent(self, id: str, receiver: Receiver) -> dict[str, str]:
        """The headers of the next request, small letters."""
        before = len(receiver.requests)
        self.order("resume", id, environment=self.environ)
        self.done(id)
        return {name.lower(): value for name, value in receiver.requests[before].headers}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path, config=f"{QUICK}[limits]\nconcurrency = 1\n") as made:
        yield made


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    (tmp_path / "received").mkdir()
    with Receiver(tmp_path / "received") as made:
        yield made


@pytest.fixture
def held(bench: Bench, receiver: Receiver) -> str:
    """An operation that was created and waits to be started."""
    return bench.put(bench.file(), f"{receiver.url}a", start=False, headers=(("X-Project", "films"), ("X-Token", "abc")), metadata={"order": "1", "shop": "x"})


def start(bench: Bench, id: str, receiver: Receiver) -> dict[str, str]:
    bench.order("start", id)
    bench.done(id)
    return {name.lower(): value for name, value in receiver.requests[-1].headers}


def test_a_header_takes_the_place_of_that_name_and_without_a_value_it_goes(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, headers=[["x-project", "music"], ["X-Token", None], ["X-New", "a"], ["X-New", "b"]])

    assert bench.view(held)["headers"] == [["x-project", "music"], ["X-New", "a, b"]]
    sent = start(bench, held, receiver)
    assert (sent["x-project"], sent.get("x-token"), sent["x-new"]) == ("music", None, "a, b")


def test_a_secret_header_is_sealed_and_is_not_told(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, secret_headers=[["X-Project", "hush-hush"]])

    record = bench.record(held)
    (event,) = bench.events(held, "changed")
    assert dict(record.spec.headers)["X-Project"] == STARS and "hush" not in repr(record)
    assert dict(event.data) == {"set": ["header X-Project"]}
    assert start(bench, held, receiver)["x-project"] == "hush-hush"


def test_a_header_that_is_secret_by_its_name_is_sealed_too(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, headers=[["X-Token", "xyz"]])

    assert dict(bench.record(held).spec.headers)["X-Token"] == STARS
    assert start(bench, held, receiver)["x-token"] == "xyz"


def test_a_reference_is_read_from_the_environment_of_whoever_sets_it(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, secret_headers=[["X-Late", "env:LATE"]], environment={"LATE": "from-the-caller", "OTHER": "not kept"})

    assert start(bench, held, receiver)["x-late"] == "from-the-caller"


def test_a_credential_set_later_is_used(bench: Bench, tmp_path: Path) -> None:
    with Receiver(tmp_path / "private", authorization="Basic dTpwdw==") as private:
        id = bench.put(bench.file(), f"{private.url}a")
        bench.until(id, "paused_recoverable", reason="credential_needed")

        bench.set(id, credential="env:LOGIN", environment={"LOGIN_USERNAME": "u", "LOGIN_PASSWORD": "pw"})
        bench.order("resume", id)

        assert bench.done(id)["receipt"]["size"] == 1000


def test_priority_and_cost_put_it_into_another_line(bench: Bench, held: str) -> None:
    before = Lane(key=bench.record(held).lane, since=0)
    bench.set(held, priority="high", cost_policy="always")

    record = bench.record(held)
    lane = Lane(key=record.lane, since=0)
    assert (record.priority, record.spec.cost_policy) == (TransferPriority.HIGH, CostPolicy.ALWAYS)
    assert (lane.order, lane.cost_policy, lane.place) == (0, CostPolicy.ALWAYS, before.place)
    assert dict(bench.events(held, "changed")[0].data) == {"set": ["cost", "priority"]}


def test_data_is_merged_and_a_label_and_a_patience_are_replaced(bench: Bench, held: str) -> None:
    bench.set(held, metadata={"order": "2", "shop": None, "new": {"a": 1}}, label="mine", patience=5_000_000)

    view, record = bench.view(held), bench.record(held)
    assert (view["metadata"], view["label"], record.spec.patience) == ({"order": "2", "new": {"a": 1}}, "mine", 5_000_000)
    assert bench.set(held, label=None, patience=None).count == 1
    assert (bench.view(held)["label"], bench.record(held).spec.patience) == (None, None)


def test_what_is_so_already_is_told_to_nobody(bench: Bench, held: str) -> None:
    version = bench.record(held).version

    applied = bench.set(held, priority="default", headers=[["X-Project", "films"], ["X-Token", "abc"]], metadata={"order": "1"})

    assert applied.count == 1 and bench.record(held).version == version and not bench.events(held, "changed")


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"priority": "urgent"}, "choose from default, high, low"),
        ({"method": "POST"}, "cannot be changed"),
        ({"headers": [["X Y", "a"]]}, "header name"),
        ({"headers": [["Host", "a"]]}, "sets this one itself"),
        ({"headers": "X: a"}, "headers"),
        ({"credential": "nowhere"}, "no credential"),
        ({"metadata": {"a": float("nan")}}, "no JSON"),
        ({"label": "x" * 70_000}, "too many"),
        ({"patience": -1}, "patience"),
        ({}, "nothing to set"),
    ],
)
def test_it_is_checked_as_it_was_when_it_was_created(bench: Bench, held: str, details: dict[str, Any], said: str) -> None:
    version = bench.record(held).version

    with pytest.raises(SendoffError, match=said):
        bench.set(held, **details)
    assert bench.record(held).version == version


def test_a_secret_does_not_come_to_be_sent_in_clear_text(bench: Bench) -> None:
    id = bench.put(bench.file(), "http://far.example/a", start=False)

    with pytest.raises(InvalidArgument, match="clear text"):
        bench.set(id, secret_headers=[["X-A", "hush"]])
    with pytest.raises(InvalidArgument, match="clear text"):
        bench.set(id, credential="env:LOGIN")
    assert bench.set(id, label="fine").count == 1


def test_the_header_of_the_idempotency_key_stays(bench: Bench, receiver: Receiver) -> None:
    id = bench.put(bench.file(), f"{receiver.url}a", start=False, method="POST", idempotency_key="X-Once")

    with pytest.raises(InvalidArgument, match="idempotency key"):
        bench.set(id, headers=[["x-once", "mine"]])


def test_what_has_ended_is_retried_first(bench: Bench, held: str) -> None:
    bench.order("cancel", held)

    with pytest.raises(InvalidState, match="canceled") as refused:
        bench.set(held, label="late")
    assert "retry" in str(refused.value.hint)


def test_of_several_those_that_have_ended_are_told(bench: Bench, receiver: Receiver, held: str) -> None:
    other = bench.put(bench.file(), f"{receiver.url}b", start=False)
    bench.order("cancel", other)

    applied = bench.set(held, other, label="both")

    assert (applied.count, [id for id, _ in applied.skipped]) == (1, [other])


def test_a_running_try_finishes_with_the_old_headers(bench: Bench, tmp_path: Path) -> None:
    with Receiver(tmp_path / "slow", rate=2_000_000) as slow:
        id = bench.put(bench.file("big.bin", b"x" * 3_000_000), f"{slow.url}a", headers=(("X-A", "old"),))
        slow.wait_for(bytes=1000)

        bench.set(id, headers=[["X-A", "new"]], priority="low")

        assert dict(bench.record(id).spec.headers) == {"X-A": "new"}
        assert bench.done(id)["status"] == "completed" and slow.requests[0].header("X-A") == "old"


# -- the address ------------------------------------------------------------------------------------------------------


def test_another_address_on_the_same_origin_is_where_it_goes(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, destination=f"{receiver.url}elsewhere/b?sig=hush")

    view = bench.view(held)
    assert view["url"].endswith("/elsewhere/b?sig=***")
    assert bench.events(held, "changed")[0].data["url"] == view["url"]
    sent = start(bench, held, receiver)
    assert receiver.requests[-1].path == "/elsewhere/b?sig=hush" and sent["x-token"] == "abc"


def test_a_folder_keeps_the_name(bench: Bench, receiver: Receiver, held: str) -> None:
    bench.set(held, destination=f"{receiver.url}in/")

    assert bench.view(held)["url"] == f"{receiver.url}in/a"


def test_another_origin_wants_to_be_said(bench: Bench, receiver: Receiver, held: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        bench.set(held, destination="http://127.0.0.1:9/a")

    assert f"http://127.0.0.1:{receiver.port}" in refused.value.message and "http://127.0.0.1:9" in refused.value.message
    assert "--other-origin" in str(refused.value.hint)


def test_to_another_origin_nothing_secret_goes_along(bench: Bench, receiver: Receiver, held: str, tmp_path: Path) -> None:
    bench.set(held, credential="env:LOGIN", environment={"LOGIN": "u:pw"})
    with Receiver(tmp_path / "other") as other:
        there = {"destination": f"{other.url}a", "other_origin": True}
        with pytest.raises(InvalidArgument, match="credential"):
            bench.set(held, **there)
        with pytest.raises(InvalidArgument, match="X-Token"):
            bench.set(held, **there, credential=None)

        bench.set(held, **there, credential=None, headers=[["X-Token", None]])

        sent = start(bench, held, other)
    assert not receiver.requests and (sent.get("x-token"), sent.get("authorization"), sent["x-project"]) == (None, None, "films")


def half_done(bench: Bench) -> str:
    """An operation with some bytes confirmed at ``session://one.localhost``, which waits for its next try."""
    broken = []

    def breaking(name: str, _operation: str) -> None:
        if name == "chunk" and bench.server.uploads and any(len(upload.body) >= 300 for upload in bench.server.uploads.values()) and not broken:
            broken.append(name)
            bench.server.point = stuck
            raise Transient("it broke")

    def stuck(name: str, _operation: str) -> None:
        if name == "connect":
            raise Transient("not now")

    bench.server.point = breaking
    id = bench.put(bench.file(), "session://one.localhost/a", patience=3_600_000_000)
    eventually(lambda: bool(broken) and bench.record(id).owner is None)
    bench.order("pause", id)
    bench.until(id, "paused_by_application")
    return id


def test_a_session_is_dropped_and_what_the_server_keeps_is_removed_there(bench: Bench) -> None:
    id = half_done(bench)
    assert bench.server.uploads and bench.store.checkpoint(bench.record(id).number) is not None
    bench.server.point = lambda _name, _operation: None

    bench.set(id, destination="session://two.localhost/a", other_origin=True)
    assert bench.store.checkpoint(bench.record(id).number) is None and bench.record(id).tally.confirmed == 0
    eventually(lambda: not bench.server.uploads, "the old half is removed")
    bench.order("resume", id)

    bench.done(id)
    assert set(bench.server.things) == {"session://two.localhost/a"}


def test_a_new_signature_for_the_same_address_keeps_the_session(bench: Bench) -> None:
    id = half_done(bench)

    bench.set(id, destination="session://one.localhost/a?sig=new")

    assert bench.store.checkpoint(bench.record(id).number) is not None and bench.server.uploads


def test_a_running_upload_is_not_sent_elsewhere(bench: Bench, tmp_path: Path) -> None:
    with Receiver(tmp_path / "slow", rate=1_000_000) as slow:
        id = bench.put(bench.file("big.bin", b"x" * 2_000_000), f"{slow.url}a")
        slow.wait_for(bytes=1000)

        with pytest.raises(InvalidState, match="is running; pause it"):
            bench.set(id, destination=f"{slow.url}b")
        bench.done(id)
