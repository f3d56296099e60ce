"""The diagram of statuses has every arrow that a decision can cause, and no other: all that can become of an operation is played through."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import states
from sendoff.errors import InvalidState, classes
from sendoff.model.delivery import Delivery
from sendoff.model.operation import Tally
from sendoff.model.status import Reason, TransferStatus
from sendoff.policy import lifecycle, order, parting, target
from sendoff.policy.cost import Gate

from tests.core.records import NOW, record, setting, tried, waiting

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "states.svg"
SVG = "{http://www.w3.org/2000/svg}"
TABLE = states.table()
FROM_THE_VIEW = {"earlier_upload", "limit"}  # never stored: said of what waits, when somebody looks
GATES = [
    Gate(status, Reason(reason))
    for status, reasons in (
        (TransferStatus.PAUSED_NO_NETWORK, ("offline", "portal")),
        (TransferStatus.PAUSED_COSTED_NETWORK, ("metered", "roaming", "over_limit")),
        (TransferStatus.PAUSED_SYSTEM_POLICY, ("power",)),
    )
    for reason in reasons
]
ERRORS = [kind("said") for _, kind in sorted(classes().items())]
LOCKED = classes()["server_busy"]("said", locked=True)


def decisions(found):
    """Whatever may be decided about an operation that stands there."""
    if not found.status.terminal and found.owner is None and found.due is not None:
        yield lifecycle.claimed(found, "me", NOW)
        yield from (lifecycle.gated(gate, found) for gate in GATES)
        yield from [target.replaced(found, "02", NOW)] if found.started_at is None else []
    if found.owner is not None:
        yield lifecycle.completed(found, Delivery(url="u", size=1000, verified="size"), tried(sent=1000), None, setting())
        for gate in (None, *GATES):
            yield from (lifecycle.failed(found, error, tried(), None, setting(gate=gate)) for error in (*ERRORS, LOCKED))
        yield lifecycle.failed(found, LOCKED, tried(seconds=10), None, setting(patience=1))
        yield lifecycle.orphaned(found, setting())
        yield lifecycle.released(found, tried(), setting())
    yield from filter(None, (ordered(verb, found, at_once) for verb in order.VERBS for at_once in (False, True)))
    yield from filter(None, (parting.parted(found, NOW) if found.spec.client else None, parting.attached(found, "program", NOW)))


def ordered(verb, found, at_once):
    try:
        return order.ordered(verb, found, NOW, NOW, at_once=at_once)
    except InvalidState:
        return None


def beginnings():
    """Operations as they are created: of both kinds, by themselves and by a program's life, and such that have sent very much in vain."""
    for method in ("PUT", "POST"):
        for client in (None, "program"):
            for due in (NOW, None):
                more = {"client": client, "recoverable_errors": (int(classes()["rejected"].web_error),)}
                yield waiting(TransferStatus.IDLE, method=method, spec=more, due=due, reason="queued", tally=Tally())
    yield record(tally=Tally(attempts=9, resent=2**40), size=2**20)


def kind_of(found):
    facts = found.status, found.reason, found.want, found.point, found.owner is None, found.due is None, found.started_at is None, found.acknowledged_at is None
    return *facts, found.spec.method, found.spec.client, found.tally.resent > 0


@pytest.fixture(scope="module")
def lives():
    """All that can come after one another: pairs of statuses, and which reason stands with which status."""
    seen, steps, reasons, todo = set(), set(), set(), list(beginnings())
    while todo:
        found = todo.pop()
        if kind_of(found) in seen:
            continue
        seen.add(kind_of(found))
        for decision in decisions(found):
            after = replace(decision.applied(found), error=None, tally=found.tally)
            steps.add((found.status.word, after.status.word))
            reasons.add((after.status.word, after.reason))
            todo += [after, replace(after, point=True)] if after.owner else [after]
    return steps, reasons


def test_there_is_an_arrow_for_every_step_that_can_be_taken_and_no_other(lives):
    steps, _ = lives
    drawn = states.pairs()
    moves = {(start, end) for start, end in steps if start != end} | {("running", "running")}

    assert moves - drawn == set()
    assert drawn - moves - {(start, start) for start, _ in moves} == set()


def test_every_reason_stands_beside_the_status_that_it_comes_with(lives):
    _, reasons = lives
    told = {(one["name"], reason) for one in TABLE["status"] for reason in one["reasons"]}

    assert {pair for pair in reasons if pair[1]} - told == set()
    assert {reason for _, reason in told - reasons} == FROM_THE_VIEW
    assert sorted(reason for _, reason in told) == sorted(Reason)


def test_every_status_and_every_arrow_is_in_the_picture_with_its_name():
    root = ElementTree.parse(PICTURE).getroot()
    parts = {group.get("id"): " ".join(text.text for text in group.iter(f"{SVG}text")) for group in root.iter(f"{SVG}g")}

    assert {one["name"] for one in TABLE["status"]} == {one.word for one in TransferStatus}
    assert {f"status-{one['name']}" for one in TABLE["status"]} | {f"arrow-{one['name']}" for one in TABLE["arrow"]} | {"start"} == set(parts)
    assert [one["name"] for one in TABLE["status"] if one["name"] not in parts[f"status-{one['name']}"]] == []
    assert [one["name"] for one in TABLE["arrow"] if parts[f"arrow-{one['name']}"] != one["says"]] == []


def test_no_words_stand_outside_the_picture_and_nothing_is_fetched_from_elsewhere():
    text = PICTURE.read_text()
    boxes = [*states.BOXES.values()]

    assert all(box.x >= 0 and box.x + box.wide <= states.WIDE and box.y + box.high <= states.HIGH for box in boxes)
    assert "href" not in text and "@import" not in text and text.count("http") == 1
