"""Stores that each break one promise about writing or queueing; ``breaks`` names the test that must notice."""

from dataclasses import replace

from sendoff.model.change import DropCheckpoint, Insert, Reply, Reserve, SaveCheckpoint, SaveNote, SaveTodo, Update
from sendoff.model.lane import Lane
from sendoff.model.query import Page
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.store_sample import NOW


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


class ReservesWhatComesNext(BrokenStore):
    breaks = "test_a_reserved_number_is_given_to_nobody_else"

    def commit(self, units, *, synced):
        before = self._number
        replies = super().commit(units, synced=synced)
        if [type(change) for unit in units for change in unit] == [Reserve]:
            self._number = before
        return replies


class RanksOnlyWhatIsDue(BrokenStore):
    breaks = "test_ranks_of_a_lane_are_told_whether_due_or_not"

    def rank(self, lane, *, below=None):
        due = [one.rank for one in self.due(lane, NOW, 1000) if below is None or one.rank < below]
        return None if not due else min(due) if below is None else max(due)


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


class CutsLongNotes(BrokenStore):
    breaks = "test_a_note_may_be_long"

    def taken(self, change):
        return replace(change, value=change.value[:65536]) if isinstance(change, SaveNote) and isinstance(change.value, str) else change


class ShortensAddresses(BrokenStore):
    breaks = "test_what_is_named_at_length_is_kept_and_found"

    def taken(self, change):
        if not isinstance(change, Insert) or change.record.target is None:
            return change
        return replace(change, record=replace(change.record, target=change.record.target[:2048]))


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
