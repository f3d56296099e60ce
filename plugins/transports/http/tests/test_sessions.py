"""Whatever breaks, and wherever: what the server has in the end is the source, and every byte is accounted for."""

import os
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from sendoff import OutcomeUnknown, SessionLost, Transient
from sendoff.testing import receiver as ours

from tests.servers import rufh

KINDS = ("Reset", "Close", "HalfClose", "Lost", "Stall")
PLACES = ("plain", "tus", "checked tus", "rufh", "terse rufh", "old rufh")
SIZES = some.integers(0, 300_000) | some.sampled_from([0, 1, 4096, 50_000, 100_000, 150_000])
MOST_MORE = 6  # tries after the last planned break; a slow machine may add some of its own


def counted(word):
    """The breaks after which a server reads everything that was given to the network; the draft's hangs up on who is asked after."""
    return ("Lost",) if "rufh" in word else ("HalfClose", "Lost")


def breaks(kinds):
    return some.lists(some.tuples(some.sampled_from(kinds), some.integers(0, 120_000) | some.sampled_from([0, 1, 49_999, 50_000])), max_size=4)


class Place:
    """A server, and a transport to it in chunks of 50 kB."""

    def __init__(self, lab, word, folder, *, patient):
        self.protocol, self.breakdowns = word.rpartition(" ")[2], rufh if "rufh" in word else ours
        if "rufh" in word:
            self.server = lab.keep(rufh.RufhServer(folder, terse=word.startswith("terse")).open())
        else:
            self.server = lab.receiver(folder=folder, tus="tus" in word)
        options = {"plain": {}, "tus": {"checksum": "checked" in word}, "rufh": {"interop": 6 if "old" in word else 9}}[self.protocol]
        options |= {} if self.protocol == "plain" else {"chunk_size": 50_000}
        self.transport = lab.transport(self.server.url, protocol=self.protocol, protocol_options=options, response_timeout=60 if patient else 0.3)

    def plan(self, kind, at):
        method = "PUT" if self.protocol == "plain" else "PATCH"
        fault = getattr(self.breakdowns, kind)()
        self.server.script.add(self.breakdowns.Rule(do=fault, method=method, at=None if kind == "Lost" else at))

    def received(self):
        rows = self.server.wait_until(lambda rows: all(row.over for row in rows))
        return sum(row.received for row in rows)


def carried(lab, place, shipment, planned):
    """The tries until it arrived: their shipments, and the delivery; None = it cannot be known."""
    tries = [shipment]
    for planned_break in [*planned, *[None] * MOST_MORE]:
        if planned_break is not None:
            place.plan(*planned_break)
        try:
            return tries, place.transport.send(tries[-1])
        except SessionLost:
            tries.append(lab.again(place.transport, tries[-1], session=None, furthest=0))
        except OutcomeUnknown:
            return tries, None
        except Transient:
            tries.append(lab.again(place.transport, tries[-1]))
    raise AssertionError(f"after {len(tries)} tries it has not arrived")


NUMBERS = count()


def check(lab, word, size, planned):
    number, kinds = next(NUMBERS), {kind for kind, _ in planned}
    place = Place(lab, word, lab.folder / f"in-{number}", patient="Stall" not in kinds)
    shipment = lab.shipment(place.transport, size, name=f"thing-{number}")

    tries, delivery = carried(lab, place, shipment, planned)

    assert delivery is not None and delivery.size == size
    assert place.server.stored(f"thing-{number}") == shipment.path.read_bytes()
    assert all(0 <= total <= size for one in tries for total in one.confirmed)
    if kinds <= set(counted(word)):
        assert sum(one.given or 0 for one in tries) - size == place.received() - size >= 0
    lab.close()


def every(examples):
    """So many cases; always the same ones, unless it is a campaign of somebody who looks for new ones. What fails is made small."""
    same = examples < 100 or "CI" in os.environ
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=same, phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip


@pytest.mark.fault(44, 45, 47, 48)
@pytest.mark.parametrize("word", PLACES)
def test_whatever_breaks_the_bytes_at_the_server_are_the_sources(lab, word):
    @every(12)
    @given(SIZES, breaks(KINDS))
    def holds(size, planned):
        check(lab, word, size, planned)

    holds()


@pytest.mark.fault(48)
@pytest.mark.parametrize("word", PLACES)
def test_bytes_that_came_twice_are_those_that_were_given_twice(lab, word):
    @every(8)
    @given(SIZES, breaks(counted(word)))
    def holds(size, planned):
        check(lab, word, size, planned)

    holds()


@pytest.mark.campaign
@pytest.mark.parametrize("word", PLACES)
def test_whatever_breaks_in_hundreds_of_ways(lab, word):
    @every(150)
    @given(SIZES, breaks(KINDS) | breaks(counted(word)))
    def holds(size, planned):
        check(lab, word, size, planned)

    holds()
