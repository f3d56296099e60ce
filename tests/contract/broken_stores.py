"""Stores that each break one promise; ``breaks`` names the test that must notice."""

from dataclasses import replace

from sendoff.model.change import Append, DropCheckpoint, Insert, Opened, Reply, SaveCheckpoint, SaveNote, SaveTodo, Update
from sendoff.model.lane import Lane
from sendoff.model.note import Note
from sendoff.model.query import Page, Query
from sendoff.testing.memory_store import MemoryStore


class BrokenStore(MemoryStore):
    """Sound, but for what a subclass rewrites: a change on its way in, a reply or a record on its way out."""

    breaks = ""

    def taken(self, change):
        return change

    def reply(self, reply):
        return reply

    def record(self, record):
        return record

    def commit(self, units, *, synced):
        replies = super().commit([[self.taken(change) for change in unit] for unit in units], synced=synced)
        return [[self.reply(reply) for reply in unit] for unit in replies]

    def find(self, query, *, after=None, limit=100):
        page = super().find(query, after=after, limit=limit)
        return replace(page, items=[self.record(one) for one in page.items])

    def version_of(self, where, *key):
        return where[key].version if key in where else 0


# -- operations -------------------------------------------------------------------------------------------------------


class LosesSecrets(BrokenStore):
    breaks = "test_every_field_of_a_record_comes_back_as_it_was"

    def record(self, record):
        return replace(record, sealed=None)


class RanksNobody(BrokenStore):
    breaks = "test_a_new_operation_gets_the_next_number_which_is_its_rank"

    def record(self, record):
        return replace(record, rank=0.0)


class NamesNobody(BrokenStore):
    breaks = "test_an_id_that_is_taken_is_refused_and_names_who_has_it"

    def reply(self, reply):
        return replace(reply, existing=None)


class LooksOnlyAtWhatWasThere(BrokenStore):
    breaks = "test_two_of_one_id_in_one_commit_are_one_operation"

    def commit(self, units, *, synced):
        before = set(self._ids)
        replies = super().commit(units, synced=synced)
        return [[replace(one, refused=None) if one.existing and one.existing.id not in before else one for one in unit] for unit in replies]


class LosesTheEndOfALongCommit(BrokenStore):
    breaks = "test_a_thousand_new_ones_are_answered_one_by_one"

    def commit(self, units, *, synced):
        return [*super().commit(units[:999], synced=synced), *super().commit([[] for _ in units[999:]], synced=synced)]


class ClearsWhatIsNotNamed(BrokenStore):
    breaks = "test_an_update_changes_what_it_names_and_nothing_else"

    def taken(self, change):
        return replace(change, fields={"reason": None, **change.fields}) if isinstance(change, Update) else change


class LastWriterWins(BrokenStore):
    breaks = "test_an_update_that_saw_another_version_is_refused"

    def taken(self, change):
        if isinstance(change, Update) and change.number in self._records:
            return replace(change, seen=self._records[change.number].version)
        return change


class KnowsNoEpochs(BrokenStore):
    breaks = "test_an_update_from_a_past_epoch_is_told_that_it_is_late"

    def taken(self, change):
        return replace(change, epoch=None) if isinstance(change, Update) else change


class LetsTwoClaim(BrokenStore):
    breaks = "test_of_two_claims_that_saw_the_same_one_wins"

    def commit(self, units, *, synced):
        replies = super().commit(units, synced=synced)
        return [[replace(one, refused=None) if one.refused == "version" else one for one in unit] for unit in replies]


class UpdatesNothingGladly(BrokenStore):
    breaks = "test_an_update_of_nothing_is_refused"

    def reply(self, reply):
        return replace(reply, refused=None) if reply.refused == "missing" else reply


class TellsNoWish(BrokenStore):
    breaks = "test_a_reply_tells_version_and_want_after_the_unit"

    def reply(self, reply):
        return replace(reply, want=None)


# -- units, checkpoints, facts ----------------------------------------------------------------------------------------


class WritesHalfAUnit(BrokenStore):
    breaks = "test_a_refused_change_refuses_its_whole_unit"

    def commit(self, units, *, synced):
        return [[super(WritesHalfAUnit, self).commit([[change]], synced=synced)[0][0] for change in unit] for unit in units]


class GivesUpAtTheFirstRefusal(BrokenStore):
    breaks = "test_a_refused_unit_leaves_the_other_units_alone"

    def commit(self, units, *, synced):
        replies = []
        for unit in units:
            spoiled = any(reply.refused for answers in replies for reply in answers)
            replies += [[Reply(refused="unit") for _ in unit]] if spoiled else super().commit([unit], synced=synced)
        return replies


class KeepsTheFirstCheckpoint(BrokenStore):
    breaks = "test_a_checkpoint_is_kept_replaced_and_dropped"

    def taken(self, change):
        first = self._checkpoints.get(change.number) if isinstance(change, SaveCheckpoint) else None
        return replace(change, session=first.session, confirmed=first.confirmed) if first else change


class TakesLateCheckpoints(BrokenStore):
    breaks = "test_a_checkpoint_of_a_past_epoch_is_refused"

    def taken(self, change):
        if isinstance(change, SaveCheckpoint | DropCheckpoint) and change.number in self._records:
            return replace(change, epoch=self._records[change.number].epoch)
        return change


class CountsNoTodoVersions(BrokenStore):
    breaks = "test_a_todo_is_kept_with_its_version_until_it_is_removed"

    def todos(self, now, *, kind=None, limit=100):
        return [replace(todo, version=1) for todo in super().todos(now, kind=kind, limit=limit)]


class OverwritesTodos(BrokenStore):
    breaks = "test_a_todo_that_somebody_else_changed_is_refused"

    def taken(self, change):
        return replace(change, seen=self.version_of(self._todos, change.about, change.kind)) if isinstance(change, SaveTodo) else change


class RemovesNoNotes(BrokenStore):
    breaks = "test_a_note_is_kept_replaced_and_removed"

    def taken(self, change):
        return replace(change, value={}) if isinstance(change, SaveNote) and change.value is None else change


class OverwritesNotes(BrokenStore):
    breaks = "test_a_note_that_somebody_else_changed_is_refused"

    def taken(self, change):
        return replace(change, seen=None) if isinstance(change, SaveNote) else change


# -- what waits -------------------------------------------------------------------------------------------------------


class TellsTheLatest(BrokenStore):
    breaks = "test_a_lane_is_told_once_something_in_it_is_due"

    def lanes(self, now, *, after=None, limit=1000):
        page = super().lanes(now, after=after, limit=limit)
        return replace(page, items=[Lane(key=lane.key, since=max(self._waiting[lane.key]._by_due)[0]) for lane in page.items])


class BeginsEachPageOfLanesAnew(BrokenStore):
    breaks = "test_lanes_are_told_in_pages_by_key"

    def lanes(self, now, *, after=None, limit=1000):
        return super().lanes(now, limit=limit)


class LooksThroughAWindow(BrokenStore):
    breaks = "test_a_lane_with_thousands_hides_no_other"

    def lanes(self, now, *, after=None, limit=1000):
        seen = {record.lane for record in list(self._records.values())[:1000]}
        page = super().lanes(now, after=after, limit=limit)
        return replace(page, items=[lane for lane in page.items if lane.key in seen])


class RemembersEveryLane(BrokenStore):
    breaks = "test_a_lane_whose_last_was_claimed_is_not_told"

    def lanes(self, now, *, after=None, limit=1000):
        return Page(items=[Lane(key=record.lane, since=record.due) for record in self._records.values() if record.due is not None and record.due <= now])


class WakesForThePast(BrokenStore):
    breaks = "test_the_moment_to_wake_is_the_first_after_now"

    def wake(self, now):
        return super().wake(now - 1)


class WakesForTheClaimed(BrokenStore):
    breaks = "test_a_claimed_operation_wakes_nobody"

    def wake(self, now):
        return min((record.due for record in self._records.values() if record.due is not None and record.due > now), default=None)


class OrdersByNumber(BrokenStore):
    breaks = "test_what_is_due_comes_by_rank"

    def due(self, lane, now, limit):
        return sorted(super().due(lane, now, 2**31), key=lambda one: one.number)[:limit]


class StartsEarly(BrokenStore):
    breaks = "test_nothing_is_due_before_its_moment"

    def due(self, lane, now, limit):
        return super().due(lane, now + 1, limit)


class LooksAtTheFirstFew(BrokenStore):
    breaks = "test_many_that_are_not_due_hide_none_that_is"

    def due(self, lane, now, limit):
        return [record for record in super().due(lane, 2**62, 100) if record.due <= now][:limit]


class OffersWhatIsClaimed(BrokenStore):
    breaks = "test_what_is_claimed_is_not_due_and_disturbs_nobody"

    def due(self, lane, now, limit):
        return [record for record in self._records.values() if record.lane == lane and record.due is not None and record.due <= now][:limit]


class ClaimsByLooking(BrokenStore):
    breaks = "test_looking_claims_nothing"

    def due(self, lane, now, limit):
        found = super().due(lane, now, limit)
        super().commit([[Update(record.number, record.version, {"owner": "me"})] for record in found], synced=False)
        return found


class ForgetsTargetsOfOtherLanes(BrokenStore):
    breaks = "test_a_later_upload_to_the_same_target_waits_for_the_earlier"

    def _behind(self, record):
        holders = self._holders.get(record.target, [])
        return any(number < record.number and self._records[number].lane == record.lane for number in holders)


class NeverLetsGo(BrokenStore):
    breaks = "test_the_later_one_is_due_when_the_earlier_lets_go"

    def _behind(self, record):
        return record.target is not None and any(one.target == record.target and one.number < record.number for one in self._records.values())


class TakesNoTargetForATarget(BrokenStore):
    breaks = "test_uploads_that_share_no_target_wait_for_nobody"

    def _behind(self, record):
        return any(one.target == record.target and one.holds_target and one.number < record.number for one in self._records.values())


# -- reading ----------------------------------------------------------------------------------------------------------


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


STORES = {store.breaks: store for store in BrokenStore.__subclasses__()}
