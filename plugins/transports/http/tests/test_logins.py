"""Proving the identity, and keeping the proof secret."""

import base64
import logging

import pytest
from sendoff import Credential, CredentialNeeded, InvalidArgument, Permanent, Secret, Unreachable
from sendoff.errors import to_json
from sendoff.testing.receiver import Answer, Rule
from sendoff.testing.shipment import Wallet

RIGHT = Credential(kind="basic", username="me", secret=Secret("right"))
WRONG = Credential(kind="basic", username="me", secret=Secret("wrong"))
BASIC = "Basic bWU6cmlnaHQ="


def test_a_credential_goes_out_with_the_first_request(lab):
    receiver = lab.receiver(authorization=BASIC)

    lab.send(receiver, credentials=[RIGHT])

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("credential", "name", "value"),
    [
        (RIGHT, "Authorization", BASIC),
        (Credential(kind="bearer", secret=Secret("t0ken")), "Authorization", "Bearer t0ken"),
        (Credential(kind="header", username="X-Auth", secret=Secret("v")), "X-Auth", "v"),
        (Credential(kind="key", secret=Secret("k")), "X-API-Key", "k"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_each_kind_of_credential_has_its_header(lab, credential, name, value):
    receiver = lab.receiver()

    lab.send(receiver, credentials=[credential])

    assert receiver.requests[0].header(name) == value


@pytest.mark.fault(52)
def test_a_refused_credential_is_exchanged_for_a_newer_one_once(lab):
    receiver = lab.receiver(authorization=BASIC)

    delivery, shipment = lab.send(receiver, size=300_000, credentials=[WRONG, RIGHT])

    assert delivery.size == 300_000
    assert [row.status for row in receiver.requests] == [401, 201]
    assert shipment.credentials.asked[-1][1].startswith("Basic realm")
    assert [kept.status for kept in shipment.answers] == [201]


@pytest.mark.fault(52)
def test_there_is_no_third_login_in_one_try(lab):
    receiver = lab.receiver(authorization=BASIC)
    other = Credential(kind="basic", username="me", secret=Secret("other"))
    transport = lab.transport(receiver.url, credential=Wallet(WRONG, other, RIGHT))
    shipment = lab.shipment(transport)

    with pytest.raises(CredentialNeeded) as caught:
        transport.send(shipment)

    assert len(receiver.requests) == 2
    assert (caught.value.http_status, shipment.answers[0].status) == (401, 401)


@pytest.mark.fault(52)
@pytest.mark.parametrize("credentials", [(), (WRONG,)], ids=["none", "wrong"])
def test_a_login_that_cannot_be_had_needs_a_person_and_the_answer_is_kept(lab, credentials):
    receiver = lab.receiver(authorization=BASIC)
    transport = lab.transport(receiver.url, credential=Wallet(*credentials))
    shipment = lab.shipment(transport)

    with pytest.raises(CredentialNeeded) as caught:
        transport.send(shipment)

    assert caught.value.http_status == 401
    assert [kept.status for kept in shipment.answers] == [401]


@pytest.mark.fault(52)
def test_a_credential_that_may_be_too_old_is_exchanged_on_403(lab):
    receiver = lab.receiver(Rule(do=Answer(403)))
    old = Credential(kind="bearer", secret=Secret("old"), expires_at=1)

    lab.send(receiver, credentials=[old, RIGHT])

    assert [row.header("Authorization") for row in receiver.requests] == ["Bearer old", BASIC]


@pytest.mark.parametrize("words", [{"credential": Wallet(RIGHT)}, {"headers": (("X-Key", Secret("s")),)}], ids=["credential", "header"])
def test_a_secret_does_not_go_out_in_clear_text(lab, words):
    transport = lab.transport("http://example.invalid/", credential=words.pop("credential", None))

    with pytest.raises(InvalidArgument, match="clear text"):
        transport.send(lab.shipment(transport, **words))


def test_clear_text_can_be_allowed(lab):
    transport = lab.transport("http://example.invalid/", credential=Wallet(RIGHT), cleartext=True)

    with pytest.raises(Unreachable):
        transport.send(lab.shipment(transport))


def test_no_secret_is_logged_by_the_libraries(lab, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sendoff")
    receiver = lab.receiver(Rule(do=Answer(201, headers=(("Set-Cookie", "canary-cookie"),))), folder=None)
    transport = lab.transport(
        f"{receiver.url}x?X-Amz-Signature=canary-signature", exact=True, credential=Wallet(Credential(kind="bearer", secret=Secret("canary-token")))
    )

    delivery = transport.send(lab.shipment(transport))

    assert "canary" not in caplog.text + repr(delivery) + repr(transport)


def test_what_the_libraries_say_is_let_through_to_the_redaction_where_sendoff_logs_at_debug(lab, caplog):
    caplog.set_level(logging.DEBUG, "sendoff")
    caplog.set_level(logging.DEBUG)

    lab.send(lab.receiver())

    assert "receive_response_headers.complete" in caplog.text


def test_other_users_of_the_library_log_as_before(lab, caplog):
    import httpx

    receiver = lab.receiver()
    lab.send(receiver)
    caplog.set_level(logging.INFO)

    httpx.get(receiver.url, trust_env=False)

    assert "HTTP Request: GET" in caplog.text


BROKEN = {
    "a blank at its end": "canary-secret ",
    "a line break": "canary-secret\r\nX-Evil: 1",
    "a line break at its end": "canary-secret\n",
    "a NUL": "canary\0secret",
    "a letter that no header has": "canary-secret-\u20ac",
}


def said(caught, caplog):
    """Whatever is told of an error, by whomever; and what an exception of a library's that is behind it says is told nobody."""
    return f"{to_json(caught.value)} {caught.value} {caught.value!r} {caught.value.hint} {caplog.text}"


@pytest.mark.fault(91)
@pytest.mark.parametrize("secret", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", ["bearer", "header", "key"])
def test_a_credential_that_cannot_be_sent_waits_for_a_person_and_is_not_quoted(lab, caplog, kind, secret):
    caplog.set_level(logging.DEBUG)
    receiver = lab.receiver()
    name = {"bearer": "Authorization", "header": "X-Mine", "key": "X-API-Key"}[kind]
    transport = lab.transport(receiver.url, credential=Wallet(Credential(kind=kind, username="X-Mine" if kind == "header" else "", secret=Secret(secret))))

    with pytest.raises(CredentialNeeded, match=f"header {name}: its value") as caught:
        transport.send(lab.shipment(transport))

    assert "canary" not in said(caught, caplog) and "where it comes from" in caught.value.hint
    assert not receiver.requests


@pytest.mark.fault(91)
@pytest.mark.parametrize("secret", BROKEN.values(), ids=BROKEN)
def test_a_secret_header_that_cannot_be_sent_waits_for_a_person_and_is_not_quoted(lab, caplog, secret):
    caplog.set_level(logging.DEBUG)
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)

    with pytest.raises(CredentialNeeded, match="header X-Mine: its value") as caught:
        transport.send(lab.shipment(transport, headers=(("X-Mine", Secret(secret)),)))

    assert "canary" not in said(caught, caplog)
    assert not receiver.requests


def test_an_open_header_that_cannot_be_sent_is_for_good_and_is_named(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)

    with pytest.raises(Permanent, match="header X-Open: its value") as caught:
        transport.send(lab.shipment(transport, headers=(("X-Open", "a\nb"),)))

    assert caught.value.facts["side"] == "local" and not receiver.requests


@pytest.mark.fault(91)
def test_a_password_may_hold_anything(lab):
    receiver = lab.receiver()

    lab.send(receiver, credentials=[Credential(kind="basic", username="me", secret=Secret("a \r\n\0\u20ac "))])

    assert base64.b64decode(receiver.requests[0].header("Authorization")[6:]).decode() == "me:a \r\n\0\u20ac "
