"""Proving the identity, and keeping the proof secret."""

import logging

import pytest
from sendoff import Credential, CredentialNeeded, InvalidArgument, Secret, Unreachable
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
    receiver = lab.receiver(Rule(do=Answer(201, headers=(("Set-Cookie", "canary-cookie"),))), folder=None)
    transport = lab.transport(
        f"{receiver.url}x?X-Amz-Signature=canary-signature", exact=True, credential=Wallet(Credential(kind="bearer", secret=Secret("canary-token")))
    )

    delivery = transport.send(lab.shipment(transport))

    assert "canary" not in caplog.text + repr(delivery) + repr(transport)


def test_other_users_of_the_library_log_as_before(lab, caplog):
    import httpx

    receiver = lab.receiver()
    lab.send(receiver)
    caplog.set_level(logging.INFO)

    httpx.get(receiver.url, trust_env=False)

    assert "HTTP Request: GET" in caplog.text
