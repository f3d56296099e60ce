"""Pinned keys, certificates and proxies' logins of one destination: what they protect, and whom they are not for."""

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sendoff import Credential, Permanent, Secret, Unreachable
from sendoff.testing.receiver import Answer, Rule
from sendoff.testing.shipment import Wallet
from sendoff_http import Settings
from sendoff_http.tls import pin_of

from plugins.transports.http.tests.authority import Authority, server_context
from plugins.transports.http.tests.test_proxy import Tunnel

SIZE = 250_000
WRONG = "sha256//" + "A" * 43 + "="


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def pinned(lab, authority):
    """A receiver that speaks TLS, and the pin of its key."""
    file = authority.issue("server")
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return lab.receiver(tls=server_context(file), tus=True), pin_of(certificate.public_bytes(Encoding.DER))


@pytest.mark.parametrize("protocol", ["plain", "tus"])
@pytest.mark.parametrize("several", [False, True])
def test_the_pinned_key_is_taken(lab, authority, pinned, protocol, several):
    receiver, pin = pinned
    transport = lab.transport(receiver.url, ca_file=str(authority.file), pin=(WRONG, pin) if several else pin, protocol=protocol)
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(58)
@pytest.mark.parametrize("protocol", ["plain", "tus", "rufh", "auto"])
def test_another_key_gets_not_one_byte(lab, authority, pinned, protocol):
    receiver, pin = pinned
    wallet = Wallet(Credential(kind="bearer", secret=Secret("t")))
    transport = lab.transport(receiver.url, ca_file=str(authority.file), pin=WRONG, protocol=protocol, resume_from=1, credential=wallet)

    error, shipment = lab.broken(transport, kind=Permanent, size=SIZE)

    assert pin in str(error) and "nothing was sent" in str(error)
    assert (receiver.requests, shipment.given) == ((), None)


@pytest.mark.fault(58)
def test_a_pin_does_not_stand_for_a_certificate_that_holds(lab, pinned):
    receiver, pin = pinned
    transport = lab.transport(receiver.url, pin=pin)

    error, _ = lab.broken(transport, kind=Permanent)

    assert "issued by nobody whom this machine trusts" in str(error)


@pytest.mark.parametrize("pin", ["sha256//short=", "sha1//" + "A" * 27 + "=", "", WRONG.removesuffix("=")])
def test_what_is_no_pin_is_refused(pin):
    with pytest.raises(ValueError, match="pin"):
        Settings(pin=pin)


def test_another_origin_gets_neither_the_certificate_nor_the_pin(lab, authority):
    """The first server asks for a certificate and has the pinned key; the one it leads to would take a certificate, and has another key."""
    near_file, far_file = authority.issue("near"), authority.issue("far")
    far_tls = server_context(far_file, verify_mode=ssl.CERT_OPTIONAL)
    far_tls.load_verify_locations(authority.file)
    shown = []

    def noted(connected, name, context):
        shown.append(connected)

    far_tls.sni_callback = noted
    far = lab.receiver(tus=True, folder=lab.folder / "far", tls=far_tls)
    near_tls = server_context(near_file, verify_mode=ssl.CERT_REQUIRED)
    near_tls.load_verify_locations(authority.file)
    near = lab.receiver(tus=True, folder=lab.folder / "near", tls=near_tls)
    near.script.add(Rule(do=Answer(201, (("Tus-Resumable", "1.0.0"), ("Location", f"{far.url}x"))), method="POST"))
    far.script.add(Rule(do=Answer(204, (("Tus-Resumable", "1.0.0"), ("Upload-Offset", str(SIZE)))), method="PATCH"))
    pem = near_file.read_bytes()
    pin = pin_of(ssl.PEM_cert_to_DER_cert(pem[: pem.index(b"-----BEGIN PRIV")].decode().strip()))
    client = str(authority.issue("client", host="client.example"))
    words = {"protocol": "tus", "protocol_options": {"checksum": False}, "ca_file": str(authority.file), "client_cert": client, "pin": pin}
    transport = lab.transport(near.url, **words)

    transport.send(lab.shipment(transport, SIZE))

    assert far.requests[-1].method == "PATCH"
    assert [one.getpeercert() for one in shown] == [None]  # it was asked for one and gave none


def test_the_file_that_cannot_be_used_is_the_one_that_is_named(lab, authority):
    from sendoff import ConfigurationError

    transport = lab.transport("https://localhost:1/", ca_file=str(authority.file), client_cert="/nowhere.pem")

    error, _ = lab.broken(transport, kind=ConfigurationError)

    assert "/nowhere.pem" in str(error)


# -- a proxy's own login


class TwoLogins:
    """The server's credential and the proxy's; the proxy's changes when it is asked for again."""

    def __init__(self, *words):
        self.words = list(words)

    def __call__(self, kind="server", *, challenge=None, refused=None):
        if kind == "proxy":
            return Credential(kind="basic", username="p", secret=Secret(self.words.pop(0) if len(self.words) > 1 else self.words[0]))
        return Credential(kind="basic", username="s", secret=Secret("server"))


@pytest.mark.fault(60)
def test_a_proxy_gets_its_own_login_and_never_the_servers(lab, authority, pinned):
    receiver, _ = pinned
    tunnel = lab.keep(Tunnel())
    transport = lab.transport(receiver.url, proxy=tunnel.url, ca_file=str(authority.file), credential=TwoLogins("proxy"), protocol="tus")
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert "Proxy-Authorization: Basic cDpwcm94eQ==" in tunnel.heads[0]
    assert "czpzZXJ2ZXI=" not in "".join(tunnel.heads)
    assert {row.header("Authorization") for row in receiver.requests} == {"Basic czpzZXJ2ZXI="}
    assert {row.header("Proxy-Authorization") for row in receiver.requests} == {None}


@pytest.mark.fault(60)
@pytest.mark.parametrize("url", ["http://far.example/", "https://far.example/"])
def test_a_proxys_login_that_is_refused_is_asked_for_anew_at_the_next_try(lab, url):
    proxy = lab.receiver(Rule(do=Answer(407, (("Proxy-Authenticate", "Basic"),)), times=None), folder=None)
    transport = lab.transport(url, proxy=proxy.url, credential=TwoLogins("old", "new"), cleartext=True)
    shipment = lab.shipment(transport, 0)

    for _ in range(2):
        error, _ = lab.broken(transport, shipment, kind=Unreachable)
        assert error.http_status == 407

    assert [row.header("Proxy-Authorization") for row in proxy.requests] == ["Basic cDpvbGQ=", "Basic cDpuZXc="]
