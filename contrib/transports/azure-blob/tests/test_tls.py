"""Over TLS: whom it trusts, and tokens, which a server takes over nothing else."""

import datetime
import ipaddress
import json
import time
from base64 import urlsafe_b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sendoff import Credential, CredentialNeeded, Permanent, Secret
from sendoff.testing.shipment import Wallet

from tests.servers.azurite import Azurite

pytestmark = pytest.mark.needs_server
MIB = 2**20
DAY = datetime.timedelta(days=1)


def certificate(file):
    """Key and certificate of 127.0.0.1 in one PEM file, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - DAY).not_valid_after(now + DAY)
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
    signed = made.add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(plain + signed.public_bytes(serialization.Encoding.PEM))
    return file


def token(*, ends=3600):
    """One of Entra's, as far as Azurite looks at it."""
    now = int(time.time())
    says = {"aud": "https://storage.azure.com", "iss": "https://sts.windows-ppe.net/of-a-test/", "iat": now - 60, "nbf": now - 60, "exp": now + ends}
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none", "typ": "JWT"}, says, {"of": "nobody"}))


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secure")
    with Azurite(folder, certificate=certificate(folder / "azurite.pem")) as server:
        yield server


def to(lab, server, *credentials, **settings):
    words = {"endpoint_url": server.url, "ca_file": str(server.certificate), **settings}
    return lab.transport(server, *credentials, **words)


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_a_token_is_enough(lab, secure, size):
    lab.server = secure
    transport = to(lab, secure, Credential(kind="bearer", secret=Secret(token())))
    shipment = lab.shipment(transport, size)

    transport.send(shipment)

    assert lab.body() == shipment.path.read_bytes()


@pytest.mark.fault(52)
def test_a_token_that_has_expired_is_replaced(lab, secure):
    lab.server = secure
    wallet = Wallet(*[Credential(kind="bearer", secret=Secret(token(ends=ends))) for ends in (-30, 3600)])
    transport = to(lab, secure, wallet=wallet)
    shipment = lab.shipment(transport)

    transport.send(shipment)

    assert lab.body() == shipment.path.read_bytes()


def test_a_token_for_somebody_else_waits_for_a_person(lab, secure):
    lab.fails(to(lab, secure, Credential(kind="bearer", secret=Secret("a.b.c"))), lab.shipment(lab.transport(), 10), CredentialNeeded)


def test_a_server_whose_certificate_nobody_has_vouched_for_gets_nothing(lab, secure):
    lab.server = secure
    transport = to(lab, secure, ca_file=None)

    error = lab.fails(transport, lab.shipment(transport, 10), Permanent)

    assert "nothing was sent" in error.message
    assert lab.body() is None
