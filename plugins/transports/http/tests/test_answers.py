"""What each answer means: the whole table, against a real server."""

import base64
import gzip
import hashlib
import time
import tracemalloc
from dataclasses import replace
from email.utils import formatdate

import pytest
from sendoff import (
    CredentialNeeded,
    Demand,
    NoSpace,
    Rejected,
    SendoffError,
    ServerBusy,
    Tally,
    TargetExists,
    TooLarge,
    Transient,
    Unreachable,
    Unverified,
    retry_after,
)
from sendoff.testing.receiver import Answer, Close, Drip, EndlessBody, Lost, Rule

MIB = 1024 * 1024
FAILURES = [
    (207, Rejected, 18),
    (226, Rejected, 18),
    (300, Rejected, 300),
    (304, Rejected, 304),
    (400, Rejected, 400),
    (401, CredentialNeeded, 401),
    (402, Rejected, 402),
    (403, Rejected, 403),
    (404, Rejected, 404),
    (405, Rejected, 405),
    (407, Unreachable, 407),
    (408, ServerBusy, 408),
    (409, Rejected, 409),
    (410, Rejected, 410),
    (411, Rejected, 411),
    (412, TargetExists, 412),
    (413, TooLarge, 413),
    (414, Rejected, 414),
    (415, Rejected, 415),
    (416, Rejected, 416),
    (417, Rejected, 417),
    (418, Rejected, 20),
    (421, ServerBusy, 20),
    (422, Rejected, 20),
    (423, ServerBusy, 20),
    (425, ServerBusy, 20),
    (429, ServerBusy, 20),
    (431, Rejected, 20),
    (451, Rejected, 20),
    (460, Transient, 20),
    (500, Transient, 500),
    (501, Rejected, 501),
    (502, Transient, 502),
    (503, ServerBusy, 503),
    (504, Transient, 504),
    (505, Rejected, 505),
    (507, NoSpace, 21),
    (508, Rejected, 21),
    (511, Unreachable, 21),
    (520, Transient, 21),
    (599, Transient, 21),
]


@pytest.mark.parametrize(("status", "kind", "web_error"), FAILURES, ids=lambda value: getattr(value, "__name__", value))
def test_a_refusal_has_its_kind_its_number_and_is_kept(lab, status, kind, web_error):
    receiver = lab.receiver(Rule(do=Answer(status, headers=(("X-Why", "because"),), body=b"the reason")))
    transport = lab.transport(receiver.url)
    shipment = lab.shipment(transport)

    with pytest.raises(kind) as caught:
        transport.send(shipment)

    assert type(caught.value) is kind
    assert (caught.value.http_status, caught.value.facts["web_error"]) == (status, web_error)
    assert caught.value.facts["side"] in ("network", "server", "credential", "configuration")
    assert f"{receiver.url}thing" in str(caught.value) and str(status) in str(caught.value)
    assert [(kept.status, kept.url, kept.body.getvalue()) for kept in shipment.answers] == [
        (status, f"{receiver.url}thing", b"" if status == 304 else b"the reason")
    ]
    assert ("X-Why", "because") in shipment.answers[0].headers
    assert shipment.confirmed == []


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204])
def test_a_success_is_a_delivery_that_claims_no_more_than_acceptance(lab, status):
    receiver = lab.receiver(Rule(do=Answer(status, headers=(("ETag", '"7"'),), body=b"" if status == 204 else b"thanks")))

    delivery, shipment = lab.send(receiver)

    assert (delivery.size, delivery.verified, delivery.etag, delivery.url) == (1000, "accepted", '"7"', f"{receiver.url}thing")
    assert shipment.confirmed == [1000]
    assert shipment.answers[0].body.getvalue() == (b"" if status == 204 else b"thanks")


@pytest.mark.parametrize("body", [b"", b"something"])
def test_the_body_of_an_answer_is_kept_whatever_its_status(lab, body):
    receiver = lab.receiver(Rule(do=Answer(201, body=body)))

    _, shipment = lab.send(receiver)

    assert shipment.answers[0].body.getvalue() == body


@pytest.mark.fault(51)
@pytest.mark.parametrize("status", [408, 423, 425, 429, 503])
def test_whoever_says_not_now_has_taken_nothing(lab, status):
    with pytest.raises(ServerBusy):
        lab.send(lab.receiver(Rule(do=Answer(status))), method="POST")


def test_a_lock_is_told_apart_from_other_reasons_to_wait(lab):
    with pytest.raises(ServerBusy) as caught:
        lab.send(lab.receiver(Rule(do=Answer(423))))

    assert caught.value.facts["locked"] is True


@pytest.mark.fault(51)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(("given", "wanted"), [("7", 7.0), ("0", 1.0), ("1000000000", 3600.0), ("soon", None), ("-5", None), ("1.5", None)])
def test_the_wait_that_a_server_asks_for_is_between_a_second_and_an_hour(lab, status, given, wanted):
    receiver = lab.receiver(Rule(do=Answer(status, headers=(("Retry-After", given),))))

    with pytest.raises(Transient) as caught:
        lab.send(receiver)

    assert caught.value.retry_after == wanted


@pytest.mark.fault(51)
@pytest.mark.parametrize(("distance", "wanted"), [(100, 100), (10**6, 3600), (-100, None)])
def test_a_wait_may_be_a_date(distance, wanted):
    now = 1_800_000_000

    assert retry_after(formatdate(now + distance, usegmt=True), now * 1_000_000) == wanted


def test_too_large_with_a_wait_is_not_for_ever(lab):
    with pytest.raises(ServerBusy) as caught:
        lab.send(lab.receiver(Rule(do=Answer(413, headers=(("Retry-After", "60"),)))))

    assert caught.value.retry_after == 60


@pytest.mark.fault(46)
def test_an_endless_answer_is_cut_and_its_status_counts(lab):
    began = time.monotonic()

    delivery, shipment = lab.send(lab.receiver(Rule(do=EndlessBody(201))))

    assert delivery.size == 1000
    assert len(shipment.answers[0].body.getvalue()) == 64 * 1024
    assert time.monotonic() - began < 5


@pytest.mark.fault(97)
def test_an_answer_that_would_unpack_to_very_much_is_not_unpacked(lab):
    packed = gzip.compress(bytes(200 * MIB))
    receiver = lab.receiver(Rule(do=Answer(500, headers=(("Content-Encoding", "gzip"), ("Content-Type", "text/plain")), body=packed)))
    tracemalloc.start()
    try:
        with pytest.raises(Transient):
            lab.send(receiver)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 20 * MIB


@pytest.mark.fault(97)
@pytest.mark.parametrize("headers", [(("X-Long", "x" * 3 * MIB),), tuple((f"X-{number}", "x" * 1000) for number in range(3000))], ids=["long", "many"])
def test_headers_without_measure_are_not_taken_in(lab, headers):
    with pytest.raises(Transient, match="answer") as caught:
        lab.send(lab.receiver(Rule(do=Answer(201, headers=headers))))

    assert len(str(caught.value)) < 1000


@pytest.mark.fault(97)
def test_what_a_server_says_cannot_move_a_cursor(lab):
    problem = b'{"type": "about:blank", "title": "\\u001b[2Jgone\\u202e\\r\\n", "detail": "\\u009b31m"}'
    receiver = lab.receiver(Rule(do=Answer(422, headers=(("Content-Type", "application/problem+json"),), body=problem)))

    with pytest.raises(SendoffError) as caught:
        lab.send(receiver)

    assert str(caught.value).isprintable()


def test_a_dripped_answer_that_ends_in_time_is_read_to_its_end(lab):
    delivery, _ = lab.send(lab.receiver(Rule(do=Drip(0.002))))

    assert delivery.size == 1000


# -- what is demanded beyond acceptance


def test_a_size_that_was_asked_for_is_seen_with_head(lab):
    receiver = lab.receiver()

    delivery, _ = lab.send(receiver, demand=Demand(verify="size"))

    assert delivery.verified == "size"
    assert [row.method for row in receiver.requests] == ["PUT", "HEAD"]


def test_another_size_than_was_sent_is_never_a_success(lab):
    receiver = lab.receiver(Rule(do=Answer(200, body=b"short"), method="HEAD", times=None))

    with pytest.raises(Unverified, match="holds 5 bytes instead of 1000"):
        lab.send(receiver, demand=Demand(verify="size"))


@pytest.mark.fault(66)
@pytest.mark.parametrize("said", [Answer(404), Answer(200, body=b"half")], ids=["absent", "shorter"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_server_that_shows_what_it_took_only_after_a_while_is_asked_again(lab, said, times):
    receiver = lab.receiver(Rule(do=said, method="HEAD", times=times))

    delivery, _ = lab.send(receiver, demand=Demand(verify="size"))

    assert delivery.verified == "size"
    assert [row.method for row in receiver.requests] == ["PUT", *["HEAD"] * (times + 1)]


@pytest.mark.fault(66)
@pytest.mark.parametrize("said", [Answer(404), Answer(200, body=b"half")], ids=["absent", "shorter"])
def test_a_server_that_never_has_what_it_took_has_not_taken_it(lab, said):
    receiver = lab.receiver(Rule(do=said, method="HEAD", times=None))

    with pytest.raises(Unverified):
        lab.send(receiver, demand=Demand(verify="size"))
    assert len(receiver.requests) == 5


def test_a_file_can_be_fetched_back_and_compared(lab):
    receiver = lab.receiver()

    delivery, shipment = lab.send(receiver, size=700_000, demand=Demand(verify="read-back"))

    assert delivery.verified == "read-back"
    assert delivery.digests == {"sha256": hashlib.sha256(shipment.path.read_bytes()).hexdigest()}


def test_other_bytes_than_were_sent_are_found_out(lab):
    receiver = lab.receiver(Rule(do=Answer(200, body=b"x" * 1000), method="GET"))

    with pytest.raises(Unverified, match="other bytes"):
        lab.send(receiver, demand=Demand(verify="read-back"))


@pytest.mark.parametrize("true", [True, False])
def test_a_servers_digest_is_compared(lab, true):
    body = b"abc" * 100
    digest = base64.b64encode(hashlib.sha256(body if true else b"other").digest()).decode()
    receiver = lab.receiver(Rule(do=Answer(201, headers=(("Repr-Digest", f"sha-256=:{digest}:"),))))

    if true:
        assert lab.send(receiver, size=body, demand=Demand(verify="digest"))[0].verified == "server-digest"
    else:
        with pytest.raises(Unverified):
            lab.send(receiver, size=body, demand=Demand(verify="digest"))


def test_a_server_that_tells_no_digest_does_not_pass_for_one_that_does(lab):
    with pytest.raises(Unverified, match="read-back"):
        lab.send(lab.receiver(), demand=Demand(verify="digest"))


@pytest.mark.fault(48)
def test_a_post_that_was_taken_is_not_repeated_because_its_proof_failed(lab):
    receiver = lab.receiver(Rule(do=Close(), method="HEAD"))

    with pytest.raises(Unverified, match="took the file"):
        lab.send(receiver, method="POST", demand=Demand(verify="size"))


@pytest.mark.fault(65)
def test_what_exists_is_not_overwritten_where_that_was_asked_for(lab):
    receiver = lab.receiver()
    first, _ = lab.send(receiver, size=b"first")

    with pytest.raises(TargetExists):
        lab.send(receiver, size=b"other", demand=Demand(existing="fail"))
    skipped, _ = lab.send(receiver, size=b"third", demand=Demand(existing="skip"))

    assert receiver.stored("thing") == b"first"
    assert (skipped.existing, first.existing) == ("skipped", None)
    assert [row.method for row in receiver.requests] == ["PUT", "HEAD", "HEAD", "HEAD"]


@pytest.mark.fault(65)
def test_what_appears_meanwhile_is_left_alone_where_the_server_keeps_the_condition_and_it_is_remembered(lab):
    receiver = lab.receiver(Rule(do=Answer(404), method="HEAD"))
    (lab.folder / "in").mkdir()
    (lab.folder / "in" / "thing").write_bytes(b"first")
    transport = lab.transport(receiver.url)

    for _ in range(2):
        with pytest.raises(TargetExists):
            transport.send(lab.shipment(transport, demand=Demand(existing="fail")))

    assert [(row.method, row.header("If-None-Match"), row.status) for row in receiver.requests] == [("HEAD", None, 404), ("PUT", "*", 412), ("PUT", "*", 412)]


@pytest.mark.fault(65)
@pytest.mark.parametrize(("status", "said"), [(201, "created"), (204, "unconfirmed")])
def test_a_condition_that_was_accepted_is_not_taken_for_one_that_was_kept(lab, status, said):
    receiver = lab.receiver(Rule(do=Answer(status), method="PUT"))

    delivery, _ = lab.send(receiver, demand=Demand(existing="fail"))

    assert delivery.existing == said


@pytest.mark.fault(48)
def test_what_lies_there_may_be_our_own_from_a_try_whose_answer_was_lost(lab):
    receiver = lab.receiver(Rule(do=Lost(), method="PUT"))
    transport = lab.transport(receiver.url)
    shipment = lab.shipment(transport, demand=Demand(existing="fail"))
    with pytest.raises(Transient):
        transport.send(shipment)
    shipment.operation = replace(shipment.operation, tally=Tally(sent=shipment.size))

    delivery = transport.send(shipment)

    assert (delivery.existing, delivery.verified) == ("created", "read-back")
    assert [row.method for row in receiver.requests] == ["HEAD", "PUT", "HEAD", "GET"]


def test_a_file_that_is_not_the_expected_one_is_no_success(lab):
    with pytest.raises(Unverified, match="SHA-256"):
        lab.send(lab.receiver(), demand=Demand(expected_sha256="0" * 64))
