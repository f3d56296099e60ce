"""Whom an uploader trusts, and the numbers of what goes wrong with that."""

import datetime
from contextlib import suppress

import pytest
import sendoff
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from sendoff.testing.receiver import Answer, Receiver, Rule
from sendoff_http.tls import pin_of

from plugins.transports.http.tests.authority import DAY, Authority, server_context
from tests.end_to_end.stage import Stage

SOON = 60
SIZE = 1000


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        for operation in made.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)


@pytest.fixture
def uploader(client):
    made = sendoff.BackgroundUploader(client)
    made.method = "PUT"
    return made


@pytest.fixture
def secure(tmp_path, authority):
    """Receivers that speak TLS."""
    opened = []

    def make(name="server", *, rules=(), **facts):
        (folder := tmp_path / name).mkdir()
        opened.append(Receiver(folder, tls=server_context(authority.issue(name, **facts)), script=rules).open())
        return opened[-1]

    yield make
    for receiver in opened:
        receiver.close()


def number(operation):
    """What Windows calls the error of an upload that is started now, and what it says."""
    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.start().result(SOON)
    return sendoff.get_status(caught.value), str(caught.value)


def revoked(authority, file, folder):
    """The authority's certificate, and its list of revoked ones with that in ``file`` on it."""
    now = datetime.datetime.now(datetime.UTC)
    theirs = x509.load_pem_x509_certificate(file.read_bytes())
    entry = x509.RevokedCertificateBuilder().serial_number(theirs.serial_number).revocation_date(now - DAY).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.name).last_update(now - DAY).next_update(now + DAY)
    made = builder.add_revoked_certificate(entry).sign(authority.key, hashes.SHA256())
    path = folder / "with-revoked.pem"
    path.write_bytes(authority.file.read_bytes() + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parity("F159")
def test_a_server_whose_issuer_only_the_uploader_trusts_is_sent_to_also_by_the_next_host(stage, uploader, secure, authority, monkeypatch):
    receiver, (path, digest) = secure(), stage.file(SIZE)
    monkeypatch.chdir(authority.folder)
    uploader.tls = {"ca_file": authority.file.name, "min_tls": "1.3"}

    operation = uploader.create_upload(f"{receiver.url}a", path)
    stage.kill_host()
    operation.start().result(SOON)

    assert [(request.method, request.sha256) for request in receiver.requests] == [("PUT", digest)]
    assert dict(uploader.tls) == {"ca_file": str(authority.file), "min_tls": "1.3"}, "it is kept by its absolute path"


@pytest.mark.parity("F159", "F132")
def test_without_it_the_certificate_is_refused_and_nothing_sent(stage, uploader, secure):
    receiver, (path, _) = secure(), stage.file(SIZE)

    status, text = number(uploader.create_upload(f"{receiver.url}a", path))

    assert status is sendoff.WebErrorStatus.CERTIFICATE_IS_INVALID
    assert "issued by nobody whom this machine trusts" in text and receiver.requests == ()


@pytest.mark.parity("F159")
def test_a_pinned_key_is_the_only_one_that_is_sent_to(stage, uploader, secure, authority):
    path, _ = stage.file(SIZE)
    ours, theirs = secure("ours"), secure("theirs")
    pin = pin_of(x509.load_pem_x509_certificate((authority.folder / "ours.pem").read_bytes()).public_bytes(serialization.Encoding.DER))
    uploader.tls = {"ca_file": authority.file, "pin": [pin]}

    uploader.create_upload(f"{ours.url}a", path).start().result(SOON)
    status, text = number(uploader.create_upload(f"{theirs.url}a", path))

    assert status is sendoff.WebErrorStatus.CERTIFICATE_IS_INVALID and "not the pinned one" in text
    assert (len(ours.requests), theirs.requests) == (1, ())


@pytest.mark.parity("F159")
@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca_fle": "a.pem"}, "tls has no 'ca_fle'; did you mean 'ca_file'?"),
        ({"verify": False}, "tls has no 'verify'"),
        ("a.pem", "tls='a.pem': a mapping is expected"),
        ({"ca_file": 3}, "tls ca_file=3: the path of a file is expected"),
        ({"pin": 3}, "tls pin=3: a text is expected"),
    ],
)
def test_what_is_no_such_setting_is_refused_in_one_sentence(uploader, tls, said):
    with pytest.raises(sendoff.InvalidArgument) as caught:
        uploader.tls = tls

    assert str(caught.value).startswith(said) and dict(uploader.tls) == {}


@pytest.mark.parity("F159")
@pytest.mark.parametrize("tls", [{"pin": "nothing"}, {"client_key": "key.pem"}, {"min_tls": "1.0"}])
def test_what_cannot_be_is_refused_when_something_is_created(client, stage, uploader, secure, tls):
    receiver, (path, _) = secure(), stage.file(SIZE)
    uploader.tls = tls

    with pytest.raises(sendoff.SendoffError, match=next(iter(tls))):
        uploader.create_upload(f"{receiver.url}a", path)

    assert list(client.find()) == []


@pytest.mark.parity("F132")
@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"host": "other.example"}, sendoff.WebErrorStatus.CERTIFICATE_COMMON_NAME_IS_INCORRECT),
        ({"since": -2 * DAY, "until": -DAY}, sendoff.WebErrorStatus.CERTIFICATE_EXPIRED),
        ({"purpose": x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH}, sendoff.WebErrorStatus.CERTIFICATE_CONTAINS_ERRORS),
        ({"since": DAY, "until": 2 * DAY}, sendoff.WebErrorStatus.CERTIFICATE_IS_INVALID),
    ],
)
def test_a_certificate_that_does_not_hold_has_its_number(stage, uploader, secure, authority, facts, status):
    receiver, (path, _) = secure(**facts), stage.file(SIZE)
    uploader.tls = {"ca_file": authority.file}

    assert number(uploader.create_upload(f"{receiver.url}a", path))[0] is status
    assert receiver.requests == ()


@pytest.mark.parity("F132")
def test_a_certificate_that_its_issuer_has_revoked_has_its_number(stage, uploader, secure, authority, tmp_path):
    revoked_one, other, (path, _) = secure("revoked"), secure("other"), stage.file(SIZE)
    uploader.tls = {"ca_file": revoked(authority, authority.folder / "revoked.pem", tmp_path)}

    uploader.create_upload(f"{other.url}a", path).start().result(SOON)
    status, text = number(uploader.create_upload(f"{revoked_one.url}a", path))

    assert status is sendoff.WebErrorStatus.CERTIFICATE_REVOKED and "was revoked" in text
    assert revoked_one.requests == ()


@pytest.mark.parity("F132")
@pytest.mark.parametrize("code", [301, 307, 308])
def test_a_redirect_between_encrypted_and_not_is_not_followed_and_has_its_number(stage, uploader, secure, authority, tmp_path, code):
    moved = lambda url: [Rule(do=Answer(code, (("Location", url),)), path="/a", times=None)]  # noqa: E731
    (tmp_path / "clear").mkdir()
    with Receiver(tmp_path / "clear") as clear:
        encrypted, (path, _) = secure(rules=moved(f"{clear.url}b")), stage.file(SIZE)
        for rule in moved(f"{encrypted.url}b"):
            clear.script.add(rule)
        uploader.tls = {"ca_file": authority.file}

        down = number(uploader.create_upload(f"{encrypted.url}a", path))[0]
        up = number(uploader.create_upload(f"{clear.url}a", path))[0]

        assert (down, up) == (sendoff.WebErrorStatus.HTTPS_TO_HTTP_ON_REDIRECTION, sendoff.WebErrorStatus.HTTP_TO_HTTPS_ON_REDIRECTION)
        assert {request.path for request in (*clear.requests, *encrypted.requests)} == {"/a"}
