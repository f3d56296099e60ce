"""What a store promises about what waits to be started."""

from __future__ import annotations

from sendoff.model.change import Append, Insert, Update
from sendoff.model.lane import Lane
from sendoff.ports.store import Store
from sendoff.testing.store_sample import LANE, NOW, create, due_names, happened, sample, write

A, B, C = "1|0|0||a", "1|0|0||b", "1|0|0||c"


class LanePromises:
    """Lanes with something due, and the moment to look again."""

    def test_a_lane_is_told_once_something_in_it_is_due(self, store: Store) -> None:
        for name, lane, due in [("1", B, NOW), ("2", A, NOW - 5), ("3", A, NOW - 9), ("4", A, NOW + 1), ("5", C, NOW + 1), ("6", "d", None)]:
            create(store, name, lane=lane, due=due)

        assert [Lane(key=A, since=NOW - 9), Lane(key=B, since=NOW)] == store.lanes(NOW).items

    def test_lanes_are_told_in_pages_by_key(self, store: Store) -> None:
        for lane in (C, A, B):
            create(store, lane, lane=lane)

        first = store.lanes(NOW, limit=2)
        second = store.lanes(NOW, after=first.next, limit=2)

        assert ([lane.key for lane in first.items], [lane.key for lane in second.items], second.next) == ([A, B], [C], None)

    def test_a_lane_with_thousands_hides_no_other(self, store: Store) -> None:
        store.commit([[Insert(sample(f"{place:04}", lane=A)), Append(happened())] for place in range(3000)], synced=True)
        create(store, "late", lane=B)

        assert [lane.key for lane in store.lanes(NOW).items] == [A, B]
        assert (due_names(store, lane=B, limit=5), due_names(store, lane=A, limit=2)) == (["late"], ["0000", "0001"])

    def test_a_lane_whose_last_was_claimed_is_not_told(self, store: Store) -> None:
        number = create(store, "one", lane=A)
        write(store, Update(number, 1, {"owner": "me", "epoch": 1}))

        assert store.lanes(NOW).items == []

    def test_ranks_of_a_lane_are_told_whether_due_or_not(self, store: Store) -> None:
        for name, lane, rank, due in [("1", A, 4.0, NOW), ("2", A, 2.5, NOW + 9), ("3", A, 7.0, NOW), ("4", B, 3.0, NOW), ("5", A, 1.0, None)]:
            create(store, name, lane=lane, rank=rank, due=due)

        assert store.rank(A) == 2.5
        assert [store.rank(A, below=one) for one in (9.0, 7.0, 4.0, 2.5)] == [7.0, 4.0, 2.5, None]
        assert (store.rank(C), store.rank(C, below=1.0)) == (None, None)

    def test_the_moment_to_wake_is_the_first_after_now(self, store: Store) -> None:
        for name, due in [("1", NOW), ("2", NOW + 9), ("3", NOW + 5), ("4", None), ("5", NOW - 1)]:
            create(store, name, due=due, lane=name)

        assert [store.wake(now) for now in (NOW - 2, NOW, NOW + 5, NOW + 9)] == [NOW - 1, NOW + 5, NOW + 9, None]

    def test_a_claimed_operation_wakes_nobody(self, store: Store) -> None:
        number = create(store, "one", due=NOW + 5)
        write(store, Update(number, 1, {"owner": "me", "epoch": 1}))

        assert store.wake(NOW) is None


class DuePromises:
    """What may start in a lane, in which order, and who stands behind whom."""

    def test_what_is_due_comes_by_rank(self, store: Store) -> None:
        numbers = {name: create(store, name) for name in "abc"}
        write(store, Update(numbers["c"], 1, {"rank": (numbers["a"] + numbers["b"]) / 2}))
        create(store, "first", rank=0.5)
        write(store, Update(numbers["a"], 1, {"rank": None}))

        assert due_names(store) == ["first", "a", "c", "b"]
        assert due_names(store, limit=2) == ["first", "a"]

    def test_nothing_is_due_before_its_moment(self, store: Store) -> None:
        create(store, "now")
        create(store, "later", due=NOW + 1)
        create(store, "never", due=None)

        assert (due_names(store), due_names(store, now=NOW + 1)) == (["now"], ["now", "later"])

    def test_many_that_are_not_due_hide_none_that_is(self, store: Store) -> None:
        store.commit([[Insert(sample(f"{place:04}", due=NOW + 9)), Append(happened())] for place in range(3000)], synced=True)
        create(store, "due")

        assert (due_names(store, limit=2), due_names(store, now=NOW + 9, limit=2)) == (["due"], ["0000", "0001"])

    def test_what_is_claimed_is_not_due_and_disturbs_nobody(self, store: Store) -> None:
        first, second = create(store, "first"), create(store, "second")
        write(store, Update(first, 1, {"owner": "me", "epoch": 1}))
        claimed = due_names(store)
        write(store, Update(first, 2, {"owner": None}))

        assert (claimed, due_names(store)) == (["second"], ["first", "second"])
        assert second == store.due(LANE, NOW, 5)[1].number

    def test_looking_claims_nothing(self, store: Store) -> None:
        create(store, "one")

        assert ["one"] == due_names(store) == due_names(store)

    def test_a_later_upload_to_the_same_target_waits_for_the_earlier(self, store: Store) -> None:
        first = create(store, "first", target="t", holds_target=True)
        create(store, "second", target="t", holds_target=True)
        create(store, "other lane", target="t", holds_target=True, lane=B)
        create(store, "other target", target="u", holds_target=True)
        waiting = due_names(store)
        write(store, Update(first, 1, {"owner": "me", "epoch": 1}))

        assert (waiting, due_names(store), due_names(store, lane=B)) == (["first", "other target"], ["other target"], [])

    def test_the_later_one_is_due_when_the_earlier_lets_go(self, store: Store) -> None:
        first = create(store, "first", target="t", holds_target=True)
        create(store, "second", target="t", holds_target=True)
        third = create(store, "third", target="v", holds_target=True)
        create(store, "fourth", target="v", holds_target=True)

        write(store, Update(first, 1, {"open": False, "due": None}))
        write(store, Update(third, 1, {"holds_target": False, "due": None}))

        assert due_names(store) == ["second", "fourth"]

    def test_uploads_that_share_no_target_wait_for_nobody(self, store: Store) -> None:
        create(store, "first", target=None, holds_target=True)
        create(store, "second", target=None, holds_target=True)
        create(store, "third", target="t", holds_target=False)
        create(store, "fourth", target="t", holds_target=True)

        assert due_names(store) == ["first", "second", "third", "fourth"]
