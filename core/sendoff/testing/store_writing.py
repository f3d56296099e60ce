"""What a store promises about writing."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from sendoff.model.change import Append, Checkpoint, DropCheckpoint, Insert, Reply, Reserve, SaveCheckpoint, SaveNote, SaveTodo, Update
from sendoff.model.note import Note, Todo
from sendoff.model.operation import Tally
from sendoff.model.query import Query
from sendoff.model.source import Source
from sendoff.model.status import TransferStatus
from sendoff.ports.store import Store
from sendoff.testing.store_sample import NOW, create, due_names, full_sample, happened, names, read, sample, write


class OperationPromises:
    """Operations: inserted once, updated by whoever saw the last version."""

    def test_every_field_of_a_record_comes_back_as_it_was(self, store: Store) -> None:
        record = full_sample("full")

        (reply,) = write(store, Insert(record))

        assert replace(record, number=reply.number) == read(store, reply.number)

    def test_what_is_named_at_length_is_kept_and_found(self, store: Store) -> None:
        """A path, an address and the key of a note may be 4096 bytes of anything, which nothing makes shorter."""
        long = Random(1).randbytes(2048).hex()
        fields: dict[str, Any] = {"target": f"https://a.example/{long}", "source": Source(path=f"/{long[1:]}"), "holds_target": True}
        first, _ = create(store, "one", **fields), create(store, "two", **fields)
        write(store, *(SaveNote(kind="receipt", key=f"{long}{place}", value=place) for place in (2, 1)))

        assert names(store, Query(reads=f"/{long[1:]}")) == names(store, Query(targets=(f"https://a.example/{long}",))) == ["one", "two"]
        assert (read(store, first).target, due_names(store)) == (f"https://a.example/{long}", ["one"])
        assert [note.value for note in store.notes("receipt").items] == [1, 2]
        assert store.note("receipt", [f"{long}2"])[f"{long}2"].value == 2

    def test_a_new_operation_gets_the_next_number_which_is_its_rank(self, store: Store) -> None:
        first, second = create(store, "first"), create(store, "second")

        assert (first + 1, "second", 1, float(second)) == (second, read(store, second).id, read(store, second).version, read(store, second).rank)

    def test_a_reserved_number_is_given_to_nobody_else(self, store: Store) -> None:
        first = write(store, Reserve())[0].number
        numbers = [create(store, "one"), write(store, Reserve())[0].number, create(store, "two"), write(store, Reserve())[0].number]

        assert [first, *numbers] == list(range(first, first + 5))

    def test_an_id_that_is_taken_is_refused_and_names_who_has_it(self, store: Store) -> None:
        number = create(store, "one", reason="queued")

        (reply,) = write(store, Insert(sample("one", reason="limit")))

        assert ("id", number, read(store, number)) == (reply.refused, reply.number, reply.existing)
        assert read(store, number).reason == "queued"

    def test_two_of_one_id_in_one_commit_are_one_operation(self, store: Store) -> None:
        first, second = store.commit([[Insert(sample("one"))], [Insert(sample("one"))]], synced=True)

        assert [first[0].refused, second[0].refused] == [None, "id"]
        assert names(store, Query()) == ["one"]

    def test_a_thousand_new_ones_are_answered_one_by_one(self, store: Store) -> None:
        create(store, "taken")
        ids = [f"{place:04}" for place in range(1000)]
        ids[500] = "taken"

        replies = store.commit([[Insert(sample(id)), Append(happened(id))] for id in ids], synced=True)

        assert [len(one) for one in replies] == [2] * 1000
        assert [(place, one[0].refused, one[1].refused) for place, one in enumerate(replies) if one[0].refused] == [(500, "id", "unit")]
        assert ids == [read(store, one[0].number).id for one in replies]
        assert [reply[1].seq for place, reply in enumerate(replies) if place != 500] == [event.seq for event in store.events(0, 2000)][1:]

    def test_an_update_changes_what_it_names_and_nothing_else(self, store: Store) -> None:
        number = create(store, "one", reason="queued", want="pause")
        before = read(store, number)
        fields: dict[str, Any] = {
            "status": TransferStatus.RUNNING,
            "due": None,
            "owner": "me",
            "epoch": 1,
            "tally": Tally(attempts=1, resumable=True),
            "sealed": b"s",
        }

        (reply,) = write(store, Update(number, 1, fields))

        assert (reply.refused, reply.version) == (None, 2)
        assert replace(before, version=2, **fields) == read(store, number)

    def test_an_update_that_saw_another_version_is_refused(self, store: Store) -> None:
        number = create(store, "one")
        write(store, Update(number, 1, {"reason": "limit"}))

        (reply,) = write(store, Update(number, 1, {"reason": "offline"}))

        assert (reply.refused, reply.version) == ("version", 2)
        assert read(store, number).reason == "limit"

    def test_an_update_from_a_past_epoch_is_told_that_it_is_late(self, store: Store) -> None:
        """Who was superseded also saw an old version; what matters to it is that another owns the operation."""
        number = create(store, "one")
        write(store, Update(number, 1, {"owner": "a", "epoch": 1}))
        write(store, Update(number, 2, {"owner": "b", "epoch": 2}))

        late = [write(store, Update(number, seen, {"status": TransferStatus.COMPLETED}, epoch=1))[0].refused for seen in (2, 3)]

        assert late == ["epoch", "epoch"]
        assert (read(store, number).status, read(store, number).owner, read(store, number).version) == (TransferStatus.IDLE, "b", 3)

    def test_of_two_claims_that_saw_the_same_one_wins(self, store: Store) -> None:
        number = create(store, "one")

        first, second = store.commit([[Update(number, 1, {"owner": name, "epoch": 1})] for name in "ab"], synced=False)

        assert [first[0].refused, second[0].refused] == [None, "version"]
        assert read(store, number).owner == "a"

    def test_an_update_of_nothing_is_refused(self, store: Store) -> None:
        assert [Reply(refused="missing", number=99)] == write(store, Update(99, 1, {"reason": "limit"}))

    def test_a_reply_tells_version_and_want_after_the_unit(self, store: Store) -> None:
        number = create(store, "one")

        first, second, third = write(
            store, Update(number, 1, {"want": "cancel"}), SaveCheckpoint(number=number, epoch=0, confirmed=1), Update(number, 2, {"want": "pause"})
        )

        assert first == second == third == Reply(number=number, version=3, want="pause")


class UnitPromises:
    """A unit is one decision: all or nothing, and nobody else's business."""

    def test_a_refused_change_refuses_its_whole_unit(self, store: Store) -> None:
        number = create(store, "one")

        replies = write(
            store,
            Update(number, 1, {"want": "pause"}),
            SaveCheckpoint(number=number, epoch=0, confirmed=5),
            SaveNote(kind="k", key="a", value=1),
            SaveTodo(kind="k", about="one", seen=0, payload=1),
            Insert(sample("two")),
            Append(happened("one", type="paused")),
            Update(number, 7, {"reason": "limit"}),
        )

        assert [reply.refused for reply in replies] == ["unit"] * 6 + ["version"]
        assert (read(store, number).version, read(store, number).want, store.checkpoint(number)) == (1, None, None)
        assert (names(store, Query(ids=("two",))), store.todos(NOW), store.note("k", ["a"])) == ([], [], {})
        assert [event.type for event in store.events(0, 10)] == ["created"]

    def test_a_refused_unit_leaves_the_other_units_alone(self, store: Store) -> None:
        number = create(store, "one")

        before, refused, after = store.commit(
            [[Insert(sample("two"))], [Append(happened("one", type="paused")), Update(number, 9, {})], [Insert(sample("three")), Append(happened("three"))]],
            synced=True,
        )

        assert [reply.refused for reply in (*before, *refused, *after)] == [None, "unit", "version", None, None]
        assert names(store, Query()) == ["one", "two", "three"]
        assert [event.operation for event in store.events(0, 10)] == ["one", "three"]
        assert [event.seq for event in store.events(0, 10)][1] == after[1].seq


class CheckpointPromises:
    """How far a try has come, told by whoever owns the operation."""

    def test_a_checkpoint_is_kept_replaced_and_dropped(self, store: Store) -> None:
        number = create(store, "one")

        write(store, SaveCheckpoint(number=number, epoch=0, session=b"s", confirmed=2**40, prefix=(5, 2**32 - 1)))
        first = store.checkpoint(number)
        write(store, SaveCheckpoint(number=number, epoch=0, confirmed=3))
        second = store.checkpoint(number)
        write(store, DropCheckpoint(number, 0))

        assert Checkpoint(session=b"s", confirmed=2**40, prefix=(5, 2**32 - 1)) == first
        assert Checkpoint(confirmed=3) == second
        assert store.checkpoint(number) is None

    def test_a_checkpoint_of_a_past_epoch_is_refused(self, store: Store) -> None:
        number = create(store, "one")
        write(store, Update(number, 1, {"owner": "b", "epoch": 2}), SaveCheckpoint(number=number, epoch=2, confirmed=9))

        late = [write(store, change)[0].refused for change in (SaveCheckpoint(number=number, epoch=1, confirmed=5), DropCheckpoint(number, 1))]
        gone = [write(store, change)[0].refused for change in (SaveCheckpoint(number=99, epoch=0), DropCheckpoint(99, 0))]

        assert (late, gone) == (["epoch", "epoch"], ["missing", "missing"])
        assert Checkpoint(confirmed=9) == store.checkpoint(number)


class FactPromises:
    """To-dos and notes, changed by whoever saw the last version."""

    def test_a_todo_is_kept_with_its_version_until_it_is_removed(self, store: Store) -> None:
        replies = [
            write(store, SaveTodo(kind="abort", about="one", seen=0, payload={"a": 1}, due=5)),
            write(store, SaveTodo(kind="abort", about="one", seen=1, payload={"a": 2}, due=6, tries=1)),
        ]
        kept = store.todos(NOW)
        write(store, SaveTodo(kind="abort", about="one", seen=2, payload=None))

        assert [[Reply(version=1)], [Reply(version=2)]] == replies
        assert [Todo(kind="abort", about="one", payload={"a": 2}, due=6, tries=1, version=2)] == kept
        assert store.todos(NOW) == []

    def test_a_todo_that_somebody_else_changed_is_refused(self, store: Store) -> None:
        write(store, SaveTodo(kind="abort", about="one", seen=0, payload=1))

        refused = [write(store, SaveTodo(kind="abort", about=about, seen=seen, payload=2))[0] for about, seen in [("one", 0), ("one", 2), ("two", 1)]]

        assert [Reply(refused="version", version=1)] * 2 + [Reply(refused="version")] == refused
        assert [todo.payload for todo in store.todos(NOW)] == [1]

    def test_a_note_is_kept_replaced_and_removed(self, store: Store) -> None:
        replies = [write(store, SaveNote(kind="cursor", key="one", value=value)) for value in ({"seq": 1}, {"seq": 2})]
        kept = store.note("cursor", ["one"])
        write(store, SaveNote(kind="cursor", key="one", value=None))

        assert [[Reply(version=1)], [Reply(version=2)]] == replies
        assert {"one": Note(kind="cursor", key="one", value={"seq": 2}, version=2)} == kept
        assert store.note("cursor", ["one"]) == {}

    def test_a_note_may_be_long(self, store: Store) -> None:
        long = "\N{CYRILLIC SMALL LETTER YERU}" * 128 * 1000  # just below 256 KiB
        write(store, SaveNote(kind="cursor", key="one", value=long))
        assert store.note("cursor", ["one"])["one"].value == long

    def test_a_note_that_somebody_else_changed_is_refused(self, store: Store) -> None:
        write(store, SaveNote(kind="cursor", key="one", value=1, seen=0))

        refused = [write(store, SaveNote(kind="cursor", key=key, value=2, seen=seen))[0] for key, seen in [("one", 0), ("one", 2), ("two", 1)]]

        assert [Reply(refused="version", version=1)] * 2 + [Reply(refused="version")] == refused
        assert [note.value for note in store.notes("cursor").items] == [1]
