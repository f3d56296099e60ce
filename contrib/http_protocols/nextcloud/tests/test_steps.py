"""The five steps, and small files, where nothing goes wrong."""

import pytest
from sendoff import Demand, InvalidArgument, Leftover, Rejected
from sendoff.testing.shipment import Wallet
from sendoff_http_nextcloud import Settings

from contrib.http_protocols.nextcloud.tests.cloud import FILES, UPLOADS, sha256
from contrib.http_protocols.nextcloud.tests.conftest import CHUNK, LOGIN, MIB, SIZE


def test_a_large_file_goes_in_chunks_and_is_put_together(lab, cloud):
    upload = lab.upload(cloud)

    delivery = upload.send()

    assert cloud.content("dest/file.zip") == upload.content
    assert (delivery.url, delivery.size) == (f"{cloud.url}dest/file.zip", SIZE)
    assert cloud.tree.uploads == {}
    assert [one.step for one in cloud.steps("MKCOL upload", "PUT chunk", "MOVE")] == ["MKCOL upload", *["PUT chunk"] * 3, "MOVE"]
    assert [one.path.rpartition("/")[2] for one in cloud.steps("PUT chunk")] == ["00001", "00002", "00003"]
    assert upload.shipment.confirmed[-1] == SIZE
    assert (upload.shipment.protocol, upload.shipment.resumable) == ("nextcloud", True)


def test_every_request_says_where_it_leads_and_how_much_there_will_be(lab, cloud):
    lab.upload(cloud).send()

    told = cloud.steps("PUT chunk", "MOVE")
    assert {one.headers["destination"] for one in [*told, *cloud.steps("MKCOL upload")]} == {f"{cloud.url}dest/file.zip"}
    assert {one.headers["oc-total-length"] for one in told} == {str(SIZE)}


def test_the_session_is_on_disk_before_the_first_byte_and_its_choices_stay(lab, cloud):
    upload = lab.upload(cloud)
    seen = []
    upload.shipment.on_read = lambda offset: seen.append(len(upload.shipment.checkpoints))

    upload.send()

    first = upload.shipment.checkpoints[0]
    assert min(seen) == 1
    assert (first.kind, first.leaves, first.data["chunk"]) == ("nextcloud/1", True, CHUNK)
    assert {one.data["chunk"] for one in upload.shipment.checkpoints} == {CHUNK}


def test_the_time_of_the_file_goes_with_it(lab, cloud):
    small, large = lab.upload(cloud, 10, "small"), lab.upload(cloud, name="large")

    small.send(), large.send()

    assert [cloud.tree.files[name].modified for name in ("small", "large")] == [int(one.path.stat().st_mtime) for one in (small, large)]


@pytest.mark.parametrize("size", [0, 1, CHUNK])
@pytest.mark.fault(36)
def test_a_file_that_fits_into_one_chunk_is_one_put(lab, cloud, size):
    upload = lab.upload(cloud, size, "small.bin")

    delivery = upload.send()

    assert cloud.content("small.bin") == upload.content
    assert [one.step for one in cloud.steps()] == ["PUT file"]
    assert upload.shipment.session is None
    assert (delivery.verified, delivery.digests) == ("server-digest", {"sha256": sha256(upload.content)})
    assert upload.shipment.resumable is False


def test_a_byte_more_than_one_chunk_makes_two(lab, cloud):
    upload = lab.upload(cloud, CHUNK + 1)

    upload.send()

    assert [one.received for one in cloud.steps("PUT chunk")] == [CHUNK, 1]


def test_a_larger_chunk_size_is_used(lab, cloud):
    upload = lab.upload(cloud, 13 * MIB, options={"chunk_size": "6M"})

    upload.send()

    assert [one.received for one in cloud.steps("PUT chunk")] == [6 * MIB, 6 * MIB, MIB]


def test_a_file_that_ten_thousand_chunks_would_not_hold_gets_larger_ones(lab, cloud):
    upload = lab.upload(cloud, 10)
    upload.shipment.size = 10_000 * CHUNK + 1
    protocol = upload.transport.choice().named("nextcloud")

    assert protocol._chunk(upload.shipment) == CHUNK + 1


def test_chunks_that_the_server_compared_are_worth_more_than_their_size(lab):
    files, parts = lab.cloud(), lab.cloud(parts=True)

    assert [lab.upload(one).send().verified for one in (files, parts)] == ["part-digests", "size"]


def test_nobody_asks_for_digests_that_nobody_wants(lab, cloud):
    asked = lab.upload(cloud, demand=Demand(digest="none")), lab.upload(cloud, options={"checksum": False}, name="b")

    assert [one.send().verified for one in asked] == ["size", "size"]
    assert not any("x-hash" in one.headers for one in cloud.steps())


def test_a_digest_that_is_demanded_is_kept_with_the_file_and_the_whole_is_compared(lab, cloud):
    upload = lab.upload(cloud, demand=Demand(verify="digest", digest="sha256"))

    delivery = upload.send()

    assert delivery.digests == {"sha256": sha256(upload.content)}
    assert delivery.verified == "server-digest"
    assert cloud.tree.files["dest/file.zip"].checksum == f"SHA256:{sha256(upload.content)}"


def test_what_is_only_echoed_proves_nothing(lab):
    cloud = lab.cloud(parts=True)  # it compares no chunk
    upload = lab.upload(cloud, demand=Demand(digest="sha256"))

    assert upload.send().verified == "size"


def test_a_read_back_is_one(lab, cloud):
    assert lab.upload(cloud, demand=Demand(verify="read-back")).send().verified == "read-back"


def test_missing_folders_are_made_for_small_and_large_files(lab, cloud):
    small, large = lab.upload(cloud, 10, "a/b/c/small"), lab.upload(cloud, name="d/e/f/large")

    small.send(), large.send()

    assert {"a", "a/b", "a/b/c", "d", "d/e", "d/e/f"} <= cloud.tree.folders
    assert cloud.content("a/b/c/small") == small.content
    assert cloud.content("d/e/f/large") == large.content


def test_a_destination_below_the_files_is_made_too_and_nothing_above_them(lab, cloud):
    upload = lab.upload(cloud, 10, "thing", url=f"{cloud.url}backups/2026/")

    upload.send()

    assert cloud.content("backups/2026/thing") == upload.content
    assert all(one.path.startswith(f"{FILES}/backups") for one in cloud.steps("MKCOL file"))


NAMES = ["ünï code/größe.bin", "100%", "per%cent%20", "a b c", "#hash?mark", "semi;colon&and=", "日本語", "+plus", "quote'\"quote"]


@pytest.mark.parametrize("size", [10, SIZE], ids=["small", "large"])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_arrives_as_it_is(lab, name, size):
    cloud = lab.cloud()
    upload = lab.upload(cloud, size, name)

    upload.send()

    assert cloud.content(name) == upload.content


def test_a_nextcloud_below_a_path_and_an_address_that_is_exact(lab):
    cloud = lab.cloud(base="/cloud")
    upload = lab.upload(cloud, url=f"{cloud.url}ünï%20code", exact=True)

    upload.send()

    assert cloud.content("ünï code") == upload.content


def test_an_address_that_does_not_tell_where_chunks_go_is_said_and_can_be_named(lab, cloud):
    url = cloud.url.replace("/remote.php/dav/files", "/short")

    with pytest.raises(Rejected, match="does not tell where") as caught:
        lab.upload(cloud, url=url).send()

    assert caught.value.side == "configuration"
    assert cloud.steps() == []
    named = lab.upload(cloud, options={"uploads": UPLOADS})
    named.send()
    assert cloud.content("dest/file.zip") == named.content


def test_a_login_is_sent_with_every_request(lab):
    cloud = lab.cloud(login=True)
    upload = lab.upload(cloud, credentials=Wallet(LOGIN))

    upload.send()

    assert cloud.content("dest/file.zip") == upload.content
    assert {one.status for one in cloud.steps()} <= {201, 204, 207, 404, 405}


def test_another_method_than_put_is_refused(lab, cloud):
    with pytest.raises(InvalidArgument, match="by PUT"):
        lab.upload(cloud, method="POST").send()


def test_a_name_that_is_taken_is_drawn_again(lab, cloud):
    first, second = lab.upload(cloud, name="one"), lab.upload(cloud, name="two")  # both draw from the same seed
    first.shipment.on_read = _stopping
    with pytest.raises(RuntimeError):
        first.send()

    second.send()

    assert [one.status for one in cloud.steps("MKCOL upload")] == [201, 405, 201]
    assert cloud.content("two") == second.content


def _stopping(offset):
    raise RuntimeError("stopped")


def test_an_abort_takes_the_folder_away_and_may_be_repeated(lab, cloud):
    upload = lab.upload(cloud)
    upload.shipment.on_read = _stopping
    with pytest.raises(RuntimeError):
        upload.send()
    leftover = Leftover(url=upload.shipment.target.url, session=upload.shipment.session)
    assert upload.folder in cloud.tree.uploads

    upload.transport.abort(leftover)
    upload.transport.abort(leftover)

    assert cloud.tree.uploads == {}
    assert [one.status for one in cloud.steps("DELETE upload")] == [204, 404]


def test_an_offer_is_one_question_and_none_where_the_address_is_of_something_else(lab):
    cloud = lab.cloud(base="/cloud")
    asked = []

    def exchange(method, url, **words):
        asked.append((method, url))
        return lab.transport(cloud).exchange(_watch(lab.transport(cloud)), Wallet(), ())(method, url, **words)

    protocol = lab.transport(cloud).choice().named("nextcloud")

    assert protocol.offer(exchange, cloud.url).facts == {"chunking": "1.0"}
    assert asked == [("GET", f"{cloud.origin}/ocs/v1.php/cloud/capabilities?format=json")]
    assert protocol.offer(exchange, "https://media.example/files/") is None
    assert len(asked) == 1


def _watch(transport):
    return transport._watch("there", float("inf"))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"chunk_size": "1M"}, "chunk_size"),
        ({"chunk_size": "6G"}, "chunk_size"),
        ({"uploads": "uploads"}, "uploads"),
        ({"assembling": "soon"}, "assembling"),
        ({"chunks": 3}, "chunks"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, fault):
    with pytest.raises(ValueError, match=fault):
        Settings(**options)


def test_a_probe_tells_that_uploads_resume_there(lab):
    cloud = lab.cloud(login=True)
    known, strange = lab.transport(cloud, credentials=Wallet(LOGIN)), lab.transport(cloud, url=f"{cloud.origin}/else/", credentials=Wallet(LOGIN))

    assert known.probe().detail == "reachable; it takes uploads that resume (nextcloud)"
    assert known.probe().resumable
    assert not strange.probe().resumable
    assert {one.step for one in cloud.steps()} <= {"OPTIONS file", "OPTIONS /else/", "GET /ocs/v1.php/cloud/capabilities"}
