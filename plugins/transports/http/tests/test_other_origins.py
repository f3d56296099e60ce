"""Where a server's word leads to another origin: no credential, none of the caller's headers, and not everywhere at all."""

import pytest
from sendoff import Credential, Leftover, Refused, Rejected, Secret
from sendoff.testing.receiver import Answer, Close, Reset, Rule
from sendoff.testing.shipment import Wallet

from plugins.transports.http.tests.authority import Authority, server_context

SIZE = 250_000
ME = Credential(kind="bearer", secret=Secret("canary-token"))
MINE = (("X-Mine", "canary-word"), ("X-Key", Secret("canary-key")))


def created(where):
    """A creation at a tus server that lets the upload grow elsewhere."""
    return Rule(do=Answer(201, (("Tus-Resumable", "1.0.0"), ("Location", where))), method="POST")


def begun(receiver):
    """An upload at this receiver that somebody else has created: its address."""
    from tests.servers.wire import ask

    said = ask("POST", receiver.url, Tus_Resumable="1.0.0", Upload_Length=str(SIZE), Upload_Metadata="filename dGhpbmc=")
    return receiver.url.rstrip("/") + said["Location"]


@pytest.fixture
def two(lab):
    """A receiver that creates uploads at another one, and the transport to the first."""

    def make(*rules, **settings):
        far = lab.receiver(*rules, tus=True, folder=lab.folder / "far")
        near = lab.receiver(created(begun(far)), tus=True, folder=lab.folder / "near")
        words = {"credential": Wallet(ME), "protocol": "tus", "protocol_options": {"chunk_size": 100_000}, **settings}
        return near, far, lab.transport(near.url, **words)

    return make


@pytest.mark.fault(53, 97)
def test_an_upload_that_grows_at_another_origin_gets_no_credential_and_no_header_of_the_callers(lab, two):
    near, far, transport = two(Rule(do=Reset(), method="PATCH", at=50_000))
    _, shipment = lab.broken(transport, size=SIZE, headers=MINE)

    transport.send(lab.again(transport, shipment))

    assert far.stored("thing") == shipment.path.read_bytes()
    assert {row.header("Authorization") for row in near.requests} == {"Bearer canary-token"}
    assert [text for row in far.requests for text in map(str, row.headers) if "canary" in text] == []


@pytest.mark.fault(53)
def test_a_leftover_at_another_origin_is_taken_away_without_a_credential(lab, two):
    _, far, transport = two(Rule(do=Close(), method="PATCH", at=50_000))
    _, shipment = lab.broken(transport, size=SIZE, headers=MINE)

    transport.abort(Leftover(url=shipment.target.url, session=shipment.session, headers=MINE))

    assert far.requests[-1].method == "DELETE"
    assert [text for row in far.requests for text in map(str, row.headers) if "canary" in text] == []


@pytest.mark.fault(53)
def test_an_origin_that_the_destination_names_gets_them(lab):
    far = lab.receiver(tus=True, folder=lab.folder / "far")
    near = lab.receiver(created(begun(far)), tus=True, folder=lab.folder / "near")
    transport = lab.transport(near.url, protocol="tus", credential=Wallet(ME), session_origins=far.url)

    transport.send(lab.shipment(transport, SIZE, headers=MINE))

    row = far.requests[-1]
    assert (row.header("Authorization"), row.header("X-Mine"), row.header("X-Key")) == ("Bearer canary-token", "canary-word", "canary-key")


@pytest.mark.fault(98)
@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:1/x", "http://localhost:1/x", "http://[::1]:1/x", "http://10.0.0.1/x", "http://169.254.169.254/latest", "http://192.168.1.1/x"],
)
def test_a_public_server_does_not_lead_onto_this_machine_or_network(lab, place):
    proxy = lab.receiver(created(place), tus=True, folder=None)
    transport = lab.transport("http://far.example/files/", protocol="tus", proxy=proxy.url)

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert "lies on this machine or a private network; nothing was sent there" in str(error)
    assert "session_origins" in error.hint
    assert shipment.given is None
    assert [row.method for row in proxy.requests] == ["OPTIONS", "POST"]


@pytest.mark.fault(98)
def test_it_may_where_the_destination_says_so(lab):
    proxy = lab.receiver(created("http://10.0.0.1/x"), tus=True, folder=None)
    proxy.script.add(Rule(do=Answer(204, (("Tus-Resumable", "1.0.0"), ("Upload-Offset", str(SIZE)))), method="PATCH"))
    words = {"proxy": proxy.url, "session_origins": "http://10.0.0.1"}
    transport = lab.transport("http://far.example/files/", protocol="tus", protocol_options={"checksum": False}, **words)

    transport.send(lab.shipment(transport, SIZE))

    assert proxy.requests[-1].path == "http://10.0.0.1/x"


@pytest.mark.fault(53)
def test_an_encrypted_destination_does_not_lead_to_one_that_is_not(lab, tmp_path):
    authority = Authority(tmp_path)
    plain = lab.receiver(tus=True, folder=lab.folder / "far")
    receiver = lab.receiver(created(f"{plain.url}x"), tus=True, tls=server_context(authority.issue("server")))
    transport = lab.transport(receiver.url, protocol="tus", ca_file=str(authority.file))

    error, _ = lab.broken(transport, kind=Rejected, size=SIZE)

    assert "is not encrypted; nothing was sent there" in str(error)
    assert plain.requests == ()


@pytest.mark.fault(53)
@pytest.mark.parametrize("place", ["ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "javascript://x/%0aalert(1)"])
def test_what_is_no_http_address_is_not_gone_to(lab, place):
    receiver = lab.receiver(created(place), tus=True)
    transport = lab.transport(receiver.url, protocol="tus")

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert "is no HTTP address" in str(error)
    assert shipment.given is None


@pytest.mark.fault(98)
def test_the_policy_is_asked_before_a_server_leads_elsewhere(lab):
    asked = []

    def allowed(url):
        asked.append(url)
        raise Refused("the policy forbids it")

    far = lab.receiver(tus=True, folder=lab.folder / "far")
    place = begun(far)
    near = lab.receiver(created(place), tus=True, folder=lab.folder / "near")
    transport = lab.transport(near.url, protocol="tus", toolkit={"allowed": allowed})

    lab.broken(transport, kind=Refused, size=SIZE)

    assert asked == [place]
    assert [row.method for row in far.requests] == ["POST"]  # the one of this test


@pytest.mark.fault(53)
@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_from_one_origin_to_another_is_refused_in_the_middle_too(lab, status):
    far = lab.receiver(tus=True, folder=lab.folder / "far")
    near = lab.receiver(tus=True, folder=lab.folder / "near")
    near.script.add(Rule(do=Answer(status, (("Location", f"{far.url}x"),)), method="PATCH", at=0))
    transport = lab.transport(near.url, protocol="tus", credential=Wallet(ME))

    error, _ = lab.broken(transport, kind=Rejected, size=SIZE)

    assert "is another server" in str(error)
    assert far.requests == ()


@pytest.mark.fault(54)
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "HEAD", "PATCH"])
@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_is_followed_nowhere(lab, method, status):
    receiver = lab.receiver(Rule(do=Close(), method="PATCH", at=1000), tus=True)
    transport = lab.transport(receiver.url, protocol="tus")
    if method in ("HEAD", "PATCH"):
        _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(Rule(do=Answer(status, (("Location", "/elsewhere"),)), method=method, at=0 if method == "PATCH" else None))
    shipment = lab.again(transport, shipment) if method in ("HEAD", "PATCH") else lab.shipment(transport, SIZE)

    error, _ = lab.broken(transport, shipment, kind=Rejected)

    assert "redirected" in str(error)
    assert "/elsewhere" not in {row.path for row in receiver.requests}


@pytest.mark.fault(53)
@pytest.mark.parametrize("status", [307, 308])
def test_a_chunk_follows_a_redirect_within_its_origin(lab, status):
    receiver = lab.receiver(tus=True)
    transport = lab.transport(receiver.url, protocol="tus")
    shipment = lab.shipment(transport, SIZE)
    kept = shipment.record

    def moved(session):
        kept(session)
        if not any(row.method == "PATCH" for row in receiver.requests):
            place = session.data["url"].removeprefix(receiver.url.rstrip("/"))
            receiver.script.add(Rule(do=Answer(status, (("Location", f"{place}?moved"),)), path=place, method="PATCH", at=0))

    shipment.record = moved
    transport.send(shipment)

    assert [row.method for row in receiver.requests] == ["OPTIONS", "POST", "PATCH", "PATCH"]
    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert shipment.session.data["url"].endswith("?moved")
