"""What a server's refusals mean, and what bad input comes to."""

import os
from pathlib import PurePosixPath

import pytest
from sendoff import (
    ConfigurationError,
    Credential,
    CredentialNeeded,
    Destination,
    InvalidArgument,
    NoSpace,
    Permanent,
    Rejected,
    Secret,
    ServerBusy,
    TargetExists,
    TooLarge,
    Transient,
)
from sendoff.testing.receiver import Answer, Receiver, Rule
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit
from sendoff_azure_blob import AzureBlobTransport, Settings

from tests.servers.azurite import ACCOUNT, KEY

MEANINGS = [
    (403, "AuthenticationFailed", CredentialNeeded),
    (403, "AuthorizationPermissionMismatch", Rejected),
    (401, "NoAuthenticationInformation", CredentialNeeded),
    (404, "ContainerNotFound", Rejected),
    (409, "ContainerBeingDeleted", ServerBusy),
    (409, "BlobImmutableDueToPolicy", Rejected),
    (409, "SomethingNew", Transient),
    (412, "LeaseIdMissing", Rejected),
    (409, "BlobAlreadyExists", TargetExists),
    (413, "RequestBodyTooLarge", TooLarge),
    (400, "Md5Mismatch", Transient),
    (400, "InvalidHeaderValue", Rejected),
    (409, "BlockCountExceedsLimit", Permanent),
    (429, "", ServerBusy),
    (500, "InternalError", ServerBusy),
    (500, "OperationTimedOut", ServerBusy),
    (503, "ServerBusy", ServerBusy),
    (507, "", NoSpace),
    (502, "", Transient),
]


@pytest.fixture
def told(tmp_path):
    """The error that a try ends with, where the server answers like this; and how often it was asked."""

    def tell(status, headers=(), body=b"", size=10, **settings):
        path = tmp_path / "source"
        path.write_bytes(os.urandom(size))
        with Receiver(None) as server:
            server.script.add(Rule(do=Answer(status, tuple(headers), body), times=None))
            wallet = Wallet(Credential(username=ACCOUNT, secret=Secret(KEY)))
            words = {"endpoint_url": server.url.rstrip("/") + f"/{ACCOUNT}", **settings}
            destination = Destination(url=f"azure://{ACCOUNT}/box/", transport="azure-blob", credential="wallet")
            transport = AzureBlobTransport(destination, Settings(**words), loose_toolkit(credential=wallet))
            with LooseShipment(path=path, target=transport.target(PurePosixPath("x")), credentials=wallet) as shipment, pytest.raises(Exception) as caught:
                transport.send(shipment)
            transport.close()
            return caught.value, len(server.requests)

    return tell


def azure(code, *more):
    return (("x-ms-request-id", "1"), *((("x-ms-error-code", code),) if code else ()), *more)


@pytest.mark.parametrize(("status", "code", "kind"), MEANINGS)
def test_each_refusal_says_who_must_act_and_is_asked_for_once(told, status, code, kind):
    error, asked = told(status, azure(code))

    assert isinstance(error, kind), f"{type(error).__name__}: {error.message}"
    assert asked == 1
    assert kind is CredentialNeeded or (error.facts["http_status"], code in error.message) == (status, True)  # its source says that there is no other


@pytest.mark.fault(51)
def test_a_busy_server_is_left_alone_as_long_as_it_says(told):
    error, asked = told(503, azure("ServerBusy", ("Retry-After", "7")))

    assert (error.retry_after, asked) == (7, 1)


@pytest.mark.fault(59)
def test_a_wrong_clock_is_named(told):
    body = b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:1</Message>"
    body += b"<AuthenticationErrorDetail>Request date header too old: 'Sat, 28 Nov 2026'</AuthenticationErrorDetail></Error>"

    error, _ = told(403, azure("AuthenticationFailed", ("Content-Type", "application/xml")), body)

    assert isinstance(error, Transient)
    assert "clock wrong" in error.message


@pytest.mark.fault(49)
@pytest.mark.parametrize("status", [200, 201, 302, 403, 404])
@pytest.mark.parametrize("size", [10, 9 * 2**20])
def test_a_portals_page_is_no_answer_of_azures(told, status, size):
    error, _ = told(status, (("Content-Type", "text/html"),), b"<html>Welcome</html>", size=size)

    assert isinstance(error, Transient)
    assert "portal" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "azure://a/box/x", "azure://Account/box/x", "azure://account/b/x", "azure://account/Box/x", "azure://account/b--x/x", "azure://account/box",
        "azure://account/box/x?sv=1&sig=2", "azure://account:80/box/x", "azure://account/box/%FF", f"azure://account/box/{'n' * 1025}",
    ],
)  # fmt: skip
def test_an_address_that_can_mean_no_blob_is_refused_before_anything_is_stored(url):
    transport = AzureBlobTransport(Destination(url=url, transport="azure-blob", exact=True), Settings(), loose_toolkit())

    with pytest.raises(InvalidArgument) as caught:
        transport.target(None)

    assert "sig=2" not in caught.value.message


@pytest.mark.parametrize(
    "words",
    [
        {"endpoint_url": "ftp://x"}, {"endpoint_url": "https://h/?sv=1&sig=2"}, {"endpoint_url": "https://me:pw@h/"}, {"block_size": "1k"},
        {"block_size": "5G"}, {"metadata": {"1a": "x"}}, {"metadata": {"a": "ü"}}, {"tags": "alone"}, {"access_tier": "hot"}, {"unknown": 1},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_without_quoting_them(words):
    with pytest.raises(ValueError) as caught:
        Settings(**words)

    assert "sig=2" not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("headers", [(("X-Ms-Meta-Sendoff_Op", "x"),), (("X-Other", "x"),)])
def test_a_header_that_azure_does_not_keep_is_refused(lab, headers):
    transport = lab.transport()

    lab.fails(transport, lab.shipment(transport, 10, headers=headers), InvalidArgument)


def test_an_api_version_that_the_library_does_not_know_is_a_mistake_in_the_configuration(lab):
    transport = lab.transport(api_version="1999-01-01")

    lab.fails(transport, lab.shipment(transport, 10), ConfigurationError)


def test_metadata_tags_tier_and_headers_arrive(lab):
    transport = lab.transport(metadata={"project": "films"}, tags="kind=raw", access_tier="Cool")
    for size in (10, 2 * 2**20):
        transport.send(lab.shipment(transport, size, name="described.html", headers=(("X-Ms-Meta-Who", "me"), ("Cache-Control", "no-store"))))

        held = lab.blob("described.html").get_blob_properties()
        assert {name: held.metadata.get(name) for name in ("project", "Who")} == {"project": "films", "Who": "me"}
        assert (held.content_settings.content_type, held.content_settings.cache_control, held.blob_tier) == ("text/html", "no-store", "Cool")
        assert lab.blob("described.html").get_blob_tags() == {"kind": "raw"}
