"""How surely the server must have been seen to hold an upload before its source may go."""

import pytest
from sendoff.errors import Permanent
from sendoff.model.delivery import Delivery, Demand, Receipt
from sendoff.policy.lifecycle import canceled, completed, failed
from sendoff.policy.patience import Try
from sendoff.policy.proof import THEN, doubt, surer

from tests.core.records import NOW, record, setting

LEVELS = ("accepted", "size", "part-digests", "server-digest", "read-back")
ENOUGH = {"auto": LEVELS[1:], "size": LEVELS[1:], "digest": LEVELS[2:], "read-back": LEVELS[4:]}
A_TRY = Try(began=NOW, ended=NOW, confirmed=0)


@pytest.mark.parametrize("verify", ENOUGH)
@pytest.mark.parametrize("verified", LEVELS)
def test_less_than_was_asked_for_leaves_the_source(verify, verified):
    why = doubt(Demand(verify=verify), Receipt(url="u", size=1, verified=verified, finished_at=NOW))

    assert (why is None) == (verified in ENOUGH[verify])


def test_what_was_skipped_and_what_has_no_receipt_leaves_the_source():
    assert doubt(Demand(), Receipt(url="u", size=1, verified="read-back", finished_at=NOW, existing="skipped"))
    assert doubt(Demand(), None)


def test_a_source_that_is_not_kept_asks_for_a_size_and_never_for_less_than_was_asked():
    assert [surer(Demand(verify=word)).verify for word in ("auto", "size", "digest", "read-back")] == ["size", "size", "digest", "read-back"]


def test_only_a_completed_upload_makes_it_necessary_and_only_where_it_was_asked_for():
    delivery, asked = Delivery(url="u", size=1000, verified="size"), record(spec={"then": "delete"})

    assert [(todo.kind, todo.payload) for todo in completed(asked, delivery, A_TRY, None, setting()).todos] == [(THEN, {"number": 1})]
    assert completed(record(), delivery, A_TRY, None, setting()).todos == ()
    assert canceled(asked, NOW).todos == ()
    assert failed(asked, Permanent("no"), A_TRY, None, setting()).todos == ()
