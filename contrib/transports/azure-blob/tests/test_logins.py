"""Keys, signatures and tokens: taken, refused, expired, replaced amid an upload, and seen by nobody."""

import logging

import pytest
from sendoff import ConfigurationError, Credential, CredentialNeeded, Rejected, Secret
from sendoff.testing.receiver import Answer, Receiver, Reset, Rule
from sendoff.testing.shipment import Wallet

from tests.servers.azurite import ACCOUNT, KEY, blocks_taken

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
MIB = 2**20
OTHER_KEY = "b3RoZXI" + KEY[7:]


def given(secret, **more):
    return Credential(username=ACCOUNT, secret=Secret(secret), **more)


@pytest.mark.parametrize("kind", ["basic", "bearer", "key"])
@pytest.mark.parametrize("made", [lambda lab: KEY, lambda lab: lab.server.sas("rwdlc")], ids=["key", "sas"])
def test_it_is_seen_what_a_secret_is_whatever_its_source_calls_it(lab, kind, made):
    """A variable or a command without a user name gives what it calls a bearer token."""
    transport = lab.transport(None, given(made(lab), kind=kind))

    assert transport.send(lab.shipment(transport, 10)).verified == "server-digest"


@pytest.mark.parametrize("size", [1000, 3 * MIB])
@pytest.mark.parametrize("mark", ["", "?"])
def test_a_signature_is_enough(lab, size, mark):
    transport = lab.transport(None, given(mark + lab.server.sas("rwdlc")))
    shipment = lab.shipment(transport, size)

    assert transport.send(shipment).verified in ("part-digests", "server-digest")
    assert lab.body() == shipment.path.read_bytes()


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_one_that_may_write_and_not_look_is_believed_as_far_as_the_answers_go(lab, size):
    proxy = lab.proxy(script=[Rule(do=Reset(), request=2, at=1000)])
    transport = lab.transport(proxy, given(lab.server.sas("cw")))
    shipment = lab.shipment(transport, size)
    if size > MIB:
        lab.fails(transport, shipment)
        shipment = lab.again(transport, shipment)

    delivery = transport.send(shipment)

    assert delivery.verified in ("part-digests", "server-digest")
    assert lab.body() == shipment.path.read_bytes()
    assert blocks_taken(proxy.requests) in ([], [1, 1, 2, 3])


def test_one_that_may_not_write_is_refused_with_what_it_lacks(lab):
    transport = lab.transport(None, given(lab.server.sas("rl")))

    error = lab.fails(transport, lab.shipment(transport, 10), Rejected)

    assert "create, write and read" in error.hint


@pytest.mark.fault(52)
@pytest.mark.parametrize("wrong", [OTHER_KEY, "expired", "nonsense sig=1", "no key at all", ""])
def test_what_the_server_does_not_take_waits_for_a_person_and_is_not_quoted(lab, wrong, caplog):
    secret = lab.server.sas("rwdlc", minutes=-60) if wrong == "expired" else wrong
    transport = lab.transport(None, given(secret))

    error = lab.fails(transport, lab.shipment(transport, 10), CredentialNeeded)

    assert not secret or secret not in f"{error!r} {error.message} {error.hint} {error.__cause__} {caplog.text}"


@pytest.mark.fault(52)
def test_one_that_is_withdrawn_amid_an_upload_is_replaced_and_no_block_is_sent_twice(lab):
    proxy = lab.proxy()
    with lab.server.lent(lab.prefix) as (signature, withdraw):
        transport = lab.transport(proxy, given(signature), given(KEY))
        shipment = lab.shipment(transport)
        shipment.on_read = lambda offset: withdraw() if offset == 2 * MIB else None

        transport.send(shipment)

    assert blocks_taken(proxy.requests) == [1, 2, 3, 4]
    assert ["sig=" in row.path for row in proxy.requests[:5]] == [True, True, True, False, False]
    assert lab.body() == shipment.path.read_bytes()


def test_the_next_credential_is_asked_for_once_one_is_refused(lab):
    transport = lab.transport(wallet=Wallet(given(OTHER_KEY), given(KEY)))
    shipment = lab.shipment(transport)

    transport.send(shipment)

    assert lab.body() == shipment.path.read_bytes()


@pytest.mark.fault(91)
def test_a_signature_stands_in_no_log_of_any_library(lab, caplog):
    caplog.set_level(logging.DEBUG)
    sas = lab.server.sas("rwdlc")
    transport = lab.transport(None, given(sas))

    transport.send(lab.shipment(transport))

    signature = sas.partition("sig=")[2].partition("&")[0]
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert signature not in caplog.text


def test_a_token_goes_as_such(lab, caplog):
    caplog.set_level(logging.DEBUG)
    headers = (("x-ms-request-id", "1"), ("x-ms-error-code", "InvalidAuthenticationInfo"))
    with Receiver(None) as server:
        server.script.add(Rule(do=Answer(401, headers), times=None))
        transport = lab.transport(server, Credential(kind="bearer", secret=Secret("t0ken-of-entra")))

        lab.fails(transport, lab.shipment(transport, 10), CredentialNeeded)

        assert {row.header("Authorization") for row in server.requests} == {"Bearer t0ken-of-entra"}
    assert "t0ken-of-entra" not in caplog.text


@pytest.mark.parametrize("secret", ["sv=1&sig=abc", "eyJ0.e30.c2ln"])
def test_what_whoever_listens_could_use_goes_over_no_network_in_the_clear(lab, secret):
    words = {"endpoint_url": "http://far.example/"}

    error = lab.fails(lab.transport(None, given(secret), **words), lab.shipment(lab.transport(), 10), ConfigurationError)

    assert "in the clear" in error.message
    assert secret not in error.message
