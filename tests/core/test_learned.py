"""What drivers found out about a destination is known after a restart, to nobody else, and until it proves wrong."""

import pytest
from sendoff.runtime.learned import LEARNED, NotedLearned


def learned(owned, place="films"):
    owner = owned.owner
    return NotedLearned(owner._journal, owner._given.clock, place)


def settled(owned):
    """What was posted is written."""
    owned.owner._journal.commit(())


@pytest.mark.parametrize("fact", [{"most": None, "facts": {"extensions": ["creation"]}}, True, False, 0, 4096, "word", [1, 2], ""])
def test_a_fact_is_known_after_a_restart(owned, fact):
    learned(owned).put("tus", fact)
    owned.reopen()
    assert learned(owned).get("tus") == fact


def test_what_nobody_found_out_is_nothing(owned):
    assert learned(owned).get("tus") is None


def test_a_fact_is_known_at_once_before_it_is_written(owned):
    found = learned(owned)
    assert found.get("tus") is None
    found.put("tus", 1)
    assert found.get("tus") == 1
    found.put("tus", 2)
    assert found.get("tus") == 2


def test_a_fact_that_proved_wrong_is_forgotten_for_good(owned):
    learned(owned).put("tus", 1)
    settled(owned)
    found = learned(owned)
    assert found.get("tus") == 1
    found.forget("tus")
    assert found.get("tus") is None
    owned.reopen()
    assert learned(owned).get("tus") is None
    assert not owned.store.notes(LEARNED).items


def test_forgetting_what_was_never_known_is_nothing(owned):
    found = learned(owned)
    found.forget("tus")
    settled(owned)
    assert found.get("tus") is None


@pytest.mark.parametrize("other", ["films as somebody else", "", "Films"])
def test_another_destination_or_identity_does_not_know_it(owned, other):
    learned(owned).put("tus", 1)
    settled(owned)
    assert learned(owned, other).get("tus") is None
    learned(owned, other).forget("tus")
    settled(owned)
    assert learned(owned).get("tus") == 1


def test_one_key_is_not_another(owned):
    found = learned(owned)
    found.put("tus", 1)
    found.put("tus.override", 2)
    settled(owned)
    again = learned(owned)
    assert (again.get("tus"), again.get("tus.override"), again.get("override")) == (1, 2, None)


def test_what_makes_a_place_is_not_to_be_read_in_the_journal(owned):
    learned(owned, "https://films.example/ as canary-user with canary-option").put("tus", 1)
    settled(owned)
    (note,) = owned.store.notes(LEARNED).items
    assert "canary" not in repr(note) and "films" not in repr(note)


def test_a_fact_is_looked_up_once(owned, monkeypatch):
    learned(owned).put("tus", 1)
    settled(owned)
    found, looked = learned(owned), []
    note = type(owned.store).note
    monkeypatch.setattr(type(owned.store), "note", lambda *words: looked.append(words) or note(*words))
    assert [found.get("tus") for _ in range(5)] == [1] * 5
    assert [found.get("other") for _ in range(5)] == [None] * 5
    assert len(looked) == 2
