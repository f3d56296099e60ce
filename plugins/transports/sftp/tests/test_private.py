"""What must hold of the names that paramiko does not publish; a new major version is looked at here first."""

import os
import re
import threading
import tomllib
from importlib.metadata import version
from pathlib import Path

import paramiko
import pytest
from sendoff.testing.openssh import made_key
from sendoff.testing.proxy import Proxy
from sendoff_sftp import private
from sendoff_sftp.private import Client, Unanswered, agent_at

LEAF = Path(__file__).parents[1]


@pytest.fixture
def client(openssh, request):
    """Makes a client that has shaken hands through a proxy, and the proxy."""

    def made(patience=30.0):
        proxy = Proxy(openssh.port)
        request.addfinalizer(proxy.close)
        one = Client(("127.0.0.1", proxy.port))
        one.daemon = True
        request.addfinalizer(one.close)
        one.auth_timeout = patience
        one.start_client(timeout=20)
        return one, proxy

    return made


def test_the_major_version_is_pinned_and_installed():
    needed = tomllib.loads((LEAF / "pyproject.toml").read_text())["project"]["dependencies"]

    assert "paramiko>=5,<6" in needed
    assert version("paramiko").split(".")[0] == "5"


def test_no_other_module_uses_a_name_that_is_not_published():
    used = re.compile(r"(?:transport|channel|message|handler|agent|paramiko)\._[a-z]|from paramiko\.(?!ssh_exception|pkey)")
    others = [path for path in (LEAF / "sendoff_sftp").glob("*.py") if path.name != "private.py"]

    assert {path.name: found for path in others if (found := used.findall(path.read_text()))} == {}


def test_what_is_built_upon_is_there():
    assert issubclass(Client, paramiko.ServiceRequestingTransport)
    assert callable(private.AgentSSH._connect) and callable(private.AgentSSH._close)
    assert callable(paramiko.Transport._send_message) and callable(paramiko.Transport._parse_disconnect)
    assert callable(private.AuthOnlyHandler.wait_for_response) and callable(private.AuthOnlyHandler.send_auth_request)


@pytest.mark.needs_server
def test_an_agent_at_a_socket_shows_its_keys(agent, tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = made_key(tmp_path / "key")

    with agent_at(agent(key)) as found:
        (shown,) = found.get_keys()

    assert shown.get_base64() in key.with_suffix(".pub").read_text()
    assert "SSH_AUTH_SOCK" not in os.environ


def test_where_no_agent_listens_there_is_none(tmp_path):
    with agent_at(str(tmp_path / "nobody")) as found:
        assert found is None


@pytest.mark.needs_server
def test_a_login_service_that_does_not_answer_is_waited_for_no_longer_than_said(client):
    one, proxy = client(patience=0.3)
    proxy.fall_silent()

    with pytest.raises(Unanswered):
        one.ensure_session()


@pytest.mark.needs_server
def test_a_connection_that_ends_during_that_question_ends_the_wait(client):
    one, proxy = client()
    proxy.fall_silent()
    asking = threading.Timer(0.05, proxy.hang_up)
    asking.start()

    with pytest.raises(Unanswered):
        one.ensure_session()
    asking.join()


@pytest.mark.needs_server
def test_the_login_service_is_asked_for_once(client):
    one, proxy = client()
    one.ensure_session()
    before = proxy.sent

    one.ensure_session()

    assert proxy.sent == before


def test_an_answer_that_comes_at_once_is_not_missed(failing):
    """paramiko's own would wait for its whole patience then."""
    for _ in range(5):
        one = Client(("127.0.0.1", failing.port))
        one.daemon = True
        one.auth_timeout = 20
        one.start_client(timeout=20)
        with pytest.raises(paramiko.BadAuthenticationType):
            one.auth_none("me")
        assert one.auth_password("me", "open", fallback=False) == []
        one.close()


@pytest.mark.needs_server
def test_a_refusal_is_not_silence(client):
    one, _ = client()

    with pytest.raises(paramiko.AuthenticationException) as caught:
        one.auth_password("nobody", "x", fallback=False)

    assert not isinstance(caught.value, Unanswered) and one.is_active()


@pytest.mark.needs_server
def test_silence_is_not_a_refusal(client):
    one, proxy = client(patience=0.3)
    one.ensure_session()
    proxy.fall_silent()

    with pytest.raises(Unanswered, match="no answer within"):
        one.auth_password("nobody", "x", fallback=False)


def test_a_goodbye_is_kept(failing):
    """It is spoken by hand, as paramiko's own server has no such word."""
    one = Client(("127.0.0.1", failing.port))
    one.daemon = True
    one.start_client(timeout=20)
    failing.say_goodbye("enough of you")
    one.join(20)

    assert one.farewell == "enough of you"
    one.close()
