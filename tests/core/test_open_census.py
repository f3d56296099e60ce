"""How everything that has not ended stands, counted."""

from sendoff.model.query import Question
from sendoff.runtime import census

from tests.core.owned import eventually

NOWHERE = "http://127.0.0.1:9/"


def ask(owned):
    return owned.owner.ask(Question(what="open"))


def test_it_counts_by_status_and_reason_and_adds_up_bytes(owned):
    file = owned.file()
    assert ask(owned) == {"open": 0, "more": False, "statuses": {}, "reasons": {}, "total_bytes": 0, "confirmed_bytes": 0, "sent_bytes": 0}
    waits, paused = owned.put(file, f"{NOWHERE}a"), owned.put(file, f"{NOWHERE}b", start=False)
    owned.until(waits, "running", reason="unreachable")
    owned.order("pause", paused)
    told = eventually(lambda: (one := ask(owned))["reasons"].get("unreachable") == 1 and one, "a moment between two tries")
    assert (told["open"], told["total_bytes"]) == (2, 2000)
    assert told["statuses"] == {"running": 1, "paused_by_application": 1}


def test_a_later_count_knows_what_came_and_what_ended(owned):
    file = owned.file()
    waits = owned.put(file, f"{NOWHERE}a")
    assert ask(owned)["open"] == 1
    later = owned.put(file, f"{NOWHERE}b", start=False)
    owned.done(owned.put(file, "plain://server/c"))
    assert ask(owned)["open"] == 2
    owned.order("cancel", waits)
    eventually(lambda: ask(owned)["open"] == 1, "the end of the canceled one")
    owned.order("cancel", later)
    eventually(lambda: ask(owned)["open"] == 0, "the end of the last")
    owned.order("retry", later)
    assert ask(owned)["open"] == 1


def test_of_very_many_it_says_that_there_are_more(owned, monkeypatch):
    monkeypatch.setattr(census, "_MOST_OPEN", 3)
    for number in range(5):
        owned.put(owned.file(), f"{NOWHERE}{number}", start=False)
    assert (ask(owned)["open"], ask(owned)["more"]) == (3, True)
