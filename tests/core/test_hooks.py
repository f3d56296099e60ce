"""Listeners are told after the record, in order, each of everything; and those that are asked before may say no."""

import inspect
import threading
from itertools import count

import pytest
from sendoff import hookspecs
from sendoff.errors import Postpone, Refused, Transient, Unreachable
from sendoff.hookspecs import Change, hookimpl
from sendoff.model.operation import Request
from sendoff.model.query import Created, Order, Query, Selection
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import Owned, eventually

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("sendoff_"))


class Ears:
    """Remembers what it is told, and what the store said at that moment."""

    def __init__(self):
        self.told = []
        self.owned = None

    def hooks(self, id=None):
        return [name for name, facts, _ in self.told if id is None or getattr(facts.get("operation"), "id", None) == id]

    def facts(self, hook):
        return [facts for name, facts, _ in self.told if name == hook]

    def _hear(self, hook, facts):
        operation = facts.get("operation")
        found = self.owned.store.find(Query(ids=(operation.id,))).items if operation is not None and self.owned else ()
        self.told.append((hook, facts, found[0] if found else None))


def _method(name):
    """An implementation that takes every argument of its hook."""
    words = ", ".join(inspect.signature(getattr(hookspecs, name)).parameters)
    made = {}
    exec(f"def {name}(self, {words}): self._hear({name!r}, dict({', '.join(f'{word}={word}' for word in words.split(', '))}))", made)
    return hookimpl(made[name])


for _name in HOOKS:
    setattr(Ears, _name, _method(_name))


@pytest.fixture
def ears():
    return Ears()


@pytest.fixture
def owned(tmp_path, ears):
    made = Owned(tmp_path, listeners={"ears": ears}, start=False)
    with made:
        ears.owned = made
        made.open()
        yield made


def listening(tmp_path, **hooks):
    """An owner with a listener of these functions."""
    kind = type("Listener", (), {name: hookimpl(staticmethod(function)) for name, function in hooks.items()})
    return Owned(tmp_path, listeners={"mine": kind()})


def at(server, point, number, act):
    times = count(1)

    def seen(name, _operation):
        if name == point and next(times) == number:
            act()

    server.point = seen


# -- past participles -------------------------------------------------------------------------------------------------


def test_an_upload_that_goes_straight_through(owned, ears):
    id = owned.put(owned.file(), "session://10.0.0.1/x")
    owned.done(id)
    eventually(lambda: "sendoff_completed" in ears.hooks(id))
    assert sorted(ears.hooks(id)) == sorted(
        ["sendoff_before_queue", "sendoff_queued", "sendoff_before_attempt", "sendoff_attempt_started", "sendoff_completed"]
    )
    (done,) = ears.facts("sendoff_completed")
    assert done["receipt"].size == 1000
    assert ears.facts("sendoff_attempt_started")[0]["attempt"] == ears.facts("sendoff_before_attempt")[0]["attempt"] == 1


def test_a_try_that_fails_and_the_last_one(owned, ears):
    def broken(name, _operation):
        if name == "connect":
            raise Unreachable()

    owned.server.point = broken
    id = owned.put(owned.file(), "session://10.0.0.1/x", patience=0, attempts=2)
    owned.until(id, "error")
    eventually(lambda: "sendoff_failed" in ears.hooks(id))
    first, last = ears.facts("sendoff_attempt_failed")
    assert (first["attempt"], first["error"].code, last["attempt"], last["retry_at"]) == (1, "unreachable", 2, None)
    assert first["retry_at"] > first["operation"].created_at
    assert ears.facts("sendoff_failed")[0]["error"].code == "unreachable"


def test_pause_resume_and_cancel(owned, ears):
    id = owned.put(owned.file(), "session://10.0.0.1/x", start=False)
    owned.server.point = lambda name, _operation: (_ for _ in ()).throw(Transient("not now"))
    for verb, status in (("pause", "paused_by_application"), ("resume", "running"), ("pause", "paused_by_application"), ("cancel", "canceled")):
        owned.order(verb, id)
        owned.until(id, status)
    eventually(lambda: "sendoff_canceled" in ears.hooks(id))
    told = [name for name in ears.hooks(id) if name.split("_")[1] in ("paused", "resumed", "canceled")]
    assert told == ["sendoff_paused", "sendoff_resumed", "sendoff_paused", "sendoff_canceled"]


def test_whatever_is_told_is_on_record_already(owned, ears):
    at(owned.server, "chunk", 3, lambda: (_ for _ in ()).throw(Transient("broke")))
    done = owned.put(owned.file(), "session://10.0.0.1/x")
    owned.done(done)
    failed = owned.put(owned.file("f", b"f"), "session://10.0.0.1/f", start=False)
    (owned.folder / "f").unlink()
    owned.order("start", failed)
    owned.until(failed, "error")
    canceled = owned.put(owned.file(), "session://10.0.0.1/z", start=False)
    owned.order("pause", canceled)
    owned.order("cancel", canceled)
    eventually(lambda: {"sendoff_completed", "sendoff_failed", "sendoff_canceled"} <= set(ears.hooks()))
    words = {"completed": "completed", "failed": "error", "canceled": "canceled"}
    for hook, facts, stored in ears.told:
        word = hook.removeprefix("sendoff_")
        if word == "before_queue":
            assert stored is None
        elif "operation" in facts:
            assert stored is not None and stored.version >= facts["operation"].version, hook
            assert facts["operation"].number == stored.number
        if word in words:
            assert stored.status.word == words[word]
        if word == "attempt_failed":
            assert "attempt_failed" in owned.types(stored.id) or "failed" in owned.types(stored.id)


def test_the_order_is_that_of_each_operations_history(owned, ears):
    ids = [owned.put(owned.file(), f"session://10.0.0.1/{number}") for number in range(30)]
    for id in ids:
        owned.done(id)
    eventually(lambda: ears.hooks().count("sendoff_completed") == 30)
    for id in ids:
        told = [name for name in ears.hooks(id) if "before" not in name]
        assert told == ["sendoff_queued", "sendoff_attempt_started", "sendoff_completed"]


def test_progress_is_told_once_a_second_while_bytes_move(tmp_path, owned, ears):
    (tmp_path / "slow").mkdir()
    with Receiver(tmp_path / "slow", rate=400 * 1024) as slow:
        id = owned.put(owned.file(content=b"x" * 1_000_000), f"{slow.url}x")
        owned.done(id)
    eventually(lambda: "sendoff_completed" in ears.hooks(id))
    told = ears.facts("sendoff_progressed")
    assert 1 <= len(told) <= 4
    assert all(facts["operation"].id == id and 0 < facts["progress"].bytes_sent <= 1_000_000 for facts in told)
    hooks = ears.hooks(id)
    assert hooks.index("sendoff_attempt_started") < hooks.index("sendoff_progressed") < hooks.index("sendoff_completed")


def test_a_batch_is_told_once_and_each_listener_may_read_its_operations(tmp_path):
    read = []

    def batch_completed(batch, operations):
        read.append((batch, [one.spec.name for one in operations]))

    kinds = [type("L", (), {"sendoff_batch_completed": hookimpl(staticmethod(batch_completed))})() for _ in range(2)]
    with Owned(tmp_path, listeners={"one": kinds[0], "two": kinds[1]}) as owned:
        answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{number}") for number in range(250)))
        (batch,) = {one.batch for one in answers}
        eventually(lambda: len(read) == 2)
        (event,) = owned.events(type="batch_completed")
    assert (event.batch, event.data["total"], event.data["outcome"]) == (batch, 250, "success")
    assert read == [(batch, [str(number) for number in range(250)])] * 2


def test_the_owner_is_told_of_first_and_last(tmp_path, ears):
    owned = Owned(tmp_path, listeners={"ears": ears}, start=False)
    owned.open()
    owned.put(owned.file(), "session://10.0.0.1/x", start=False)
    owned.close()
    assert (ears.hooks()[0], ears.hooks()[-1]) == ("sendoff_opened", "sendoff_closed")
    assert ears.facts("sendoff_opened")[0]["client"] is owned.owner


def test_what_a_dead_owner_left_is_told_by_the_next_after_it_opened(tmp_path, ears):
    owned = Owned(tmp_path, listeners={"ears": ears})
    owned.put(owned.file(), "session://10.0.0.1/x", start=False)
    owned.reopen()
    assert ears.hooks().count("sendoff_opened") == 2
    owned.close()


# -- who is asked before ----------------------------------------------------------------------------------------------


def test_a_refused_operation_is_not_stored_and_the_others_are(tmp_path):
    def before_queue(operation):
        if operation.spec.name == "b":
            raise Refused("no b here")

    with listening(tmp_path, sendoff_before_queue=before_queue) as owned:
        answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "abc"), start=False)
        assert [isinstance(one, Created) for one in answers] == [True, False, True]
        assert answers[1].message == "no b here"
        assert [record.spec.name for record in owned.records()] == ["a", "c"]
        with pytest.raises(Refused):
            owned.put(owned.file(), "plain://10.0.0.1/b")


def test_a_refused_try_ends_the_upload_before_a_byte_went_out(tmp_path, receiver):
    def before_attempt(operation, attempt):
        raise Refused("not today")

    with listening(tmp_path, sendoff_before_attempt=before_attempt) as owned:
        id = owned.put(owned.file(), f"{receiver.url}x")
        assert owned.until(id, "error")["error"]["message"] == "not today"
    assert receiver.connections == 0


def test_a_postponed_try_is_made_later_and_says_why(tmp_path):
    asked = []

    def before_attempt(operation, attempt):
        asked.append(attempt)
        if len(asked) == 1:
            raise Postpone("after lunch", retry_after=3600)

    with listening(tmp_path, sendoff_before_attempt=before_attempt) as owned:
        id = owned.put(owned.file(), "plain://10.0.0.1/x")
        eventually(lambda: owned.record(id).reason_text == "after lunch")
        record = owned.record(id)
        assert record.due - record.created_at > 3500 * 1_000_000
        owned.order("pause", id)
        owned.order("resume", id)
        owned.done(id)
    assert asked == [1, 2]


def test_a_changed_try_has_the_listeners_headers_and_path_with_all_secrets(tmp_path, receiver):
    def before_attempt(operation, attempt):
        return Change(url=f"{receiver.url}elsewhere?sig=1", headers=(("X-B", "changed"), ("X-New", "n")))

    with listening(tmp_path, sendoff_before_attempt=before_attempt) as owned:
        owned.done(owned.put(owned.file(), f"{receiver.url}x", headers=(("X-B", "asked"),), secret_headers=(("X-A", "canary-value"),)))
    (request,) = receiver.requests
    assert (request.path, request.header("X-B"), request.header("X-New"), request.header("X-A")) == ("/elsewhere?sig=1", "changed", "n", "canary-value")


def test_a_try_at_another_origin_takes_neither_secrets_nor_credential_along(tmp_path, receiver):
    with Receiver(tmp_path / "other") as other:

        def before_attempt(operation, attempt):
            return Change(url=f"{other.url}x", headers=(("X-Own", "own"),)) if attempt == 1 else None

        other.script.add(Rule(do=Answer(503)))
        config = f'[retry]\nbackoff = ["0.02s", "0.1s"]\n[destinations.d]\nurl = "{receiver.url}"\ncredential = "env:TOKEN"\n'
        with listening(tmp_path, sendoff_before_attempt=before_attempt) as owned:
            owned.config.write_text(config)
            owned.owner.reconfigure()
            headers = {"headers": (("Authorization", "canary-header"), ("X-Open", "1")), "secret_headers": (("X-A", "canary-value"), ("X-R", "env:TOKEN"))}
            owned.done(owned.put(owned.file(), f"{receiver.url}x", environment={"TOKEN": "canary-of-a-name"}, **headers))
            owned.done(owned.put(owned.file(), "d:y", environment={"TOKEN": "canary-of-a-name"}))
        strange, _ = other.requests
        assert not [value for request in other.requests for _, value in request.headers if "canary" in value]
        assert (strange.header("X-Open"), strange.header("X-Own")) == ("1", "own")
    (home,) = receiver.requests
    assert (home.header("Authorization"), home.header("X-A"), home.header("X-R"), home.header("X-Own")) == (
        "canary-header",
        "canary-value",
        "canary-of-a-name",
        None,
    )


def test_a_try_at_another_origin_neither_takes_nor_leaves_a_session(tmp_path):
    broken_at = iter([3, 2])

    def before_attempt(operation, attempt):
        return Change(url="session://10.9.9.9/strange") if attempt == 2 else None

    with listening(tmp_path, sendoff_before_attempt=before_attempt) as owned:
        chunks = count(1)
        limits = {1: next(broken_at), 2: next(broken_at)}

        def point(name, _operation):
            attempt = owned.records()[0].tally.attempts
            if name == "connect":
                nonlocal chunks
                chunks = count(1)
            if name == "chunk" and next(chunks) == limits.get(attempt):
                raise Transient("broke")

        owned.server.point = point
        id = owned.put(owned.file(), "session://10.0.0.1/x")
        owned.done(id)
        assert owned.server.made == 2, "its own session was given up for a try at another origin"
        assert list(owned.server.things) == ["session://10.0.0.1/x"]


@pytest.mark.parametrize("url", ["ftp://h/x", "http://10.0.0.1/\r\nx", "nowhere", "http://denied.example/x"])
def test_a_change_to_where_nothing_may_go_ends_the_upload(url, tmp_path):
    with listening(tmp_path, sendoff_before_attempt=lambda operation, attempt: Change(url=url)) as owned:
        owned.config.write_text('[policy]\nallow_hosts = ["10.0.0.1"]\n')
        owned.owner.reconfigure()
        id = owned.put(owned.file(), "plain://10.0.0.1/x")
        assert owned.until(id, "error")["error"]["code"] in ("invalid_argument", "unsupported_scheme", "refused")


# -- listeners that misbehave -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("raised", [ValueError("oops"), SystemExit(1)])
def test_one_that_raises_is_named_and_silences_nobody(raised, tmp_path, ears, caplog):
    def fails(**_):
        raise raised

    bad = type("Bad", (), {name: hookimpl(staticmethod(lambda operation: fails())) for name in ("sendoff_queued", "sendoff_completed")})()
    with Owned(tmp_path, listeners={"bad": bad, "ears": ears}) as owned:
        owned.done(owned.put(owned.file(), "plain://10.0.0.1/x"))
        eventually(lambda: "sendoff_completed" in ears.hooks())
    assert "listener bad failed on sendoff_queued" in caplog.text
    assert "listener bad failed on sendoff_completed" in caplog.text
    assert "sendoff_queued" in ears.hooks()


def test_one_that_takes_its_time_delays_no_upload(tmp_path):
    held = threading.Event()
    with listening(tmp_path, sendoff_queued=lambda operation: held.wait(30)) as owned:
        for number in range(5):
            owned.done(owned.put(owned.file(), f"plain://10.0.0.1/{number}"))
        held.set()


def test_a_listener_may_use_the_desk_it_was_given(tmp_path):
    clients, seen = [], []

    def queued(operation):
        clients[0].order(Order(verb="cancel"), Selection(ids=(operation.id,)))

    def opened(client):
        clients.append(client)

    with listening(tmp_path, sendoff_opened=opened, sendoff_queued=queued, sendoff_canceled=lambda operation: seen.append(operation.id)) as owned:
        id = owned.put(owned.file(), "plain://10.0.0.1/x", start=False)
        eventually(lambda: seen == [id])
        assert owned.view(id)["status"] == "canceled"


def test_every_hook_there_is_was_tried_here():
    with open(__file__, encoding="utf-8") as text:
        written = text.read()
    assert [name for name in HOOKS if name not in written] == []
