"""Digest authentication: the password never goes out, challenges are answered, old ones too."""

import base64

import pytest
from sendoff import Credential, CredentialNeeded, Demand, Secret
from sendoff.testing.receiver import Answer, Rule
from sendoff.testing.shipment import Wallet

from plugins.transports.http.tests.digest_server import DigestServer

RIGHT = Credential(kind="basic", username="me", secret=Secret("right"))
WRONG = Credential(kind="basic", username="me", secret=Secret("wrong"))
CLEAR = base64.b64encode(b"me:right").decode()
SIZE = 300_000


@pytest.fixture
def digest(lab):
    """A server that wants a digest, and a transport with credentials."""

    def make(*credentials, login="auto", toolkit=None, **words):
        server = lab.keep(DigestServer(**words))
        return server, lab.transport(server.url, credential=Wallet(*(credentials or (RIGHT,))), login=login, toolkit=toolkit)

    return make


def seen(server):
    return [(method, (proof or "none").partition(" ")[0], size, status) for method, _, proof, size, status in server.requests]


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-512-256", "SHA-256"), ("SHA-256", "MD5")], ids="+".join)
@pytest.mark.parametrize("basic", [False, True], ids=["alone", "besides basic"])
def test_a_challenge_is_answered_and_the_next_request_needs_none(lab, digest, algorithms, basic):
    server, transport = digest(algorithms=algorithms, basic=basic)
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)
    transport.send(lab.shipment(transport, 10, demand=Demand(verify="size"), name="a b?c"))

    assert server.stored["/thing"] == shipment.path.read_bytes()
    assert seen(server)[:2] == [("PUT", "Basic", SIZE, 401), ("PUT", "Digest", SIZE, 201)]
    assert [proof for _, proof, _, _ in seen(server)[2:]] == ["none", "Digest", "Digest"]
    assert seen(server)[2] == ("HEAD", "none", 0, 401)


def test_the_password_itself_never_goes_out_where_that_was_asked_for(lab, digest):
    server, transport = digest(login="digest")
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert seen(server) == [("HEAD", "none", 0, 401), ("PUT", "Digest", SIZE, 201)]
    assert [proof for _, _, proof, _, _ in server.requests if CLEAR in (proof or "") or "right" in (proof or "")] == []
    assert shipment.given == SIZE


def test_a_server_that_wants_a_digest_is_remembered(lab, digest):
    server, transport = digest()
    transport.send(lab.shipment(transport, SIZE))
    later = lab.transport(server.url, credential=Wallet(RIGHT), toolkit={"learned": transport.toolkit.learned})

    later.send(lab.shipment(later, SIZE))

    assert seen(server)[2:] == [("HEAD", "none", 0, 401), ("PUT", "Digest", SIZE, 201)]


def test_a_challenge_that_became_too_old_is_answered_anew(lab, digest):
    server, transport = digest(login="digest", uses=2)

    delivery = transport.send(lab.shipment(transport, SIZE, demand=Demand(existing="fail", verify="size")))

    assert (delivery.verified, delivery.existing) == ("size", "created")
    assert seen(server)[-3:] == [("PUT", "Digest", SIZE, 201), ("HEAD", "Digest", 0, 401), ("HEAD", "Digest", 0, 200)]


@pytest.mark.fault(52)
@pytest.mark.parametrize("login", ["auto", "digest"])
def test_a_wrong_password_is_exchanged_for_a_newer_one_once(lab, digest, login):
    server, transport = digest(WRONG, RIGHT, login=login)

    transport.send(lab.shipment(transport, SIZE))

    assert seen(server)[-1][1:] == ("Digest", SIZE, 201)


@pytest.mark.fault(52)
@pytest.mark.parametrize("login", ["auto", "digest"])
def test_a_wrong_password_needs_a_person(lab, digest, login):
    server, transport = digest(WRONG, login=login)

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert len(server.requests) <= 4


@pytest.mark.parametrize("words", [{"algorithms": ("SHA-512-256",)}, {"qop": 'qop="auth-int"'}], ids=["algorithm", "quality"])
def test_a_challenge_that_cannot_be_answered_needs_a_person(lab, digest, words):
    server, transport = digest(login="digest", **words)

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert [size for *_, size, _ in server.requests] == [0]


@pytest.mark.parametrize("challenge", ["Digest", "Digest realm", 'Digest realm="x"', "Digest ,,,", 'Digest realm="x", nonce="n", algorithm=NONE'])
def test_a_challenge_that_is_none_needs_a_person(lab, challenge):
    receiver = lab.receiver(Rule(do=Answer(401, (("WWW-Authenticate", challenge),)), times=None))
    transport = lab.transport(receiver.url, credential=Wallet(RIGHT), login="digest")

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert sum(row.received for row in receiver.requests) == 0


def test_a_server_that_calls_every_answer_too_old_is_not_answered_for_ever(lab):
    stale = 'Digest realm="x", nonce="n", qop="auth", stale=true'
    receiver = lab.receiver(Rule(do=Answer(401, (("WWW-Authenticate", stale),)), times=None))
    transport = lab.transport(receiver.url, credential=Wallet(RIGHT))

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert len(receiver.requests) <= 4


def test_a_server_that_wants_no_digest_any_more_gets_what_it_wants(lab):
    receiver = lab.receiver(authorization=f"Basic {CLEAR}")
    transport = lab.transport(receiver.url, credential=Wallet(RIGHT))
    transport.toolkit.learned.put("login", "digest")

    transport.send(lab.shipment(transport, SIZE))

    assert [(row.method, row.status) for row in receiver.requests] == [("HEAD", 401), ("PUT", 201)]
    assert transport.toolkit.learned.get("login") is None


def test_only_basic_means_that_no_challenge_is_answered(lab, digest):
    server, transport = digest(login="basic")

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert [proof for _, proof, _, _ in seen(server)] == ["Basic"]


def test_a_token_is_no_password(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url, credential=Wallet(Credential(kind="bearer", secret=Secret("t"))), login="digest")

    transport.send(lab.shipment(transport, SIZE))

    assert [row.header("Authorization") for row in receiver.requests] == ["Bearer t"]


# -- a credential that changes


class Changing:
    """Hands out tokens, another one each time."""

    def __init__(self):
        self.count = 0

    def __call__(self, kind="server", *, challenge=None, refused=None):
        self.count += 1
        return Credential(kind="bearer", secret=Secret(f"t{self.count}"))


def test_the_credential_is_asked_for_with_every_request(lab):
    receiver = lab.receiver(tus=True)
    transport = lab.transport(receiver.url, credential=Changing(), protocol="tus", protocol_options={"chunk_size": 100_000})

    transport.send(lab.shipment(transport, SIZE))

    used = [row.header("Authorization") for row in receiver.requests]
    assert len(set(used)) == len(used) == 5
