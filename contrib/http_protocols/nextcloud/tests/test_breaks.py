"""An upload that breaks goes on, and what is already there is not sent again."""

import pytest
from sendoff import NoSpace, OutcomeUnknown, ServerBusy, SessionLost, Transient, Unverified

from contrib.http_protocols.nextcloud.tests.conftest import CHUNK, SIZE
from contrib.http_protocols.nextcloud.tests.fault import Fault

CHUNKS = 3


def sent(cloud):
    """The numbers of the chunks that went out, each time one did."""
    return [int(one.path.rpartition("/")[2]) for one in cloud.steps("PUT chunk")]


def broken(upload, error=Transient):
    with pytest.raises(error) as caught:
        upload.send()
    return caught.value


BREAKS = {
    "before a byte": ({"before": True}, 1),
    "after one byte": ({"cut": 1}, 1),
    "at its last byte": ({"cut": 1234}, 1),
    "in place of the answer": ({"lost": True}, 0),
}


@pytest.mark.fault(4, 44, 48)
@pytest.mark.parametrize("nth", range(1, CHUNKS + 1))
@pytest.mark.parametrize("how", BREAKS)
def test_after_a_break_in_any_chunk_only_the_rest_is_sent(lab, cloud, nth, how):
    words, again = BREAKS[how]
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=nth, **words))

    broken(upload)
    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert sent(cloud) == [1, 2, 3] if not again else sent(cloud) == [*range(1, nth + 1), *range(nth, CHUNKS + 1)]
    assert upload.shipment.confirmed[0] == (nth - again) * CHUNK if nth < CHUNKS or again else SIZE


@pytest.mark.fault(44)
def test_a_break_in_every_chunk_and_every_question_still_ends_in_one_file(lab, cloud):
    upload = lab.upload(cloud)
    for nth in (2, 4):
        cloud.add(Fault(step="PUT chunk", nth=nth, cut=CHUNK // 2))
    cloud.add(Fault(step="PROPFIND upload", nth=1, lost=True))
    cloud.add(Fault(step="PROPFIND file", nth=2, lost=True))

    for _ in range(4):
        broken(upload)
    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert sent(cloud) == [1, 2, 2, 3, 3]


@pytest.mark.fault(3)
def test_a_lost_answer_to_the_creation_leaves_an_empty_folder_and_a_new_one_is_made(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MKCOL upload", lost=True))

    broken(upload)
    assert upload.shipment.session is None
    upload.send()

    assert cloud.content("dest/file.zip") == upload.content
    assert cloud.upload().chunks == {}


@pytest.mark.fault(5, 48)
@pytest.mark.parametrize("before", [None, b"older", "the same"], ids=["nothing there", "something there", "the same there"])
def test_a_lost_answer_to_the_end_is_found_out_and_nothing_is_done_twice(lab, cloud, before):
    upload = lab.upload(cloud)
    if before is not None:
        cloud.tree.folders.add("dest")
        cloud.tree.put("dest/file.zip", upload.content if before == "the same" else before, 10**9, "")
    cloud.add(Fault(step="MOVE", lost=True))

    broken(upload)
    delivery = upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert (len(cloud.steps("MOVE")), sent(cloud), delivery.size) == (1, [1, 2, 3], SIZE)
    assert delivery.etag == cloud.tree.files["dest/file.zip"].etag
    assert not cloud.steps("GET file"), "its time says that it is ours"


@pytest.mark.fault(48)
def test_an_end_that_the_server_never_heard_of_is_told_again(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MOVE", before=True))

    broken(upload)
    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert (len(cloud.steps("MOVE")), sent(cloud)) == (2, [1, 2, 3])


def test_what_lay_there_before_is_not_taken_for_ours_however_like_ours_it_looks(lab, cloud):
    upload = lab.upload(cloud)
    cloud.tree.folders.add("dest")
    cloud.tree.put("dest/file.zip", bytes(SIZE), int(upload.path.stat().st_mtime), "")
    cloud.add(Fault(step="MOVE", before=True))

    broken(upload)
    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert len(cloud.steps("MOVE")) == 2


def test_a_server_that_may_still_be_putting_it_together_is_left_alone(lab, cloud):
    upload = lab.upload(cloud, options={"assembling": "50s"})
    cloud.add(Fault(step="MOVE", status=504))

    broken(upload)
    waiting = broken(upload, ServerBusy)

    assert 0 < waiting.retry_after <= 50
    assert waiting.facts["locked"]
    assert len(cloud.steps("MOVE")) == 1


@pytest.mark.parametrize("status", [202, 504])
def test_what_the_server_puts_together_behind_its_answer_is_taken_for_done(lab, cloud, status):
    upload = lab.upload(cloud, options={"assembling": "50s"})

    def finished_later():
        (found,) = cloud.tree.uploads.values()
        cloud.tree.put(found.destination, found.joined(), int(upload.path.stat().st_mtime), "")

    cloud.add(Fault(step="MOVE", status=status, meanwhile=finished_later))

    broken(upload)
    delivery = upload.again()

    assert (delivery.size, len(cloud.steps("MOVE")), sent(cloud)) == (SIZE, 1, [1, 2, 3])
    assert cloud.tree.uploads == {}, "the chunks are of no use any more"


def test_a_file_that_took_another_time_is_ours_by_its_content(lab, cloud):
    upload = lab.upload(cloud)

    def without_its_time():
        (name,) = cloud.tree.uploads
        found = cloud.tree.uploads.pop(name)
        cloud.tree.put(found.destination, found.joined(), 10**9, "")

    cloud.add(Fault(step="MOVE", lost=True, status=201, meanwhile=without_its_time))

    broken(upload)
    upload.again()

    assert len(cloud.steps("GET file")) == 1
    assert len(cloud.steps("MOVE")) == 1


@pytest.mark.parametrize("becomes", [None, b"somebody else's", "of our size"])
def test_what_somebody_else_put_there_meanwhile_is_not_taken_for_ours_and_not_replaced(lab, cloud, becomes):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MOVE", lost=True))
    broken(upload)
    if becomes is None:
        del cloud.tree.files["dest/file.zip"]
    else:
        cloud.tree.put("dest/file.zip", bytes(SIZE) if becomes == "of our size" else becomes, 10**9, "")
    there = cloud.content("dest/file.zip")

    broken(upload, OutcomeUnknown)

    assert cloud.content("dest/file.zip") == there
    assert len(cloud.steps("MOVE")) == 1


@pytest.mark.fault(56)
def test_an_expired_folder_means_beginning_again(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=3, before=True))
    broken(upload)
    cloud.tree.uploads.clear()

    lost = broken(upload, SessionLost)

    assert "no longer" in lost.message
    _anew(upload)
    assert cloud.content("dest/file.zip") == upload.content
    assert sent(cloud) == [1, 2, 3, 1, 2, 3]


def _anew(upload):
    """What sendoff does with ``SessionLost``."""
    upload.shipment.session, upload.shipment.furthest = None, 0
    upload.send()


@pytest.mark.fault(56)
def test_a_folder_that_expires_with_all_chunks_in_it_is_no_unknown_outcome(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PROPFIND file", nth=2, before=True))  # the look before the end
    broken(upload)
    assert upload.shipment.confirmed[-1] == SIZE
    cloud.tree.uploads.clear()

    broken(upload, SessionLost)


@pytest.mark.fault(56)
def test_a_folder_that_goes_in_the_middle_is_noticed_with_the_next_chunk(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=2, meanwhile=cloud.tree.uploads.clear))

    broken(upload, SessionLost)


@pytest.mark.parametrize("left", [None, b"", b"x" * (CHUNK - 1)], ids=["gone", "empty", "short"])
def test_a_chunk_that_is_not_as_it_was_is_sent_again_and_so_is_what_follows(lab, cloud, left):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=3, before=True))
    broken(upload)
    chunks = cloud.upload().chunks
    (second,) = (name for name in chunks if int(name) == 2)
    if left is None:
        del chunks[second]
    else:
        chunks[second] = left

    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert sent(cloud) == [1, 2, 3, 2, 3]
    assert upload.shipment.confirmed[0] == CHUNK


def test_what_does_not_belong_to_the_upload_is_taken_away_before_it_would_be_put_together(lab):
    cloud = lab.cloud()
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=3, before=True))
    broken(upload)
    cloud.upload().chunks |= {"00009": b"foreign", "note to 100%.txt": b"foreign"}

    upload.again()

    assert cloud.content("dest/file.zip") == upload.content


def test_an_object_store_that_lets_go_of_one_part_only_with_all_begins_again(lab):
    cloud = lab.cloud(parts=True)
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", nth=3, before=True))
    broken(upload)
    cloud.upload().chunks["9"] = b"foreign"

    broken(upload, SessionLost)
    _anew(upload)

    assert cloud.content("dest/file.zip") == upload.content


def test_a_server_that_forgot_what_its_parts_belong_to_begins_again(lab):
    cloud = lab.cloud(parts=True)
    upload = lab.upload(cloud)

    def forget():
        cloud.upload().known = False

    cloud.add(Fault(step="PUT chunk", nth=2, meanwhile=forget))

    broken(upload, SessionLost)

    assert cloud.tree.uploads == {}


def test_chunks_that_do_not_sum_up_are_looked_for_and_sent_again(lab, cloud):
    upload = lab.upload(cloud)

    def lose_one():
        chunks = cloud.upload().chunks
        del chunks[max(chunks)]

    cloud.add(Fault(step="MOVE", meanwhile=lose_one))

    broken(upload)
    upload.again()

    assert [one.status for one in cloud.steps("MOVE")] == [400, 201]
    assert sent(cloud) == [1, 2, 3, 3]
    assert cloud.content("dest/file.zip") == upload.content


def test_a_total_that_is_refused_although_all_is_there_begins_again(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MOVE", status=400))

    broken(upload, SessionLost)

    assert cloud.tree.uploads == {}
    _anew(upload)
    assert cloud.content("dest/file.zip") == upload.content


def test_folders_that_vanish_before_the_end_are_made_again(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MOVE", meanwhile=lambda: cloud.tree.folders.discard("dest")))

    upload.send()

    assert [one.status for one in cloud.steps("MOVE")] == [409, 201]


@pytest.mark.parametrize("quota", [CHUNK, 2 * CHUNK])
def test_a_full_quota_needs_a_person_and_goes_on_where_it_was(lab, quota):
    cloud = lab.cloud(quota=quota)
    upload = lab.upload(cloud)

    refused = broken(upload, NoSpace)
    assert refused.http_status == 507
    cloud.tree.quota = None
    upload.again()

    assert cloud.content("dest/file.zip") == upload.content
    assert len(cloud.steps("MKCOL upload")) == 1


def test_a_quota_that_is_full_at_the_end_costs_no_chunk(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="MOVE", status=507))

    broken(upload, NoSpace)
    upload.again()

    assert sent(cloud) == [1, 2, 3]


def test_a_small_file_meets_the_quota_too(lab):
    with pytest.raises(NoSpace):
        lab.upload(lab.cloud(quota=5), 10, "small").send()


@pytest.mark.fault(51)
@pytest.mark.parametrize("step", ["PUT chunk", "MOVE", "MKCOL upload", "PROPFIND file"])
def test_a_lock_is_waited_for(lab, cloud, step):
    upload = lab.upload(cloud)
    cloud.add(Fault(step=step, status=423))

    locked = broken(upload, ServerBusy)
    assert locked.facts["locked"]
    upload.send()

    assert cloud.content("dest/file.zip") == upload.content


@pytest.mark.fault(64)
def test_bytes_that_flip_on_the_way_are_sent_again(lab):
    cloud = lab.cloud()
    large, small = lab.upload(cloud), lab.upload(cloud, 10, "small")
    cloud.add(Fault(step="PUT chunk", nth=2, spoiled=True))
    cloud.add(Fault(step="PUT file", spoiled=True))

    large.send(), small.send()

    assert sent(cloud) == [1, 2, 2, 3]
    assert (cloud.content("dest/file.zip"), cloud.content("small")) == (large.content, small.content)


@pytest.mark.fault(64)
@pytest.mark.parametrize(("step", "size"), [("PUT chunk", SIZE), ("PUT file", 10)])
def test_something_that_always_changes_the_bytes_is_named(lab, step, size):
    cloud = lab.cloud()
    cloud.add(Fault(step=step, times=9, spoiled=True))

    with pytest.raises(Unverified, match="something on the way"):
        lab.upload(cloud, size, "thing").send()

    assert len(cloud.steps(step)) == 3
