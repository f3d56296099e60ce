"""What a try that died with its process leaves of how far it had come."""

from random import Random

import pytest
from sendoff.model.change import Insert, SaveCheckpoint
from sendoff.model.limits import RetryRules
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.journal import Journal
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.meter import Reading
from sendoff.runtime.recovery import Recovery
from sendoff.testing.memory_store import MemoryStore

from tests.core.records import record
from tests.simulation.process import Hearing, VirtualClock

SIZE = 10_000


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    ("recorded", "sent", "read", "known"),
    [
        ((0, 0), 0, None, (0, 0)),
        ((0, 0), 5000, (7000, 99), (7000, 99)),
        ((9000, 98), 5000, (7000, 99), (9000, 98)),
        ((0, 0), 5000, None, None),
        ((9000, 98), 5000, None, None),
        (None, 5000, None, None),
        ((SIZE, 97), 5000, None, (SIZE, 97)),
    ],
    ids=[
        "nothing went out",
        "further than on record",
        "less far",
        "here and there",
        "here and there after a straight beginning",
        "already unknown",
        "here and there once all was out",
    ],
)
def test_how_far_a_dead_try_had_read_is_known_or_unknown_and_never_less_than_went_out(recorded, sent, read, known):
    """A server that has more than is known to have gone out is not believed: whoever sends here and there must not be known to have sent nothing."""
    assert taken_over(recorded, Reading(1, 1, sent, read)) == known


@pytest.mark.fault(4)
def test_a_dead_try_at_another_origin_leaves_what_was_known_of_the_uploads_own():
    assert taken_over((500, 98), Reading(1, 1, SIZE, None, elsewhere=True)) == (500, 98)


def taken_over(recorded, reading):
    """What is known after a try is taken over of which this was on record, and this was left."""
    store, clock = MemoryStore(), VirtualClock()
    ledger = Ledger(Journal(store), clock, Announcer(Hearing()))
    store.commit([[Insert(record(number=0, owner="dead", size=SIZE))]], synced=True)
    store.commit([[SaveCheckpoint(number=1, epoch=1, session=b"sealed", confirmed=0, prefix=recorded)]], synced=True)

    recovery = Recovery(ledger, owner="me", clock=clock, random=Random(1), rules=RetryRules(), left={1: reading})
    assert recovery.run() == 1
    return store.checkpoint(1).prefix
