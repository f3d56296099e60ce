"""Credentials that a program hands over: kept sealed, proved in the strongest way that is asked for, and shown to nobody else."""

import base64
from contextlib import contextmanager

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from plugins.transports.http.tests.authority import Authority, server_context
from plugins.transports.http.tests.digest_server import DigestServer
from plugins.transports.http.tests.test_proxy import Tunnel
from tests.end_to_end.stage import Stage

SOON = 60
WORD = "canary-right-7351"
ME = sendoff.Credential(username="me", secret=sendoff.Secret(WORD))
BASIC = f"Basic {base64.b64encode(f'me:{WORD}'.encode()).decode()}"
WHO = Answer(401, (("WWW-Authenticate", 'Basic realm="here"'),))


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@contextmanager
def uploading(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        yield sendoff.BackgroundUploader(client)


@pytest.fixture
def uploader(stage):
    with uploading(stage) as made:
        yield made


@pytest.fixture
def digest():
    server = DigestServer(password=WORD, basic=True)
    yield server
    server.close()


def proofs(rows):
    return [(row.method, row.header("Authorization")) for row in rows]


@pytest.mark.parity("F9", "F11", "F12", "A20")
def test_a_digest_is_chosen_where_it_is_offered_and_the_password_lies_nowhere_after_a_restart_either(stage, uploader, digest):
    path, _ = stage.file(100_000)
    uploader.server_credential = ME
    operation = uploader.create_upload(digest.url + "thing", path)
    stage.kill_host()

    operation.start().result(SOON)

    assert [(method, (proof or "none").partition(" ")[0], status) for method, _, proof, _, status in digest.requests] == [
        ("HEAD", "none", 401),
        ("POST", "Digest", 201),
    ]
    assert len(digest.stored["/thing"]) == 100_000
    written = b"".join(path.read_bytes() for path in stage.state.rglob("*") if path.is_file())
    assert [trace for trace in (WORD, base64.b64encode(WORD.encode()).decode(), BASIC) if trace.encode() in written] == []


@pytest.mark.parity("F9", "F11")
def test_a_password_goes_out_when_it_was_asked_for_and_no_sooner(stage, uploader, tmp_path):
    path, digest = stage.file(1000)
    with Receiver(tmp_path / "received", authorization=BASIC) as receiver:
        uploader.server_credential = ME
        for number in (1, 2):
            uploader.create_upload(f"{receiver.url}{number}", path).start().result(SOON)

        assert proofs(receiver.requests) == [("HEAD", None), ("POST", BASIC), ("POST", BASIC)]
        assert {row.sha256 for row in receiver.requests if row.method == "POST"} == {digest}


@pytest.mark.parity("F9")
def test_nobody_asks_and_nobody_is_told(stage, uploader, receiver):
    path, _ = stage.file(1000)
    uploader.server_credential = ME

    uploader.create_upload(receiver.url + "a", path).start().result(SOON)

    assert {proof for _, proof in proofs(receiver.requests)} == {None}


@pytest.mark.parity("F9")
def test_a_redirect_to_another_server_takes_nothing_along(stage, uploader, tmp_path):
    path, _ = stage.file(1000)
    with Receiver(tmp_path / "other") as other:
        rules = [Rule(do=WHO, method="HEAD", times=1), Rule(do=Answer(307, (("Location", other.url + "x"),)), method="POST", times=None)]
        with Receiver(tmp_path / "received", script=rules) as receiver:
            uploader.server_credential = ME
            operation = uploader.create_upload(receiver.url + "a", path)

            with pytest.raises(sendoff.UploadFailed, match="is another server"):
                operation.start().result(SOON)

        assert proofs(receiver.requests) == [("HEAD", None), ("POST", BASIC)]
        assert other.connections == 0


@pytest.mark.parity("F9")
def test_one_that_is_refused_needs_a_person_and_another_one_takes_its_place(stage, uploader, tmp_path, monkeypatch):
    path, _ = stage.file(1000)
    right = "Basic " + base64.b64encode(b"me:newer").decode()
    for name, value in (("NEWER_USERNAME", "me"), ("NEWER_PASSWORD", "newer")):
        monkeypatch.setenv(name, value)
        stage.environment[name] = value
    with Receiver(tmp_path / "received", authorization=right) as receiver:
        uploader.server_credential = ME
        operation = uploader.create_upload(receiver.url + "a", path)
        with pytest.raises(sendoff.NeedsAttention, match="the server refused the credential that came with this upload") as caught:
            operation.start().result(SOON)
        assert caught.value.facts["what"] == "credential"

        stage.run("set", operation.id, "--credential", "env:NEWER")
        operation.resume()

        assert operation.wait(SOON).response.status_code == 201
        assert {proof for _, proof in proofs(receiver.requests)} == {None, BASIC, right}


@pytest.mark.parity("F9", "F96")
def test_it_is_erased_with_the_upload_and_a_retry_says_what_is_missing(stage, uploader, receiver):
    path, _ = stage.file(1000)
    receiver.script.add(Rule(do=Answer(410), method="POST"))
    uploader.server_credential = ME
    operation = uploader.create_upload(receiver.url + "gone", path)
    with pytest.raises(sendoff.UploadFailed):
        operation.start().result(SOON)
    operation.acknowledge()

    with pytest.raises(sendoff.InvalidState, match="the credential that came with it"):
        operation.retry()


@pytest.mark.parity("F10")
def test_each_of_proxy_and_server_gets_its_own_and_never_the_others(stage, tmp_path):
    path, _ = stage.file(1000)
    (tmp_path / "authority").mkdir()
    authority = Authority(tmp_path / "authority")
    tunnel = Tunnel("Basic cDpwcm94eQ==")
    with Receiver(tmp_path / "received", tls=server_context(authority.issue("server")), authorization=BASIC) as receiver:
        stage.config.write_text(f'[destinations.far]\nurl = "{receiver.url}"\nproxy = "{tunnel.url}"\nca_file = "{authority.file}"\n')
        with uploading(stage) as uploader:
            uploader.server_credential = ME
            uploader.proxy_credential = sendoff.Credential(username="p", secret=sendoff.Secret("proxy"))
            uploader.create_upload("far:a", path).start().result(SOON)
        told = "".join(tunnel.heads)
    tunnel.close()

    assert "Proxy-Authorization: Basic cDpwcm94eQ==" in told
    assert "Authorization: " + BASIC not in told
    assert proofs(receiver.requests) == [("HEAD", None), ("POST", BASIC)]
    assert {row.header("Proxy-Authorization") for row in receiver.requests} == {None}


@pytest.mark.parity("F11")
def test_a_proxy_that_wants_a_login_never_gets_the_servers(stage, tmp_path):
    path, _ = stage.file(1000)
    rule = Rule(do=Answer(407, (("Proxy-Authenticate", 'Basic realm="proxy"'),)), times=None)
    with Receiver(tmp_path / "proxy", script=[rule]) as proxy:
        stage.config.write_text(
            '[retry]\nbackoff = ["0.05s", "0.1s"]\n[destinations.far]\nurl = "http://far.example/"\ncleartext = true\n'
            f'proxy = "http://127.0.0.1:{proxy.port}"\n'
        )
        with uploading(stage) as uploader:
            uploader.server_credential = ME
            operation = uploader.create_upload("far:a", path)
            with pytest.raises(sendoff.UploadFailed) as caught:
                operation.start().result(SOON)

        assert sendoff.get_status(caught.value) is sendoff.WebErrorStatus.PROXY_AUTHENTICATION_REQUIRED
        sent = {row.header(name) for row in proxy.requests for name in ("Authorization", "Proxy-Authorization")}
        assert (sent, len(proxy.requests) > 0) == ({None}, True)


@pytest.mark.parity("F13")
@pytest.mark.parametrize("name", ["server_credential", "proxy_credential"])
def test_one_without_a_name_or_a_secret_is_a_value_error(uploader, name):
    for empty in (sendoff.Credential(username="", secret=sendoff.Secret("x")), sendoff.Credential(username="me", secret=sendoff.Secret(""))):
        with pytest.raises(ValueError, match="the credential has no"):
            setattr(uploader, name, empty)
    assert getattr(uploader, name) is None


@pytest.mark.parity("F13")
def test_a_hundred_uploads_have_a_hundred_credentials(stage, uploader, tmp_path):
    path, _ = stage.file(100)
    with Receiver(tmp_path / "received", script=[Rule(do=WHO, method="HEAD", times=None)]) as receiver:
        operations = []
        for number in range(100):
            uploader.server_credential = sendoff.Credential(username=f"user{number}", secret=sendoff.Secret(f"word{number}"))
            operations.append(uploader.create_upload(f"{receiver.url}{number}", path))
        for handle in [operation.start() for operation in operations]:
            handle.result(SOON)

        said = {row.path: row.header("Authorization") for row in receiver.requests if row.method == "POST"}
        expected = {f"/{number}": "Basic " + base64.b64encode(f"user{number}:word{number}".encode()).decode() for number in range(100)}
        assert said == expected
