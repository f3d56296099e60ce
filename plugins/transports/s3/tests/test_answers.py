"""What a server's refusals mean, and what bad input comes to."""

import os
from dataclasses import replace

import pytest
from sendoff import (
    ConfigurationError,
    CredentialNeeded,
    InvalidArgument,
    NoSpace,
    Refused,
    Rejected,
    SendoffError,
    ServerBusy,
    TargetExists,
    TooLarge,
    Transient,
    Unverified,
)
from sendoff.model.delivery import Demand

from plugins.transports.s3.tests.conftest import MIB

MEANINGS = [
    (403, "AccessDenied", Rejected),
    (403, "InvalidAccessKeyId", CredentialNeeded),
    (403, "SignatureDoesNotMatch", CredentialNeeded),
    (404, "NoSuchBucket", Rejected),
    (400, "EntityTooLarge", TooLarge),
    (400, "InvalidRequest", Rejected),
    (409, "ConditionalRequestConflict", Transient),
    (412, "PreconditionFailed", TargetExists),
    (500, "InternalError", ServerBusy),
    (503, "SlowDown", ServerBusy),
    (503, "ServiceUnavailable", ServerBusy),
    (507, "XMinioStorageFull", NoSpace),
    (400, "RequestTimeout", Transient),
    (418, "Teapot", Rejected),
    (599, "Unheard", Transient),
]


@pytest.mark.parametrize("size", [10, 2 * MIB], ids=["small", "large"])
@pytest.mark.parametrize(("status", "code", "error"), MEANINGS, ids=lambda value: str(value) if not isinstance(value, type) else "")
def test_each_refusal_says_who_must_act(lab, status, code, error, size):
    server = lab.server()
    transport = lab.transport(server)
    for _ in range(3):
        server.fault("body" if size == 10 else "create", "error", status=status, code=code)
    if status == 412:
        server.objects["thing"] = server.objects.get("thing") or kept(lab)

    with pytest.raises(error) as caught:
        transport.send(lab.shipment(transport, size))

    assert caught.value.http_status == status
    assert code in caught.value.message or status == 412


def kept(lab):
    other = lab.server()
    transport = lab.transport(other)
    transport.send(lab.shipment(transport, 3))
    return other.objects["thing"]


@pytest.mark.parametrize("allowed", [(), ("create",), ("create", "part"), ("create", "part", "list")])
def test_whoever_may_not_do_a_step_is_told_what_is_needed(lab, allowed):
    server = lab.server(allowed=allowed)
    transport = lab.transport(server)

    with pytest.raises(Rejected, match="does not allow it") as caught:
        transport.send(lab.shipment(transport))

    assert "s3:PutObject" in caught.value.hint
    assert server.body("thing") is None


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_whoever_may_not_look_is_served_with_what_the_answers_said(lab, size):
    server = lab.server(allowed=("put", "create", "part", "complete"), checksums=False)
    transport = lab.transport(server)

    delivery = transport.send(lab.shipment(transport, size))

    assert delivery.verified == "accepted"


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_whoever_may_only_put_is_served_after_a_break_too(lab, size):
    server = lab.server(allowed=("put", "create", "part", "complete", "list"))
    transport = lab.transport(server)
    shipment = lab.shipment(transport, size)
    server.fault("put" if size == 1000 else "part", "error", status=503, code="SlowDown")
    with pytest.raises(Transient):
        transport.send(shipment)

    transport.send(lab.again(transport, shipment))

    assert server.body("thing") == shipment.path.read_bytes()


def test_whoever_may_only_put_overwrites_nothing_where_the_server_sees_to_it(lab):
    server = lab.server(allowed=("put",))
    transport = lab.transport(server, conditional="yes")
    transport.send(lab.shipment(transport, 10))

    with pytest.raises(TargetExists, match="exists already, and it may not be seen whose it is"):
        transport.send(lab.shipment(transport, 20, demand=Demand(existing="fail")))

    assert len(server.body("thing")) == 10


def test_what_was_demanded_and_cannot_be_seen_is_unverified(lab):
    server = lab.server(checksums=False)
    transport = lab.transport(server)

    with pytest.raises(Unverified, match="part-digests"):
        transport.send(lab.shipment(transport, 10, demand=Demand(verify="digest")))


def test_a_file_that_is_not_what_its_sha256_says_is_not_sent(lab):
    server = lab.server()
    transport = lab.transport(server)

    with pytest.raises(Unverified, match="SHA-256"):
        transport.send(lab.shipment(transport, 10, demand=Demand(expected_sha256="00" * 32)))

    assert server.seen == []


@pytest.mark.fault(66)
def test_an_object_that_is_shorter_than_the_file_is_never_done(lab):
    server = lab.server(checksums=False)
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 1000)
    server.fault("head", "call", then=lambda: setattr(server.objects["thing"], "body", b"short"))

    with pytest.raises(Unverified, match="5 bytes"):
        transport.send(shipment)


@pytest.mark.fault(64)
def test_other_bytes_at_the_server_are_found_by_reading_back(lab):
    server = lab.server()
    transport = lab.transport(server)
    server.fault("get", "call", then=lambda: setattr(server.objects["thing"], "body", b"x" * 1000))

    with pytest.raises(Unverified, match="other bytes"):
        transport.send(lab.shipment(transport, 1000, demand=Demand(verify="read-back")))


@pytest.mark.parametrize("name", ["X-Custom", "If-Match"])
def test_a_header_that_s3_does_not_keep_is_refused(lab, name):
    server = lab.server()
    transport = lab.transport(server)

    with pytest.raises(InvalidArgument, match=name):
        transport.send(lab.shipment(transport, 10, headers=((name, "x"),)))


def test_a_key_of_sse_c_goes_with_every_request_about_the_content(lab, tmp_path):
    (tmp_path / "key").write_bytes(os.urandom(32))
    server = lab.server()
    transport = lab.transport(server, sse_customer_key_file=str(tmp_path / "key"), sign_payload="never")

    transport.send(lab.shipment(transport))

    told = {one.operation for one in server.seen if "x-amz-server-side-encryption-customer-key" in one.headers}
    assert told == {"create", "part", "complete"}


@pytest.mark.parametrize("content", [None, b"short"])
def test_a_key_of_sse_c_that_cannot_be_is_a_mistake_in_the_configuration(lab, tmp_path, content):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    transport = lab.transport(lab.server(), sse_customer_key_file=str(tmp_path / "key"))

    with pytest.raises(ConfigurationError, match="sse_customer_key_file"):
        transport.send(lab.shipment(transport, 10))


def test_what_was_set_for_an_object_goes_with_it(lab):
    server = lab.server()
    settings = {"storage_class": "STANDARD_IA", "sse": "aws:kms", "sse_kms_key_id": "k", "acl": "private", "tags": "a=b c", "expected_bucket_owner": "1" * 12}
    transport = lab.transport(server, **settings)
    for size in (10, 2 * MIB):
        transport.send(lab.shipment(transport, size))
    made = [one.headers for one in server.seen if one.operation in ("put", "create")]

    assert len(made) == 2
    for headers in made:
        assert headers["x-amz-storage-class"] == "STANDARD_IA"
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "k"
        assert headers["x-amz-acl"] == "private"
        assert headers["x-amz-tagging"] == "a=b+c"
    assert all(one.headers["x-amz-expected-bucket-owner"] == "1" * 12 for one in server.seen)


@pytest.mark.parametrize("size", [0, MIB, MIB + 1])
def test_one_part_is_put_at_once_and_one_byte_more_is_an_upload(lab, size):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, size)

    transport.send(shipment)

    assert server.body("thing") == shipment.path.read_bytes()
    assert ("create" in server.operations()) == (size > MIB)


def test_a_server_that_the_policy_forbids_is_never_asked(lab):
    server = lab.server()
    transport = lab.transport(server)
    asked = []

    def allowed(url):
        asked.append(url)
        raise Refused("not there")

    transport.toolkit = replace(transport.toolkit, allowed=allowed)

    with pytest.raises(Refused):
        transport.send(lab.shipment(transport, 10))

    assert (asked, server.seen) == (["s3://127.0.0.1/"], [])


def test_the_mark_cannot_be_set_by_a_header(lab):
    transport = lab.transport(lab.server())

    with pytest.raises(InvalidArgument, match="choose another name"):
        transport.send(lab.shipment(transport, 10, headers=(("X-Amz-Meta-Sendoff-Op", "mine"),)))


@pytest.mark.fault(62, 45)
def test_a_server_that_stops_reading_is_left(lab):
    server = lab.server()
    transport = lab.transport(server, stall_timeout="300ms", response_timeout="300ms")
    server.fault("part", "stall", at=1000)

    with pytest.raises(Transient, match=r"took no byte|no complete answer"):
        transport.send(lab.shipment(transport))


@pytest.mark.campaign
@pytest.mark.fault(35, 71)
def test_ten_thousand_parts_of_a_sparse_file_are_one_object(lab):
    server = lab.server(page=1000)
    transport = lab.transport(server, part_size=64 * 1024)
    path = lab.folder / "sparse"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 10_000 * 64 * 1024)
    shipment = lab.of(transport, path, lanes=4)
    server.fault("complete", "reset")
    with pytest.raises(SendoffError):
        transport.send(shipment)

    assert transport.send(lab.again(transport, shipment)).verified == "server-digest"
    assert server.operations().count("part") == 10_000
