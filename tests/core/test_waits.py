"""Why something waits, and what would help it on: both are said of everything that waits."""

import threading
from dataclasses import replace

import pytest
from sendoff.errors import Transient
from sendoff.model.conditions import Conditions
from sendoff.model.event import Event
from sendoff.model.moment import moment, moment_text
from sendoff.model.operation import Failure
from sendoff.model.query import Order, Query, Question, Selection, every
from sendoff.model.status import CostPolicy, Reason, TransferStatus
from sendoff.policy.cost import Gate, gate
from sendoff.policy.waits import Around, Full, helped, text_of, wait
from sendoff.runtime.view import view
from sendoff.runtime.waiting import Standing
from sendoff.testing.receiver import Receiver

from tests.core.coming import HOST, occupied
from tests.core.owned import QUICK, Owned, eventually
from tests.core.records import NOW, waiting

NUMBER = 7
KNOWN = Around(
    number=NUMBER, said="what was said", due=NOW, network="Cafe", ahead="an-id", group="night", full=Full("all", 16), command="sendoff resume 7", hint="do it",
    credential="media",
)  # fmt: skip
STATUSES = {
    Reason.OFFLINE: TransferStatus.PAUSED_NO_NETWORK, Reason.PORTAL: TransferStatus.PAUSED_NO_NETWORK, Reason.METERED: TransferStatus.PAUSED_COSTED_NETWORK,
    Reason.ROAMING: TransferStatus.PAUSED_COSTED_NETWORK, Reason.OVER_LIMIT: TransferStatus.PAUSED_COSTED_NETWORK,
    Reason.BACKOFF: TransferStatus.RUNNING, Reason.UNREACHABLE: TransferStatus.RUNNING, Reason.SERVER_LOCK: TransferStatus.RUNNING,
    Reason.POWER: TransferStatus.PAUSED_SYSTEM_POLICY, Reason.JOURNAL_FULL: TransferStatus.PAUSED_SYSTEM_POLICY,
    Reason.PLUGIN_MISSING: TransferStatus.PAUSED_SYSTEM_POLICY, Reason.QUEUED: TransferStatus.IDLE, Reason.EARLIER_UPLOAD: TransferStatus.IDLE,
    Reason.LIMIT: TransferStatus.IDLE, Reason.CLIENT_GONE: TransferStatus.PAUSED_BY_APPLICATION,
}  # fmt: skip


@pytest.mark.parametrize("reason", list(Reason), ids=str)
@pytest.mark.parametrize("around", [Around(number=NUMBER), KNOWN], ids=["nothing known", "all known"])
def test_every_reason_has_a_text_and_says_what_would_help(reason, around):
    text, help = wait(reason, around)
    assert text.strip() == text and help.strip() == help and text and help
    assert "\n" not in text + help and "None" not in text + help and not text.endswith(".") and not help.endswith(".")
    assert text_of(str(reason))


@pytest.mark.parametrize("reason", [one for one in Reason if one not in (Reason.REPLACED, Reason.INTERRUPTED_NON_IDEMPOTENT)], ids=str)
def test_everything_that_waits_says_both_as_json(reason):
    record = waiting(STATUSES.get(reason, TransferStatus.PAUSED_RECOVERABLE), reason=str(reason), number=NUMBER, due=NOW)
    shown = view(record, None, Standing(full=Full("all", 16)))
    assert shown["reason_text"] and shown["unblocked_by"], shown


@pytest.mark.parametrize(
    ("reason", "around", "text", "help"),
    [
        (Reason.METERED, {"network": "Cafe", "cost": CostPolicy.UNRESTRICTED_ONLY}, "the network Cafe costs money, and the cost policy says no",
         "another network, or: sendoff set 7 --cost default"),
        (Reason.ROAMING, {}, "the network is a roaming one, and the cost policy says no", "another network, or: sendoff set 7 --cost always"),
        (Reason.OVER_LIMIT, {"cost": CostPolicy.ALWAYS}, "the data plan of the network is used up, or nearly, and the cost policy says no",
         "another network; once, whatever it costs: sendoff resume 7 --now"),
        (Reason.PORTAL, {"network": "Hotel"}, "the network Hotel wants somebody to sign in", "open a web page and sign in"),
        (Reason.BACKOFF, {"said": "503 from h", "due": NOW}, "503 from h",
         f"nothing to do: it is tried again at {moment_text(NOW)}; at once: sendoff resume 7 --now"),
        (Reason.EARLIER_UPLOAD, {"ahead": "op-1"}, "an earlier upload to the same target goes first: op-1",
         "the end of that one; sendoff pause op-1 lets this one pass by"),
        (Reason.LIMIT, {"ahead": "op-1", "group": "night"}, "its group night is serialized, and another of it is under way: op-1", "the end of that one"),
        (Reason.LIMIT, {"full": Full("all", 16)}, "16 uploads run, as many as may at once", "the end of one of them, or: sendoff limit concurrency 17"),
        (Reason.LIMIT, {"full": Full("destination", 4, "lab")}, "4 uploads run to lab, as many as may at once",
         "the end of one of them, or: sendoff limit concurrency 5 --destination lab"),
        (Reason.LIMIT, {"full": Full("destination", 4, "https://h")}, "4 uploads run to https://h, as many as may at once", "the end of one of them"),
        (Reason.LIMIT, {"full": Full("bandwidth", 1)}, "1 upload runs, as many as the bandwidth keeps alive",
         "the end of one of them, or: sendoff limit bandwidth off"),
        (Reason.CREDENTIAL_NEEDED, {"credential": "media", "command": "sendoff resume 7", "hint": "set it"}, "the credential media is needed",
         "set it, then: sendoff resume 7"),
        (Reason.CREDENTIAL_NEEDED, {"credential": "media", "said": "h refused it", "command": "sendoff resume 7"}, "h refused it (credential media)",
         "sendoff resume 7"),
        (Reason.QUEUED, {"down": True}, "its destination cannot be reached; one upload asks for all that wait",
         "nothing to do: it goes on when its destination answers; at once: sendoff resume 7 --now"),
    ],
)  # fmt: skip
def test_it_names_what_is_in_the_way(reason, around, text, help):
    assert wait(reason, Around(number=NUMBER, **around)) == (text, help)


def test_a_hint_that_says_all_needs_no_command():
    assert (helped("sendoff retry 1", "put the file again"), helped(None, "mount it"), helped("sendoff x", None)) == (
        "put the file again", "mount it", "sendoff x",
    )  # fmt: skip


def test_a_gate_says_by_which_network_and_since_when():
    offline = Conditions(online=False, name="Cafe", since=NOW)
    assert gate(offline, CostPolicy.DEFAULT, local=False) == Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.OFFLINE, NOW, "Cafe")
    shown = view(
        waiting(TransferStatus.PAUSED_NO_NETWORK, reason="offline", number=NUMBER), None, Standing(gate=gate(offline, CostPolicy.DEFAULT, local=False)),
    )  # fmt: skip
    assert (shown["reason"], shown["waiting_since"]) == ("offline", moment_text(NOW))


def test_what_has_ended_waits_for_nothing():
    ended = waiting(TransferStatus.CANCELED, reason="replaced", number=NUMBER)
    assert (view(ended, None)["reason_text"], view(ended, None)["unblocked_by"]) == (text_of("replaced"), None)
    assert view(replace(ended, reason=None), None)["reason_text"] is None


def test_who_waits_behind_one_that_asks_a_person_is_helped_by_the_same():
    asking = waiting(
        TransferStatus.PAUSED_RECOVERABLE, reason="host_key_unknown", reason_text="nobody knows it", number=3,
        needs={"what": "host_key", "command": "sendoff trust lab"}, error=Failure(code="host_key_unknown", message="nobody knows it", hint="compare it"),
    )  # fmt: skip
    shown = view(waiting(TransferStatus.IDLE, reason="queued", number=NUMBER, due=NOW), None, Standing(asking=asking))
    assert (shown["reason"], shown["unblocked_by"]) == ("host_key_unknown", "compare it, then: sendoff trust lab")


TRIED = waiting(TransferStatus.RUNNING, reason="backoff", reason_text="503 from h", number=NUMBER, due=NOW)


def test_whose_next_try_is_due_and_finds_no_slot_is_told_of_the_limit_and_of_no_moment_that_has_passed():
    shown = view(TRIED, None, Standing(overdue=True, full=Full("all", 16)))
    assert (shown["reason"], shown["reason_text"], shown["retry_at"]) == ("backoff", "16 uploads run, as many as may at once", None)
    assert shown["unblocked_by"] == "the end of one of them, or: sendoff limit concurrency 17"
    shown = view(TRIED, None, Standing(overdue=True))
    assert (shown["reason_text"], shown["unblocked_by"]) == ("503 from h", "nothing to do: it is tried again; at once: sendoff resume 7 --now")
    assert view(TRIED, None, Standing())["retry_at"] == moment_text(NOW)


# -- in an owner --------------------------------------------------------------------------------------------------------


def test_who_has_no_slot_is_told_which_limit_and_how_it_is_raised(tmp_path):
    with Owned(tmp_path, config=f"{QUICK}[limits]\nconcurrency = 1\n") as owned, occupied(owned):
        id = owned.put(owned.file(), "plain://other/a")
        shown = owned.view(id)
        assert (shown["reason"], shown["reason_text"]) == ("limit", "1 upload runs, as many as may at once")
        assert shown["unblocked_by"] == "the end of one of them, or: sendoff limit concurrency 2"
        owned.owner.order(Order(verb="limit", details={"concurrency": 2}), Selection())
        owned.done(id)


def test_who_waits_for_the_first_to_a_destination_is_told_so(owned, busy):
    shown = owned.view(owned.put(owned.file(), f"{HOST}second"))
    assert shown["reason"] == "queued" and "first, to see whether it can be reached" in shown["reason_text"]


def test_who_waits_for_bandwidth_is_told_so(tmp_path):
    with Receiver() as receiver, Owned(tmp_path, config=f'{QUICK}[limits]\nbandwidth = "4k"\n') as owned:
        big = owned.file("big", b"x" * 10**6)
        running, waits = owned.put(big, f"{receiver.url}a"), owned.put(big, f"{receiver.url}b")
        eventually(lambda: receiver.requests)
        eventually(lambda: owned.view(waits)["reason"] == "limit")
        assert "as many as the bandwidth keeps alive" in owned.view(waits)["reason_text"]
        assert owned.view(waits)["unblocked_by"].endswith("sendoff limit bandwidth off")
        for id in (waits, running):
            owned.order("cancel", id)
            owned.until(id, "canceled")


def test_an_event_of_waiting_says_why_and_what_would_help(tmp_path):
    with Owned(tmp_path) as owned:
        id = owned.put(owned.file(), "http://127.0.0.1:9/a", secret_headers=(("X-Key", "env:NOT_THERE"),))
        owned.until(id, "paused_recoverable")
        (event,) = [one for one in owned.events(id) if isinstance(one, Event) and one.type == "waiting"]
        assert event.data["text"] == owned.view(id)["reason_text"] and event.data["unblocked_by"] == owned.view(id)["unblocked_by"]
        assert owned.owner.ask(Question(what="status"))["reasons"] == {"credential_needed": 1}


def test_after_a_sleep_of_the_machine_times_are_those_of_the_clock_on_the_wall():
    slept = moment(3600)
    record = waiting(TransferStatus.RUNNING, reason="backoff", number=NUMBER, due=NOW)

    shown = view(record, None, Standing(gate=Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.OFFLINE, NOW)), slept=slept)

    assert shown["retry_at"] == moment_text(NOW + slept)
    assert moment_text(NOW + slept) in shown["unblocked_by"]


def test_what_is_known_of_a_wait_began_by_the_clock_on_the_wall_too():
    record = waiting(TransferStatus.PAUSED_NO_NETWORK, reason="offline", number=NUMBER, due=NOW)

    shown = view(record, None, Standing(gate=Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.OFFLINE, NOW)), slept=moment(3600))

    assert shown["waiting_since"] == moment_text(NOW + moment(3600))


def test_who_waits_for_a_slot_when_its_next_try_is_due_is_told_so(tmp_path):
    with Owned(tmp_path, config=f"{QUICK}[limits]\nconcurrency = 1\n") as owned:
        queued, go, begun = threading.Event(), threading.Event(), []

        def point(name, id):
            if name == "connect" and id not in begun:
                begun.append(id)
                if len(begun) == 1:
                    queued.wait(20)
                    raise Transient("503 from h")
                go.wait(20)

        owned.server.point = point
        first, second = owned.put(owned.file(), "plain://one/a"), owned.put(owned.file(), "plain://other/a")
        queued.set()
        eventually(lambda: begun == [first, second])

        eventually(lambda: owned.view(first)["reason_text"] == "1 upload runs, as many as may at once")
        shown = owned.view(first)
        assert (shown["reason"], shown["retry_at"]) == ("backoff", None)
        assert shown["unblocked_by"] == "the end of one of them, or: sendoff limit concurrency 2"
        go.set()
        owned.done(first)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_what_a_list_shows_as_the_reason_is_found_by_it(tmp_path, limit):
    def found(reason):
        return [view["id"] for view in every(lambda after: owned.owner.page(Query(reason=reason), after=after, limit=limit))]

    with Owned(tmp_path, config=f"{QUICK}[limits]\nconcurrency = 1\n") as owned, occupied(owned):
        one = owned.put(owned.file("a.bin"), "plain://other/a")
        behind = owned.put(owned.file("b.bin", b"another"), "plain://other/a")
        more = [owned.put(owned.file(), f"plain://other/{number}") for number in range(3)]
        assert owned.view(behind)["reason"] == "earlier_upload"

        assert found("limit") == [one, *more]
        assert found("earlier_upload") == [behind]
        assert found("queued") == []
