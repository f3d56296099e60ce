"""What a store promises about reading and forgetting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest

from sendoff.errors import InvalidArgument
from sendoff.model.change import Append, Insert, SaveCheckpoint, SaveNote, SaveTodo, Update
from sendoff.model.limits import Retention
from sendoff.model.note import Note
from sendoff.model.query import Query
from sendoff.model.source import Source, SourceIdentity
from sendoff.model.status import TransferStatus
from sendoff.ports.store import Store
from sendoff.testing.store_sample import NOW, create, happened, names, read, sample, walk, write

DAY = 86_400_000_000
KEEP = Retention(now=NOW, finished=DAY)
RUNNING, ERROR = TransferStatus.RUNNING, TransferStatus.ERROR


class FindPromises:
    """Records by number; every filter that is set holds."""

    def test_every_filter_of_a_query_finds_what_it_says(self, store: Store) -> None:
        first = create(store, "abc-1", batch="x", group="g", metadata={"k": "v", "n": 1}, status=RUNNING, owner="me")
        create(store, "abd-2", batch="y", reason="backoff", due=NOW + 5, target="t", metadata={"k": "w"})
        create(store, "xyz-3", batch="y", status=ERROR, open=False, acknowledged_at=NOW, due=None)
        create(store, "xyz-4", batch="z", status=ERROR, open=False, due=None)
        expected = [
            (Query(), "1234"), (Query(ids=("abd-2", "x", "none")), "12"), (Query(ids=("y",)), "23"), (Query(numbers=(first, 99)), "1"),
            (Query(prefix="ab"), "12"), (Query(prefix="abc-1"), "1"), (Query(prefix="q"), ""), (Query(prefix="y"), "23"),
            (Query(batch="y"), "23"), (Query(group="g"), "1"), (Query(grouped=True), "1"), (Query(grouped=False), "234"),
            (Query(statuses=("error",)), "34"), (Query(statuses=("running", "idle")), "12"), (Query(reason="backoff"), "2"), (Query(open=True), "12"),
            (Query(open=False), "34"), (Query(listed=True), "124"), (Query(listed=False), "3"), (Query(claimed=True), "1"), (Query(claimed=False), "234"),
            (Query(targets=("t", "none")), "2"), (Query(due_after=NOW), "2"), (Query(metadata={"k": "v"}), "1"), (Query(metadata={"k": "v", "n": 1}), "1"),
            (Query(metadata={"k": "v", "n": 2}), ""), (Query(metadata={"q": None}), ""),
        ]  # fmt: skip

        assert expected == [(query, "".join(name[-1] for name in names(store, query))) for query, _ in expected]

    def test_whoever_may_still_read_a_file_is_found(self, store: Store) -> None:
        """Whatever its name is made of, and among thousands."""
        store.commit([[Insert(sample(f"{place:04}", source=Source(path=f"/{place}"))), Append(happened())] for place in range(2500)], synced=True)
        file = Source(path='/ä "\udcff', identity=SourceIdentity(size=1, mtime_ns=2, ctime_ns=3, inode=4, device=5, boot="b"))
        create(store, "open", source=file)
        create(store, "failed", source=file, status=ERROR, open=False, due=None)
        create(store, "given up", source=file, status=ERROR, open=False, due=None, acknowledged_at=NOW)
        create(store, "completed", source=file, status=TransferStatus.COMPLETED, open=False, due=None)
        create(store, "copied", source=Source(kind="spool", path="/spool/x", origin=file.path))

        assert names(store, Query(reads=file.path)) == ["open", "failed"]
        assert names(store, Query(reads=file.path, open=True)) == ["open"]
        assert (names(store, Query(reads="/7")), names(store, Query(reads="/none"))) == (["0007"], [])
        assert [record.id for record in store.find(Query(reads="/7"), limit=1).items] == ["0007"]

    def test_several_filters_hold_together(self, store: Store) -> None:
        for place, (batch, status, metadata) in enumerate([("x", RUNNING, {}), ("x", ERROR, {"k": 1}), ("y", ERROR, {"k": 1})]):
            create(store, str(place), batch=batch, status=status, metadata=metadata)

        assert names(store, Query(batch="x", statuses=("error",), metadata={"k": 1})) == ["1"]
        assert names(store, Query(ids=("0", "1"), statuses=("error",), open=True)) == ["1"]
        assert names(store, Query(ids=("0",), numbers=(99,))) == []
        assert names(store, Query(prefix="0", batch="y")) == []

    def test_pages_hold_everything_once_by_number(self, store: Store) -> None:
        store.commit([[Insert(sample(f"{place:04}", metadata={"odd": place % 2})), Append(happened())] for place in range(2500)], synced=True)

        for query, step in [(Query(), 1), (Query(metadata={"odd": 0}), 2), (Query(ids=("batch",)), 1), (Query(prefix="0"), 1), (Query(open=True), 1)]:
            assert [f"{place:04}" for place in range(0, 2500, step) if query.prefix is None or place < 1000] == [
                record.id for record in walk(store, query, limit=130)
            ]

    def test_a_search_for_what_is_not_there_ends(self, store: Store) -> None:
        store.commit([[Insert(sample(f"{place:04}")), Append(happened())] for place in range(2500)], synced=True)

        assert [] == names(store, Query(metadata={"k": "v"})) == names(store, Query(statuses=("running",))) == names(store, Query(numbers=(9999,)))

    def test_the_one_that_matches_is_found_among_thousands(self, store: Store) -> None:
        """What is asked at the end of every operation, and at the start of every process."""
        store.commit([[Insert(sample(f"{place:04}", open=False, target="t")), Append(happened())] for place in range(2500)], synced=True)
        create(store, "last", target="t", due=NOW + 9)
        write(store, Update(create(store, "claimed", batch="x", due=NOW + 8), 1, {"owner": "me", "epoch": 1}))
        asked = [Query(batch="batch", open=True), Query(targets=("t",), open=True), Query(prefix="la"), Query(due_after=NOW + 8), Query(claimed=True)]

        assert [[record.id for record in store.find(query, limit=1).items] for query in asked] == [["last"]] * 4 + [["claimed"]]
        assert names(store, Query(due_after=NOW)) == ["last", "claimed"]

    def test_a_status_that_does_not_exist_is_a_clear_error(self, store: Store) -> None:
        with pytest.raises(InvalidArgument, match="sleeping"):
            store.find(Query(statuses=("sleeping",)))


class HistoryPromises:
    """Events in commit order, read by position."""

    def test_events_come_in_commit_order(self, store: Store) -> None:
        late, early = happened("one", time=NOW + 9, data={"deep": [1, {"a": None}]}), happened("two", time=NOW)

        replies = [write(store, Append(late))[0], write(store, Append(early))[0]]
        events = store.events(0, 10)

        assert [late.id, early.id] == [event.id for event in events]
        assert [reply.seq for reply in replies] == [event.seq for event in events]
        assert (events[0].time, events[0].data, events[0].round) == (NOW + 9, {"deep": [1, {"a": None}]}, 1)
        assert 0 < events[0].seq < events[1].seq

    def test_a_reader_goes_on_where_it_stopped(self, store: Store) -> None:
        for place in range(5):
            write(store, Append(happened(str(place))))

        first = store.events(0, 2)
        second = store.events(first[-1].seq, 10)

        assert (
            [event.operation for event in first],
            [event.operation for event in second],
            store.events(second[-1].seq, 10),
        ) == (["0", "1"], ["2", "3", "4"], [])

    def test_events_of_some_operations_batches_or_types(self, store: Store) -> None:
        for operation, batch, type in [
            ("a", "x", "created"),
            ("b", "x", "created"),
            ("c", "y", "failed"),
            ("a", "x", "completed"),
            ("", "x", "batch_completed"),
        ]:
            write(store, Append(happened(operation, batch=batch, type=type)))
        expected = [
            (Query(ids=("a",)), [1, 4]), (Query(ids=("a", "c")), [1, 3, 4]), (Query(ids=("y", "b")), [2, 3]), (Query(batch="x"), [1, 2, 4, 5]),
            (Query(types=("created",)), [1, 2]), (Query(ids=("x",), types=("completed", "batch_completed")), [4, 5]), (Query(ids=("none",)), []),
        ]  # fmt: skip
        place_of = {event.seq: place for place, event in enumerate(store.events(0, 10), start=1)}

        assert expected == [(query, [place_of[event.seq] for event in store.events(0, 10, query=query)]) for query, _ in expected]
        assert [place_of[event.seq] for event in store.events(0, 1, query=Query(ids=("a",)))] == [1]

    def test_nothing_appears_behind_what_was_read(self, store: Store) -> None:
        """Many commit at once and one reads by position: it sees every event once, in order."""
        one_at_a_time = Lock()

        def commit(place: int) -> None:
            with one_at_a_time:
                store.commit([[Append(happened(f"{place}-{step}"))] for step in range(3)], synced=False)

        seen: list[str] = []
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(commit, place) for place in range(60)]
            last, finished = 0, False
            while not finished:
                finished = all(one.done() for one in done)
                events = store.events(last, 7) if not finished else store.events(last, 1000)
                last = events[-1].seq if events else last
                seen.extend(event.operation for event in events)

        assert 180 == len(seen) == len(set(seen))
        assert seen == [event.operation for event in store.events(0, 1000)]


class FactReadingPromises:
    """To-dos by moment, notes by key."""

    def test_todos_are_told_longest_due_first(self, store: Store) -> None:
        for kind, about, due in [("b", "1", 5), ("a", "2", 3), ("a", "3", 9), ("a", "4", 20)]:
            write(store, SaveTodo(kind=kind, about=about, seen=0, payload={"n": about}, due=due))

        assert [todo.about for todo in store.todos(10)] == ["2", "1", "3"]
        assert [todo.about for todo in store.todos(10, kind="a")] == ["2", "3"]
        assert ([todo.about for todo in store.todos(10, limit=1)], store.todos(2)) == (["2"], [])

    def test_notes_of_a_kind_come_by_key_in_pages(self, store: Store) -> None:
        for kind, key in [("k", "c"), ("k", "a"), ("other", "aa"), ("k", "b")]:
            write(store, SaveNote(kind=kind, key=key, value={"key": key}))

        first = store.notes("k", limit=2)
        second = store.notes("k", after=first.next, limit=2)

        assert [Note(kind="k", key="a", value={"key": "a"}), Note(kind="k", key="b", value={"key": "b"})] == first.items
        assert ([note.key for note in second.items], second.next) == (["c"], None)

    def test_of_named_notes_those_that_exist_are_told(self, store: Store) -> None:
        store.commit([[SaveNote(kind="k", key=str(place), value=place)] for place in range(3000)], synced=True)

        found = store.note("k", [str(place) for place in range(2000, 5000)])

        assert {str(place): place for place in range(2000, 3000)} == {key: note.value for key, note in found.items()}
        assert store.note("other", ["1"]) == {}


class ForgettingPromises:
    """What is past its time goes, with all that is its own; nothing else does."""

    def test_what_ended_long_ago_goes_with_its_events_and_checkpoint(self, store: Store) -> None:
        number = _ended(store, "old")
        write(store, SaveCheckpoint(number=number, epoch=0, confirmed=1))
        write(store, Append(happened("", type="batch_completed", batch="batch of old")))

        assert store.trim(KEEP, limit=10) == 1
        assert (names(store, Query()), store.events(0, 10), store.checkpoint(number)) == ([], [], None)

    def test_what_is_open_recent_or_has_something_to_be_done_stays(self, store: Store) -> None:
        create(store, "open")
        _ended(store, "recent", finished_at=NOW - DAY + 1)
        _ended(store, "to do")
        _ended(store, "to do of a round")
        write(store, SaveTodo(kind="spool", about="to do", seen=0, payload=1), SaveTodo(kind="abort", about="to do of a round.2", seen=0, payload=1))
        _ended(store, "old")
        write(store, Append(happened("", type="batch_completed", batch="batch of recent")))

        assert (store.trim(KEEP, limit=10), store.trim(KEEP, limit=10)) == (1, 0)
        assert names(store, Query()) == ["open", "recent", "to do", "to do of a round"]
        assert [event.operation for event in store.events(0, 10)] == ["open", "recent", "to do", "to do of a round", ""]

    def test_forgetting_goes_in_slices_until_nothing_is_left(self, store: Store) -> None:
        for place in range(5):
            _ended(store, str(place))

        assert [store.trim(KEEP, limit=2) for _ in range(4)] == [2, 2, 1, 0]

    def test_an_environment_goes_with_the_last_who_refers_to_it(self, store: Store) -> None:
        for key in ("shared", "own", "unrelated", "handed on"):
            write(store, SaveNote(kind="environment", key=key, value={"A": "b"}))
        write(store, SaveNote(kind="other", key="own", value=1))
        _ended(store, "one", environment="own")
        _ended(store, "two", environment="shared")
        create(store, "three", environment="shared")
        _ended(store, "four", environment="handed on")
        write(store, SaveTodo(kind="abort", about="three.1", seen=0, payload={"before": {"environment": "handed on"}}))

        store.trim(KEEP, limit=10)

        assert [note.key for note in store.notes("environment").items] == ["handed on", "shared", "unrelated"]
        assert [note.key for note in store.notes("other").items] == ["own"]

    def test_notes_about_what_is_forgotten_stay(self, store: Store) -> None:
        """A receipt outlives its operation, and the core alone knows when a batch is of no use any more."""
        write(store, SaveNote(kind="receipt", key="t", value={"id": "old"}), SaveNote(kind="batch", key="batch of old", value={"number": 7}))
        _ended(store, "old", target="t")

        assert store.trim(KEEP, limit=10) == 1
        assert [note.key for kind in ("receipt", "batch") for note in store.notes(kind).items] == ["t", "batch of old"]

    def test_no_number_or_position_is_given_twice(self, store: Store) -> None:
        number = _ended(store, "old")
        last = store.events(0, 10)[-1].seq
        store.trim(KEEP, limit=10)

        again = create(store, "new")

        assert number < again == read(store, again).number
        assert last < store.events(0, 10)[0].seq


def _ended(store: Store, name: str, *, finished_at: int = NOW - DAY - 1, **fields: str) -> int:
    number = create(store, name, batch=f"batch of {name}", **fields)
    write(store, Update(number, 1, {"status": TransferStatus.COMPLETED, "open": False, "due": None, "finished_at": finished_at}))
    return number
