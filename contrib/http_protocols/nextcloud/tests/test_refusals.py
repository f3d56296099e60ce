"""What is refused, what is left alone, and what is not believed."""

import os

import pytest
from sendoff import Demand, Permanent, Rejected, SourceChanged, TargetExists, TooLarge, Transient, Unverified

from contrib.http_protocols.nextcloud.tests.cloud import FILES, UPLOADS, sha256
from contrib.http_protocols.nextcloud.tests.conftest import CHUNK, SIZE
from contrib.http_protocols.nextcloud.tests.fault import Fault

SIZES = pytest.mark.parametrize("size", [10, SIZE], ids=["small", "large"])
FAIL, SKIP = Demand(existing="fail"), Demand(existing="skip")


def there(cloud, content, path="thing"):
    cloud.tree.put(path, content, 10**9, "")


@pytest.mark.fault(65)
@SIZES
def test_what_is_there_is_not_overwritten_and_nothing_is_sent(lab, cloud, size):
    there(cloud, b"theirs")

    with pytest.raises(TargetExists):
        lab.upload(cloud, size, "thing", demand=FAIL).send()

    assert cloud.content("thing") == b"theirs"
    assert [one.step for one in cloud.steps()] == ["PROPFIND file"]


@pytest.mark.fault(65)
@SIZES
def test_what_is_there_is_left_alone_where_that_is_wished(lab, cloud, size):
    there(cloud, bytes(size))

    delivery = lab.upload(cloud, size, "thing", demand=SKIP).send()

    assert (delivery.existing, delivery.verified, delivery.size) == ("skipped", "size", size)
    assert cloud.content("thing") == bytes(size)


@SIZES
def test_what_is_skipped_must_have_the_size(lab, cloud, size):
    there(cloud, b"theirs")

    with pytest.raises(Unverified, match="6 bytes"):
        lab.upload(cloud, size, "thing", demand=SKIP).send()


@pytest.mark.fault(65)
@SIZES
@pytest.mark.parametrize("demand", [FAIL, SKIP], ids=["fail", "skip"])
def test_what_comes_in_between_is_not_overwritten_either(lab, cloud, size, demand):
    upload = lab.upload(cloud, size, "thing", demand=demand)
    cloud.add(Fault(step="PUT file" if size == 10 else "MOVE", meanwhile=lambda: there(cloud, bytes(size))))

    if demand is FAIL:
        with pytest.raises(TargetExists):
            upload.send()
    else:
        assert upload.send().existing == "skipped"

    assert cloud.content("thing") == bytes(size)
    assert bool(cloud.tree.uploads) == (demand is FAIL and size == SIZE), "a failed upload keeps what a retry goes on with"


@pytest.mark.fault(48)
@SIZES
def test_our_own_file_from_a_lost_answer_is_not_in_the_way(lab, cloud, size):
    upload = lab.upload(cloud, size, "thing", demand=FAIL)
    cloud.add(Fault(step="PUT file" if size == 10 else "MOVE", lost=True))
    with pytest.raises(Transient):
        upload.send()
    _sent_before(upload.shipment, size)

    delivery = upload.again()

    assert delivery.existing == "created"
    assert cloud.content("thing") == upload.content


def _sent_before(shipment, size):
    """What the record tells the next try."""
    from dataclasses import replace

    shipment.operation = replace(shipment.operation, tally=replace(shipment.operation.tally, sent=size))


@SIZES
def test_a_new_file_is_known_to_be_new(lab, cloud, size):
    assert lab.upload(cloud, size, "thing", demand=FAIL).send().existing == "created"


@SIZES
@pytest.mark.parametrize("demand", [Demand(), FAIL, SKIP], ids=["overwrite", "fail", "skip"])
def test_a_folder_is_never_replaced(lab, cloud, size, demand):
    cloud.tree.folders.add("thing")
    there(cloud, b"inside", "thing/inside")

    with pytest.raises((Rejected, TargetExists)):
        lab.upload(cloud, size, "thing", demand=demand).send()

    assert "thing" in cloud.tree.folders
    assert cloud.content("thing/inside") == b"inside"
    assert cloud.tree.uploads == {}


def test_a_folder_that_comes_in_between_is_not_replaced(lab, cloud):
    cloud.add(Fault(step="PUT chunk", nth=3, meanwhile=lambda: cloud.tree.folders.add("thing")))

    with pytest.raises(Rejected, match="is a folder"):
        lab.upload(cloud, name="thing").send()

    assert not cloud.steps("MOVE")


@pytest.mark.fault(27, 28)
@pytest.mark.parametrize("at", [0, CHUNK + 1])
def test_a_source_that_changes_is_never_put_together(lab, cloud, at):
    there(cloud, b"theirs")
    upload = lab.upload(cloud, name="thing")

    def change(offset):
        if offset >= at:
            upload.path.write_bytes(b"another")
            os.utime(upload.path, (1, 1))

    upload.shipment.on_read = change

    with pytest.raises(SourceChanged):
        upload.send()

    assert not cloud.steps("MOVE")
    assert cloud.content("thing") == b"theirs"


@SIZES
def test_a_file_that_is_not_what_the_caller_said_is_not_sent(lab, cloud, size):
    with pytest.raises(Unverified):
        lab.upload(cloud, size, demand=Demand(digest="sha256", expected_sha256="0" * 64)).send()

    assert not cloud.steps("PUT file", "PUT chunk")


@SIZES
@pytest.mark.parametrize("digest", ["auto", "sha256"])
def test_a_file_that_is_what_the_caller_said_arrives(lab, cloud, size, digest):
    upload = lab.upload(cloud, size)
    upload.shipment.demand = Demand(digest=digest, expected_sha256=sha256(upload.content))

    assert upload.send().digests == {"sha256": sha256(upload.content)}


@pytest.mark.fault(55)
def test_a_chunk_that_is_too_large_for_what_is_in_between_says_what_to_do(lab, cloud):
    cloud.add(Fault(step="PUT chunk", status=413))

    with pytest.raises(TooLarge) as caught:
        lab.upload(cloud).send()

    assert "chunk_size" in caught.value.hint


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_is_no_nextcloud_is_named(lab, cloud, status):
    cloud.add(Fault(step="MKCOL upload", status=status, times=9))

    with pytest.raises(Rejected, match="as a Nextcloud does") as caught:
        lab.upload(cloud).send()

    assert caught.value.side == "configuration"


@pytest.mark.fault(49)
@pytest.mark.parametrize(("step", "size"), [("PROPFIND file", SIZE), ("MKCOL upload", SIZE), ("PUT chunk", SIZE), ("MOVE", SIZE), ("PUT file", 10)])
def test_a_login_page_is_no_upload_and_no_reason_to_give_up(lab, cloud, step, size):
    upload = lab.upload(cloud, size)
    cloud.add(Fault(step=step, status=200, body=b"<html>please log in</html>"))

    with pytest.raises(Transient):
        upload.send()
    upload.send()

    assert cloud.content("dest/file.zip") == upload.content


@pytest.mark.fault(49)
def test_a_chunk_that_only_a_login_page_took_is_not_confirmed(lab, cloud):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PUT chunk", status=200, body=b"<html>please log in</html>"))

    with pytest.raises(Transient):
        upload.send()

    assert upload.shipment.confirmed == []


@pytest.mark.fault(66)
def test_a_server_that_says_done_and_has_nothing_is_not_believed(lab, cloud):
    cloud.add(Fault(step="MOVE", status=201))

    with pytest.raises(Unverified, match="holds nothing"):
        lab.upload(cloud).send()


@pytest.mark.parametrize(("parts", "verify"), [(True, "digest"), (True, "read-back"), (False, "read-back")])
def test_a_server_that_put_something_else_together_is_not_believed(lab, parts, verify):
    cloud = lab.cloud(parts=parts)

    def other():
        cloud.tree.folders.add("dest")
        there(cloud, bytes(SIZE), "dest/file.zip")

    cloud.add(Fault(step="MOVE", status=201, meanwhile=other))

    with pytest.raises(Unverified, match="other bytes"):
        lab.upload(cloud, demand=Demand(verify=verify)).send()


def test_a_checksum_that_differs_is_not_believed(lab, cloud):
    upload = lab.upload(cloud, demand=Demand(digest="sha256"))

    def other():
        (found,) = cloud.tree.uploads.values()
        cloud.tree.put(found.destination, found.joined(), 10**9, f"MD5:00 SHA256:{'0' * 64}")

    cloud.add(Fault(step="MOVE", status=201, meanwhile=other))

    with pytest.raises(Unverified, match="other bytes"):
        upload.send()


def test_a_checksum_of_what_lay_there_before_says_nothing(lab):
    cloud = lab.cloud(parts=True)
    cloud.tree.folders.add("dest")
    cloud.tree.put("dest/file.zip", b"older", 10**9, f"SHA256:{sha256(b'older')}")
    upload = lab.upload(cloud, demand=Demand(digest="sha256"))

    def put_together_without_forgetting_the_checksum():
        (name,) = cloud.tree.uploads
        found = cloud.tree.uploads.pop(name)
        cloud.tree.put(found.destination, found.joined(), 10**9, f"SHA256:{sha256(b'older')}")

    cloud.add(Fault(step="MOVE", status=204, meanwhile=put_together_without_forgetting_the_checksum))

    assert upload.send().verified == "size"


@pytest.mark.fault(97)
@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><d:multistatus xmlns:d="DAV:"><d:response><d:href>&b;</d:href></d:response></d:multistatus>',
        b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/x</d:href>',
        b'<d:multistatus xmlns:d="DAV:"/>',
        b"not XML at all",
        b"<d:multistatus xmlns:d='DAV:'><d:response><d:href>" + b"x" * 100_000 + b"</d:href></d:response></d:multistatus>",
        b"<d>" * 100_000,
        b"<d:multistatus xmlns:d='DAV:'>" + b"<d:response/>" * 30_000 + b"</d:multistatus>",
    ],
    ids=["entities", "broken off", "empty", "no XML", "an endless value", "endlessly deep", "endlessly many"],
)
def test_a_listing_that_is_none_is_not_believed_and_nothing_is_given_up(lab, cloud, body):
    upload = lab.upload(cloud)
    cloud.add(Fault(step="PROPFIND file", status=207, body=body))

    with pytest.raises(Transient, match="of no use"):
        upload.send()
    upload.send()

    assert cloud.content("dest/file.zip") == upload.content


@SIZES
def test_a_refusal_is_kept_for_the_caller_and_no_message_tells_where_the_chunks_lie(lab, cloud, size):
    upload = lab.upload(cloud, size)
    cloud.add(Fault(step="PUT file" if size == 10 else "PUT chunk", status=403, body=b"<s:message>no</s:message>"))

    with pytest.raises(Permanent) as caught:
        upload.send()

    (kept,) = upload.shipment.answers
    assert (kept.status, kept.url, kept.body.getvalue()) == (403, f"{cloud.url}dest/file.zip", b"<s:message>no</s:message>")
    assert UPLOADS not in str(caught.value)
    assert FILES in str(caught.value)
