import importlib.metadata
import logging
import sys
import threading
import time
import types

import pytest
import sendoff
from sendoff import hookimpl
from sendoff.errors import Postpone, Refused
from sendoff.hookspecs import Change
from sendoff.listeners import Listeners
from sendoff.model.operation import Record, Spec
from sendoff.model.source import Source

from tests.core.owned import eventually

HEAD = "from sendoff import hookimpl\n"
SPEC = Spec(transport="http", url="https://h.example/a", root="https://h.example/", name="a", source=Source(path="/a"))
OPERATION = Record(id="op-1", batch="b-1", lane="https://h.example", created_at=0, spec=SPEC)


@pytest.fixture(autouse=True)
def strangers_alone(monkeypatch):
    """What is really installed here is not told, and is no part of what is gathered."""
    everything = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda **words: (one for one in everything(**words) if not one.name.startswith("sendoff-")))


class Hearing:
    """Writes down what it is told."""

    def __init__(self, name="one", heard=None):
        self.name, self.heard = name, [] if heard is None else heard

    @hookimpl
    def sendoff_completed(self, operation, receipt):
        self.heard.append((self.name, operation.id, receipt))


class Failing:
    def __init__(self, error):
        self.error = error

    @hookimpl
    def sendoff_completed(self):
        raise self.error

    @hookimpl
    def sendoff_before_queue(self):
        raise self.error

    @hookimpl
    def sendoff_before_attempt(self):
        raise self.error


class Changing:
    def __init__(self, change):
        self.change = change

    @hookimpl
    def sendoff_before_attempt(self, operation, attempt):
        return self.change


@pytest.fixture
def listeners():
    return Listeners()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A distribution with one module of hooks, as pip leaves it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name, text, version="1.0", entry=None, requires=()):
        module = name.replace("-", "_")
        about = tmp_path / f"{module}-{version}.dist-info"
        about.mkdir()
        needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        (about / "entry_points.txt").write_text(f"[sendoff.hooks]\n{entry or name} = {module}\n")
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return install


def test_everybody_is_told_with_the_arguments_they_ask_for(listeners):
    first, second = Hearing(), Hearing("two")
    listeners.register(first, "one")
    listeners.register(second, "two")

    listeners.tell("sendoff_completed", operation=OPERATION, receipt="r")

    assert first.heard + second.heard == [("one", "op-1", "r"), ("two", "op-1", "r")]


def test_a_fact_that_nobody_listens_to_is_told_to_nobody(listeners):
    listeners.tell("sendoff_queued", operation=OPERATION)


@pytest.mark.fault(73)
@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3), GeneratorExit(), KeyboardInterrupt(), Refused("no")])
def test_a_listener_that_raises_is_named_and_silences_nobody(listeners, caplog, error):
    heard = []
    for name, one in (("before", Hearing("before", heard)), ("bad-one", Failing(error)), ("after", Hearing("after", heard))):
        listeners.register(one, name)

    listeners.tell("sendoff_completed", operation=OPERATION, receipt=None)

    assert [name for name, *_ in heard] == ["before", "after"]
    assert "listener bad-one failed on sendoff_completed" in caplog.text
    assert type(error).__name__ in caplog.text


class Hanging:
    """Hears nothing more until it is let go."""

    def __init__(self):
        self.free, self.heard = threading.Event(), []

    @hookimpl
    def sendoff_queued(self, operation):
        self.free.wait(60)
        self.heard.append(operation.id)

    @hookimpl
    def sendoff_before_queue(self):
        self.free.wait(60)

    @hookimpl
    def sendoff_before_attempt(self):
        self.free.wait(60)


@pytest.fixture
def hanging():
    one = Hanging()
    yield one
    one.free.set()


@pytest.mark.fault(74)
def test_a_listener_that_hangs_keeps_nobody_else_from_hearing_and_is_named(hanging, caplog):
    listeners, heard = Listeners(within=0.1), Hearing("two")
    listeners.register(hanging, "one")
    listeners.register(heard, "two")

    listeners.tell("sendoff_queued", operation=OPERATION)
    listeners.tell("sendoff_completed", operation=OPERATION, receipt=None)
    listeners.tell("sendoff_queued", operation=OPERATION)

    assert [name for name, *_ in heard.heard] == ["two"]
    assert caplog.text.count("listener one hangs: sendoff_queued did not return within 0.1 seconds") == 1
    assert {one["name"]: one["health"] for one in listeners.describe()} == {"one": "hangs; it missed 2 calls", "two": None}


@pytest.mark.fault(74)
def test_a_listener_that_comes_back_hears_again(hanging, caplog):
    listeners = Listeners(within=0.1)
    listeners.register(hanging, "one")
    listeners.tell("sendoff_queued", operation=OPERATION)
    hanging.free.set()
    eventually(lambda: hanging.heard)

    eventually(lambda: listeners.tell("sendoff_queued", operation=OPERATION) or len(hanging.heard) > 1)

    assert "listener one is back; what happened meanwhile it has missed" in caplog.text


@pytest.mark.fault(74)
def test_a_listener_that_does_not_answer_refuses_what_is_queued_and_puts_an_attempt_off(hanging):
    listeners = Listeners(within=0.1)
    listeners.register(hanging, "one")

    with pytest.raises(Refused, match=r"listener one did not answer sendoff_before_queue within 0\.1 seconds"):
        listeners.before_queue(OPERATION)
    with pytest.raises(Postpone, match=r"listener one did not answer sendoff_before_attempt within 0\.1 seconds") as caught:
        listeners.before_attempt(OPERATION, 1)
    assert caught.value.retry_after == 60


def test_a_listener_hears_everything_in_one_thread(listeners):
    """What belongs to a thread, such as a connection to a database, may be kept from one call to the next."""
    threads = set()

    class Noting:
        @hookimpl
        def sendoff_queued(self):
            threads.add(threading.get_ident())

    listeners.register(Noting(), "one")
    for _ in range(3):
        listeners.tell("sendoff_queued", operation=OPERATION)

    assert len(threads) == 1


def test_a_refusal_passes_and_stops_the_question(listeners):
    listeners.register(Failing(Refused("not on sundays", hint="wait")), "one")

    with pytest.raises(Refused, match="not on sundays"):
        listeners.before_queue(OPERATION)
    with pytest.raises(Refused, match="not on sundays"):
        listeners.before_attempt(OPERATION, 1)


def test_a_postponement_passes_before_an_attempt_only(listeners):
    listeners.register(Failing(Postpone("later", retry_after=5)), "one")

    with pytest.raises(Postpone) as caught:
        listeners.before_attempt(OPERATION, 1)
    assert caught.value.retry_after == 5
    with pytest.raises(Refused, match="listener one failed on sendoff_before_queue: Postpone"):
        listeners.before_queue(OPERATION)


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3)])
def test_a_listener_that_fails_when_asked_refuses_and_is_named(listeners, error):
    listeners.register(Failing(error), "bad-one")

    for ask in (lambda: listeners.before_queue(OPERATION), lambda: listeners.before_attempt(OPERATION, 1)):
        with pytest.raises(Refused, match=f"listener bad-one failed on sendoff_before_\\w+: {type(error).__name__}") as caught:
            ask()
        assert "'bad-one' to `disabled`" in caught.value.hint


def test_changes_are_merged_and_the_last_registered_wins(listeners):
    listeners.register(Changing(Change(url="https://one/", headers=(("A", "1"), ("B", "1")))), "one")
    listeners.register(Changing(None), "two")
    listeners.register(Changing(Change(headers=(("b", "3"), ("C", "3")))), "three")

    assert listeners.before_attempt(OPERATION, 1) == Change(url="https://one/", headers=(("A", "1"), ("b", "3"), ("C", "3")))

    listeners.register(Changing(Change(url="https://four/")), "four")
    assert listeners.before_attempt(OPERATION, 1).url == "https://four/"


def test_without_changes_there_is_none(listeners):
    listeners.register(Changing(None), "one")

    assert listeners.before_attempt(OPERATION, 1) is None


def test_an_answer_that_is_no_change_is_refused_by_name(listeners):
    listeners.register(Changing("https://elsewhere/"), "one")

    with pytest.raises(Refused, match="listener one answered sendoff_before_attempt with a str"):
        listeners.before_attempt(OPERATION, 1)


def test_a_wrapper_wraps_itself_only(listeners):
    heard = []

    class Wrapping:
        @hookimpl(wrapper=True)
        def sendoff_completed(self, operation):
            heard.append("before")
            result = yield
            heard.append("after")
            return result

    listeners.register(Wrapping(), "wrapping")
    listeners.register(Hearing("one", heard), "one")
    listeners.tell("sendoff_completed", operation=OPERATION, receipt=None)

    assert heard == ["before", "after", ("one", "op-1", None)]


def test_installed_listeners_are_gathered_by_name(install, listeners):
    install("strange-b", HEAD + "heard = []\n@hookimpl\ndef sendoff_queued(operation): heard.append(operation.id)\n")
    install("strange-a", HEAD + "@hookimpl\ndef sendoff_failed(operation, error): ...\n", version="2.0")

    listeners.gather()
    listeners.tell("sendoff_queued", operation=OPERATION)

    assert sys.modules["strange_b"].heard == ["op-1"]
    assert listeners.describe() == [
        {"name": "strange-a", "distribution": "strange-a", "version": "2.0", "hooks": ["sendoff_failed"], "state": "ok", "reason": None, "health": None},
        {"name": "strange-b", "distribution": "strange-b", "version": "1.0", "hooks": ["sendoff_queued"], "state": "ok", "reason": None, "health": None},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        (HEAD + "@hookimpl\ndef sendoff_finished(operation): ...", "unknown hook 'sendoff_finished'"),
        (HEAD + "@hookimpl\ndef sendoff_queued(upload): ...", "upload"),
        (HEAD + "@hookimpl\ndef sendoff_queued(operation): 1 / 0\n@hookimpl\ndef sendoff_resumed(upload): ...", "upload"),
    ],
)
@pytest.mark.fault(77)
def test_a_broken_listener_is_named_and_skipped_and_the_others_are_told(install, listeners, caplog, text, said):
    install("strange-a", text, version="2.1")
    install("strange-b", HEAD + "heard = []\n@hookimpl\ndef sendoff_queued(operation): heard.append(operation.id)\n")

    listeners.gather()
    listeners.tell("sendoff_queued", operation=OPERATION)

    assert sys.modules["strange_b"].heard == ["op-1"]
    assert "listener strange-a (strange-a 2.1) is not told anything" in caplog.text
    assert "ZeroDivisionError" not in caplog.text
    (broken,) = [one for one in listeners.describe() if one["name"] == "strange-a"]
    assert (broken["state"], said in broken["reason"], "\n" in broken["reason"]) == ("broken", True, False)


def test_a_disabled_listener_is_not_imported(install):
    install("strange-a", "1 / 0")
    listeners = Listeners(disabled=["strange-a"])
    listeners.gather()

    assert "strange_a" not in sys.modules
    assert listeners.describe()[0]["state"] == "disabled"


@pytest.mark.fault(76)
def test_two_distributions_that_bring_one_listener_are_both_named_and_neither_is_told(install, listeners, caplog):
    for name in ("strange-a", "strange-b"):
        install(name, HEAD + "@hookimpl\ndef sendoff_queued(operation): ...\n", entry="twin")

    listeners.gather()

    assert {one["reason"] for one in listeners.describe()} == {"two distributions bring the listener 'twin': strange-a 1.0 and strange-b 1.0"}
    assert "is not told anything: two distributions bring the listener 'twin'" in caplog.text
    assert {"strange_a", "strange_b"} & set(sys.modules) == set()


def test_a_listener_that_was_made_for_another_version_is_refused_with_both(install, listeners):
    install("strange-a", "1 / 0", version="3.1", requires=["sendoff>=2"])

    listeners.gather()

    (told,) = listeners.describe()
    assert told["reason"] == f"it was made for another version: strange-a 3.1 asks for sendoff >=2; this is {sendoff.__version__}"
    assert "strange_a" not in sys.modules


@pytest.mark.fault(77)
def test_listeners_that_hang_while_they_load_are_waited_for_together_and_not_told_anything_and_the_others_are(install, monkeypatch):
    gate = types.ModuleType("strange_gate")
    gate.event = threading.Event()
    monkeypatch.setitem(sys.modules, "strange_gate", gate)
    monkeypatch.setattr("sendoff.listeners._LOADED_WITHIN", 0.5)
    for name in "abcdefgh":
        install(f"strange-{name}", "import strange_gate\nstrange_gate.event.wait(60)")
    install("strange-z", HEAD + "heard = []\n@hookimpl\ndef sendoff_queued(operation): heard.append(operation.id)\n")
    listeners, began = Listeners(), time.monotonic()
    listeners.gather()
    took = time.monotonic() - began
    listeners.tell("sendoff_queued", operation=OPERATION)
    gate.event.set()

    assert took < 3
    assert sys.modules["strange_z"].heard == ["op-1"]
    assert [one["reason"] for one in listeners.describe()] == ["it is still loading after 0.5 seconds"] * 8 + [None]


def test_two_of_one_name_are_an_error(listeners):
    listeners.register(Hearing(), "one")

    with pytest.raises(ValueError, match="two listeners named 'one'"):
        listeners.register(Hearing(), "one")


def test_the_same_listener_twice_is_told_once(listeners):
    one = Hearing()
    listeners.register(one, "one")
    with pytest.raises(ValueError, match="already"):
        listeners.register(one, "two")

    listeners.tell("sendoff_completed", operation=OPERATION, receipt=None)
    assert len(one.heard) == 1


def test_a_function_named_like_a_hook_without_its_mark_is_pointed_out(listeners, caplog):
    module = types.ModuleType("forgetful")
    module.sendoff_completed = lambda operation: None
    listeners.register(module, "forgetful")

    assert "forgetful.sendoff_completed is named like a hook but not marked with @hookimpl" in caplog.text


def test_each_call_is_traced_with_its_outcome(caplog):
    lines = []
    listeners = Listeners(trace=lines.append)
    listeners.register(Hearing(), "one")
    listeners.register(Failing(ValueError("boom")), "two")
    with caplog.at_level(logging.CRITICAL):
        listeners.tell("sendoff_completed", operation=OPERATION, receipt=None)

    assert [line.rpartition(" after ")[0] for line in lines] == ["sendoff_completed -> one: returned", "sendoff_completed -> two: raised ValueError"]
