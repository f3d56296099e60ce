"""Ways in: keys, certificates, the agent, passwords, questions, and hosts in between."""

import logging
import os
import subprocess
from pathlib import Path

import pytest
from sendoff import ConfigurationError, Credential, CredentialNeeded, HostKeyUnknown, Secret, Transient, Unreachable
from sendoff.ports.toolkit import MemoryLearned
from sendoff.testing.openssh import OpenSsh, made_key

from plugins.transports.sftp.tests.paramiko_server import ParamikoServer

openssh_only = pytest.mark.needs_server


def arrives(transport, ship, server):
    shipment = ship(transport)
    transport.send(shipment)
    return any(path.read_bytes() == shipment.path.read_bytes() for path in server.root.rglob("thing"))


def password(word="open", user="me"):
    return Credential(kind="basic", username=user, secret=Secret(word))


def authorize(server, *publics):
    (server.folder / "authorized").write_text("".join(publics))


@openssh_only
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_file(openssh, to_openssh, ship, tmp_path, kind):
    key = made_key(tmp_path / "key", kind=kind)
    authorize(openssh, key.with_suffix(".pub").read_text())

    assert arrives(to_openssh(identity_file=str(key)), ship, openssh)


@openssh_only
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_encrypted_key_file_opens_with_its_passphrase(openssh, to, ship, tmp_path, kind):
    key = made_key(tmp_path / "key", kind=kind, passphrase="sesame1")
    authorize(openssh, key.with_suffix(".pub").read_text())
    words = {"identity_file": str(key), "host_keys": str(openssh.known_hosts)}
    with pytest.raises(CredentialNeeded, match="needs a passphrase"):
        to(openssh.url("in/"), **words).send(ship(to(openssh.url("in/"))))
    transport = to(openssh.url("in/"), **words, passphrase_credential="env:WORD")
    given = Credential(kind="bearer", secret=Secret("sesame1"))
    object.__setattr__(transport.toolkit, "credential", lambda kind="server", **_: given if kind == "passphrase" else None)

    assert arrives(transport, ship, openssh)


@openssh_only
def test_a_private_key_that_is_itself_the_credential(openssh, to, ship):
    credential = Credential(kind="key", secret=Secret(openssh.user_key.read_text()))

    assert arrives(to(openssh.url("in/"), credential, host_keys=str(openssh.known_hosts), identity_file="/nowhere"), ship, openssh)


@openssh_only
def test_a_certificate_beside_the_key(tmp_path, to, ship):
    authority = made_key(tmp_path / "ca")
    lines = f"TrustedUserCAKeys {authority}.pub\nAuthorizedPrincipalsFile none"
    with OpenSsh(tmp_path / "server", authorized=False, lines=lines) as server:
        key = made_key(tmp_path / "key")
        subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", server.user, f"{key}.pub"], check=True, capture_output=True)

        assert arrives(to(server.url("in/"), identity_file=str(key), host_keys=str(server.known_hosts)), ship, server)


@openssh_only
def test_the_agent_of_the_submitter_and_not_our_own(openssh, to, ship, agent, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere")
    path = agent(openssh.user_key)
    words = {"host_keys": str(openssh.known_hosts), "agent": True}

    assert arrives(to(openssh.url("in/"), environment={"SSH_AUTH_SOCK": path}, **words), ship, openssh)
    with pytest.raises(CredentialNeeded, match="the agent does not answer"):
        to(openssh.url("in/"), environment={"SSH_AUTH_SOCK": "/nowhere"}, **words).send(ship(to(openssh.url("in/"))))


@openssh_only
def test_where_a_key_is_named_the_agent_offers_no_other(openssh, to, ship, agent, tmp_path):
    other = made_key(tmp_path / "other")
    path = agent(openssh.user_key)
    transport = to(openssh.url("in/"), environment={"SSH_AUTH_SOCK": path}, host_keys=str(openssh.known_hosts), agent=True, identity_file=str(other))

    with pytest.raises(CredentialNeeded):
        transport.send(ship(transport))


def test_a_password(failing, to_failing, ship):
    assert arrives(to_failing(), ship, failing)


def test_a_password_where_the_server_asks_questions(tmp_path, to, ship):
    server = ParamikoServer(tmp_path / "asking", questions={"me": "open"})
    try:
        assert arrives(to(server.url(), password(), host_keys=str(server.known_hosts), identity_file="/nowhere"), ship, server)
        assert server.log == [("questions", ["", "open"])]
    finally:
        server.close()


def test_a_refused_password_is_asked_for_anew_once(failing, to, ship):
    transport = to(failing.url(), password("old"), password("open"), host_keys=str(failing.known_hosts), identity_file="/nowhere")

    assert arrives(transport, ship, failing)
    assert failing.connections == 1


def test_a_refused_login_says_what_was_tried_and_for_whom(failing, to, ship, caplog):
    caplog.set_level(logging.DEBUG)
    transport = to(failing.url(), password("wrong-5ecret"), host_keys=str(failing.known_hosts), identity_file="/nowhere/key")

    with pytest.raises(CredentialNeeded) as caught:
        transport.send(ship(transport))

    assert "last credential was refused" in str(caught.value) and "'me'" in str(caught.value)
    assert caught.value.facts["everybody"] is True, "or each that waits would have it refused once more"
    assert failing.log == [("password", "me")], "one proof, offered once"
    assert "wrong-5ecret" not in caplog.text + str(caught.value)


@openssh_only
def test_a_server_that_says_goodbye_to_a_login_has_refused_it_and_its_words_are_told(tmp_path, to, ship):
    with OpenSsh(tmp_path / "strict", authorized=False, lines="MaxAuthTries 1") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))

        with pytest.raises(CredentialNeeded, match="it said: Too many authentication failures"):
            transport.send(ship(transport))


def test_a_connection_that_breaks_during_the_login_is_no_refusal(failing, to, ship):
    failing.faults.login = failing.hang_up
    transport = to(failing.url(), password(), host_keys=str(failing.known_hosts), identity_file="/nowhere")

    with pytest.raises(Transient, match="the login broke off"):
        transport.send(ship(transport))


def test_two_users_of_one_address_never_share_a_connection(tmp_path, to, ship):
    server = ParamikoServer(tmp_path / "two", passwords={"me": "open", "you": "open"})
    try:
        from dataclasses import replace

        transport = to(server.url(), password(), host_keys=str(server.known_hosts), identity_file="/nowhere")
        transport.send(ship(transport, name="mine"))
        yours = ship(transport, name="yours")
        yours.target = replace(yours.target, url=yours.target.url.replace("me@", "you@"))
        transport.send(yours)

        assert [user for _, user in server.log] == ["me", "you"]
        assert server.connections == 2
    finally:
        server.close()


# -- ~/.ssh/config


@openssh_only
def test_what_the_configuration_of_ssh_says_is_heeded(openssh, to, ship, tmp_path):
    config = tmp_path / "config"
    config.write_text(
        f"Host lab\n  HostName 127.0.0.1\n  Port {openssh.port}\n  User {openssh.user}\n  IdentityFile {openssh.user_key}\n"
        f"  UserKnownHostsFile {openssh.known_hosts}\n  IdentitiesOnly yes\n"
    )
    transport = to(f"sftp://lab{openssh.root}/in/", ssh_config=str(config))
    transport.settings.model_fields_set.discard("host_keys")

    assert arrives(transport, ship, openssh)


@openssh_only
def test_a_host_in_between_is_a_second_connection_through_the_first(tmp_path, to, ship):
    with OpenSsh(tmp_path / "gate") as gate, OpenSsh(tmp_path / "behind") as server:
        (tmp_path / "hosts").write_text(gate.known_hosts.read_text() + server.known_hosts.read_text())
        config = tmp_path / "config"
        config.write_text(
            f"Host gate\n  HostName 127.0.0.1\n  Port {gate.port}\n  User {gate.user}\n  IdentityFile {gate.user_key}\n"
            f"Host behind\n  HostName 127.0.0.1\n  Port {server.port}\n  IdentityFile {server.user_key}\n  ProxyJump gate\n"
        )
        words = {"ssh_config": str(config), "host_keys": str(tmp_path / "hosts")}

        assert arrives(to(f"sftp://{server.user}@behind{server.root}/in/", **words), ship, server)
        assert "Accepted publickey" in gate.log


@openssh_only
def test_a_host_in_between_that_is_not_known_gets_no_login(tmp_path, to, ship):
    with OpenSsh(tmp_path / "gate") as gate, OpenSsh(tmp_path / "behind") as server:
        words = {"proxy_jump": f"{gate.user}@127.0.0.1:{gate.port}", "host_keys": str(server.known_hosts), "identity_file": str(server.user_key)}
        transport = to(server.url("in/"), trusted=MemoryLearned(), **words)

        with pytest.raises(HostKeyUnknown) as caught:
            transport.send(ship(transport))

        assert caught.value.facts["host"] == f"[127.0.0.1]:{gate.port}"
        assert "Accepted" not in gate.log
        assert transport.server_key().host == f"[127.0.0.1]:{gate.port}"


@openssh_only
def test_a_proxy_command_is_run_only_where_that_is_allowed(openssh, to, ship, tmp_path):
    config = tmp_path / "config"
    relay = f"{os.sys.executable} {tmp_path}/relay.py {openssh.port}"
    (tmp_path / "relay.py").write_text(
        "import os, socket, sys, threading\n"
        "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "def up():\n"
        "    while block := os.read(0, 65536):\n        s.sendall(block)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while block := s.recv(65536):\n    os.write(1, block)\n"
    )
    config.write_text(f"Host far\n  ProxyCommand {relay}\n  HostName 127.0.0.1\n  Port {openssh.port}\n  IdentityFile {openssh.user_key}\n")
    words = {"ssh_config": str(config), "host_keys": str(openssh.known_hosts)}
    url = f"sftp://{openssh.user}@far{openssh.root}/in/"
    with pytest.raises(ConfigurationError, match="ProxyCommand"):
        to(url, **words).send(ship(to(url)))

    transport = to(url, proxy_command=True, **words)
    assert arrives(transport, ship, openssh)

    transport.close()

    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path / "relay.py").encode() in one.read_bytes()]


@openssh_only
@pytest.mark.parametrize("url", ["sftp://a;touch${IFS}x;/in/", "sftp://-oProxyCommand=x/in/", "sftp://$(x)@far/in/"])
def test_an_address_that_a_shell_would_run_gets_into_no_proxy_command(to, ship, tmp_path, url):
    (tmp_path / "config").write_text("Host *\n  ProxyCommand nc %h %p\n")
    transport = to(url, ssh_config=str(tmp_path / "config"), proxy_command=True)

    with pytest.raises(ConfigurationError, match="a shell would see more in it"):
        transport.send(ship(transport))


def test_a_password_that_is_named_goes_before_keys_that_happen_to_be_there(failing, to_failing, ship, monkeypatch, tmp_path):
    (tmp_path / ".ssh").mkdir()
    made_key(tmp_path / ".ssh" / "id_ed25519")
    monkeypatch.setenv("HOME", str(tmp_path))
    failing._server.keys.append("none of these")

    assert arrives(to_failing(identity_file=()), ship, failing)
    assert failing.log == [("password", "me")]


@openssh_only
def test_a_proxy_command_that_ends_is_noticed_at_once(openssh, to, ship, tmp_path):
    (tmp_path / "config").write_text(f"Host far\n  ProxyCommand echo so long\n  IdentityFile {openssh.user_key}\n")
    transport = to("sftp://far/x/", ssh_config=str(tmp_path / "config"), host_keys=str(openssh.known_hosts), proxy_command=True)

    with pytest.raises(Unreachable, match="gave no SSH greeting"):
        transport.send(ship(transport))


@openssh_only
def test_the_sixth_version_of_the_internet_protocol(tmp_path, to, ship):
    with OpenSsh(tmp_path / "six", addresses=["127.0.0.1", "::1"]) as server:
        (tmp_path / "hosts").write_text(server.known_as("::1", server.port))
        transport = to(server.url("in/").replace("127.0.0.1", "[::1]"), identity_file=str(server.user_key), host_keys=str(tmp_path / "hosts"))

        assert arrives(transport, ship, server)


@openssh_only
@pytest.mark.parametrize("line", ["Ciphers aes128-cbc", "MACs hmac-sha1\nCiphers aes128-ctr", "KexAlgorithms diffie-hellman-group14-sha1"])
def test_a_server_that_knows_only_what_is_weak_is_refused(tmp_path, to, ship, line):
    from sendoff import Permanent

    with OpenSsh(tmp_path / "old", lines=line) as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))

        with pytest.raises(Permanent, match="share no way"):
            transport.send(ship(transport))


@openssh_only
def test_the_fast_and_strong_cipher_is_chosen(tmp_path, to, ship):
    with OpenSsh(tmp_path / "telling", lines="LogLevel DEBUG2") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))
        transport.send(ship(transport))

        assert "kex: client->server cipher: aes128-gcm@openssh.com" in server.log


def test_what_paramiko_says_is_kept_out_of_the_log_unless_it_warns(caplog):
    from sendoff_sftp.connection import LOGGER, quieten

    quieten()
    quieten()
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sendoff")
    logger = logging.getLogger(LOGGER)
    logger.debug("userauth is OK for somebody")
    logger.warning("a warning\nwith more lines, of which nobody knows what stands in them")
    caplog.set_level(logging.DEBUG, "sendoff")
    logger.debug("what is \x1b[31m said\nto those who look for a fault")

    said = [record.getMessage() for record in caplog.records if record.pathname == __file__]
    assert said == ["a warning", "what is ?[31m said"]
    assert sum(type(one).__name__ == "Discretion" for one in logger.filters) == 1
