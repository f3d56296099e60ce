"""Words that a database cannot hold: refused to whoever says them, and found by nobody."""

import logging
from random import Random

import pytest
from sendoff import Append, Insert, Query, SaveNote, StoreRefused
from sendoff.runtime.journal import GroupJournal
from sendoff.testing.store_sample import NOW, create, happened, names, sample, write

pytestmark = pytest.mark.needs_server

UNHELD = ["z\0", "z\udcff"]


def test_words_that_the_database_cannot_hold_are_refused_by_themselves(store):
    """PostgreSQL holds no zero in a text; a name with one is kept in a document all the same."""
    store.open()
    create(store, "one", metadata={"a\0": "\udcff\0"})

    for word in UNHELD:
        with pytest.raises(StoreRefused, match="the database cannot hold this") as refused:
            store.commit([[Insert(sample("two"))], [Append(happened(word))]], synced=True)
        assert refused.value.facts["unkept"] is True

    assert names(store, Query(metadata={"a\0": "\udcff\0"})) == ["one"]


@pytest.mark.parametrize("word", UNHELD, ids=ascii)
def test_whoever_asks_for_words_that_the_database_cannot_hold_is_told_of_nothing(store, word):
    store.open()
    number = create(store, "one", group="g")
    write(store, SaveNote(kind="k", key="a", value=1))
    far = Query(numbers=(10**30,))

    assert [names(store, query) for query in (Query(group=word), Query(batch=word), Query(ids=(word,)), Query(prefix=word), Query(targets=(word,)), far)] == [
        []
    ] * 6
    assert names(store, Query(ids=("one", word), numbers=(number, 10**30))) == ["one"]
    assert (store.events(0, 10, query=Query(ids=(word,))), store.events(0, 10, query=Query(types=(word,)))) == ([], [])
    assert (store.due(word, NOW, 10), store.rank(word), store.todos(NOW, kind=word), store.notes(word).items) == ([], None, [], [])
    assert list(store.note("k", ["a", word])) == ["a"]


def test_who_commits_together_with_such_words_is_answered_as_if_alone(store):
    """What one program says is refused to that one only, whoever else writes at that moment."""
    store.open()
    journal = GroupJournal(store, log=logging.getLogger("test"))
    said = [[Append(happened(word))] for word in ("a", UNHELD[0], "b", "c", "x" * 100, UNHELD[1], "d")]
    said[4] = [SaveNote(kind=Random(1).randbytes(5000).hex(), key="k", value=1)]  # longer than an entry of an index may be

    with store._writing:  # so that they are in one commit, the first perhaps before
        landings = [journal.submit(unit) for unit in said]

    for place, landing in enumerate(landings):
        if place in (1, 4, 5):
            with pytest.raises(StoreRefused, match="cannot hold this"):
                landing.replies()
        else:
            assert landing.replies()[0].refused is None
    journal.close()
    assert [event.operation for event in store.events(0, 10)] == ["a", "b", "c", "d"]
