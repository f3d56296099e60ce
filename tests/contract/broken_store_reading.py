"""Stores that each break one promise about reading, forgetting or lasting; ``breaks`` names the test that must notice."""

from dataclasses import replace

from sendoff.model.change import Append, Insert, Opened
from sendoff.model.note import Note
from sendoff.model.query import Page, Query

from tests.contract.broken_stores import BrokenStore


class IgnoresMetadata(BrokenStore):
    breaks = "test_every_filter_of_a_query_finds_what_it_says"

    def find(self, query, *, after=None, limit=100):
        return super().find(replace(query, metadata={}), after=after, limit=limit)


class TakesTheFirstFilterOnly(BrokenStore):
    breaks = "test_several_filters_hold_together"

    def find(self, query, *, after=None, limit=100):
        return super().find(Query(ids=query.ids) if query.ids else query, after=after, limit=limit)


class RepeatsTheLastOfAPage(BrokenStore):
    breaks = "test_pages_hold_everything_once_by_number"

    def find(self, query, *, after=None, limit=100):
        return super().find(query, after=str(int(after) - 1) if after else None, limit=limit)


class NeverSaysThatItWasAll(BrokenStore):
    breaks = "test_a_search_for_what_is_not_there_ends"

    def find(self, query, *, after=None, limit=100):
        page = super().find(query, after=after, limit=limit)
        return page if page.items else replace(page, next=after or "0")


class GivesUpAfterAThousand(BrokenStore):
    breaks = "test_the_one_that_matches_is_found_among_thousands"

    def find(self, query, *, after=None, limit=100):
        page = super().find(query, after=after, limit=limit)
        return replace(page, items=[one for one in page.items if one.number <= int(after or 0) + 1000], next=page.next)


class LeavesOutWhoFailed(BrokenStore):
    breaks = "test_whoever_may_still_read_a_file_is_found"

    def find(self, query, *, after=None, limit=100):
        page = super().find(query, after=after, limit=limit)
        return replace(page, items=[one for one in page.items if one.open]) if query.reads else page


class FindsNothingInstead(BrokenStore):
    breaks = "test_a_status_that_does_not_exist_is_a_clear_error"

    def find(self, query, *, after=None, limit=100):
        return Page(items=[])


class OrdersEventsByTime(BrokenStore):
    breaks = "test_events_come_in_commit_order"

    def events(self, after, limit, *, query=None):
        return sorted(super().events(after, limit, query=query), key=lambda event: event.time)


class RepeatsTheLastEvent(BrokenStore):
    breaks = "test_a_reader_goes_on_where_it_stopped"

    def events(self, after, limit, *, query=None):
        return super().events(after - 1, limit, query=query)


class TakesTypesForNothing(BrokenStore):
    breaks = "test_events_of_some_operations_batches_or_types"

    def events(self, after, limit, *, query=None):
        return super().events(after, limit, query=replace(query or Query(), types=()))


class FillsHolesLater(BrokenStore):
    """The first of three is not visible before somebody has looked twice."""

    breaks = "test_nothing_appears_behind_what_was_read"
    looks = 0

    def events(self, after, limit, *, query=None):
        self.looks += 1
        found = super().events(after, limit, query=query)
        return found if self.looks % 2 else found[1:]


class TellsTodosInAnyOrder(BrokenStore):
    breaks = "test_todos_are_told_longest_due_first"

    def todos(self, now, *, kind=None, limit=100):
        return sorted(super().todos(now, kind=kind, limit=limit), key=lambda todo: todo.about)


class EndsNotesAfterAPage(BrokenStore):
    breaks = "test_notes_of_a_kind_come_by_key_in_pages"

    def notes(self, kind, *, after=None, limit=1000):
        return replace(super().notes(kind, after=after, limit=limit), next=None)


class InventsNotes(BrokenStore):
    breaks = "test_of_named_notes_those_that_exist_are_told"

    def note(self, kind, keys):
        return {key: self._notes.get((kind, key), Note(kind=kind, key=key, value=None)) for key in keys}


# -- forgetting and lasting -------------------------------------------------------------------------------------------


class KeepsTheHistoryOfTheForgotten(BrokenStore):
    breaks = "test_what_ended_long_ago_goes_with_its_events_and_checkpoint"

    def _forget_about(self, past):
        """Nothing goes with them."""


class ForgetsWhatMustStillHappen(BrokenStore):
    breaks = "test_what_is_open_recent_or_has_something_to_be_done_stays"

    def trim(self, keep, *, limit):
        self._todos.clear()
        return super().trim(keep, limit=limit)


class ForgetsAllAtOnce(BrokenStore):
    breaks = "test_forgetting_goes_in_slices_until_nothing_is_left"

    def trim(self, keep, *, limit):
        return super().trim(keep, limit=2**31)


class ForgetsSharedEnvironments(BrokenStore):
    breaks = "test_an_environment_goes_with_the_last_who_refers_to_it"

    def _forget_about(self, past):
        super()._forget_about(past)
        for record in past:
            self._notes.pop(("environment", record.environment), None)


class ForgetsReceipts(BrokenStore):
    breaks = "test_notes_about_what_is_forgotten_stay"

    def _forget_about(self, past):
        super()._forget_about(past)
        for record in past:
            self._notes.pop(("receipt", record.target), None)


class CountsWhatIsThere(BrokenStore):
    breaks = "test_no_number_or_position_is_given_twice"

    def taken(self, change):
        self._number = max(self._records, default=0) if isinstance(change, Insert) else self._number
        self._seq = self._events[-1].seq if self._events and isinstance(change, Append) else 0 if isinstance(change, Append) else self._seq
        return change


class ForgetsWhenItCloses(BrokenStore):
    breaks = "test_what_was_written_is_there_when_it_is_opened_again"

    def close(self):
        self.__init__()


class IsAlwaysAnother(BrokenStore):
    breaks = "test_it_is_the_same_journal_when_it_is_opened_again"

    def open(self):
        self.opened = getattr(self, "opened", 0) + 1
        return Opened(journal=str(self.opened), schema=1, machine="memory")
