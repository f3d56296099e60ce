"""Nothing is sent to a host that does not prove itself: no file, and no login."""

from dataclasses import replace

import pytest
from sendoff import HostKeyUnknown, InvalidArgument
from sendoff.ports.toolkit import MemoryLearned
from sendoff.testing.openssh import OpenSsh, made_key

pytestmark = [pytest.mark.needs_server, pytest.mark.fault(70)]


@pytest.fixture
def known(openssh):
    """Replaces the file of known hosts."""

    def made(text):
        path = openssh.folder / "other_hosts"
        path.write_text(text)
        return str(path)

    return made


def refused(transport, ship, server):
    with pytest.raises(HostKeyUnknown) as caught:
        transport.send(ship(transport))
    assert "nothing was sent" in str(caught.value)
    assert "Accepted" not in server.log and list(server.root.iterdir()) == []
    return caught.value


def fingerprint(server):
    import subprocess

    return subprocess.run(["ssh-keygen", "-lf", server.host_key], check=True, capture_output=True, text=True).stdout.split()[1]


def line(server, key, marker=""):
    return f"{marker} [127.0.0.1]:{server.port} {key.with_suffix('.pub').read_text()}"


def test_an_unknown_key_is_refused_with_its_fingerprint(openssh, to_openssh, ship):
    error = refused(to_openssh(host_keys="/nowhere"), ship, openssh)

    assert fingerprint(openssh) in str(error)
    assert (error.facts["standing"], error.facts["fingerprint"], error.what) == ("unknown", fingerprint(openssh), "host_key")


def test_a_changed_key_is_refused_whatever_the_settings(openssh, to_openssh, ship, known, tmp_path):
    old = line(openssh, made_key(tmp_path / "old"))
    for settings in ({}, {"accept_new": True}):
        error = refused(to_openssh(host_keys=known(old), **settings), ship, openssh)
        assert "is " + "ssh-ed25519 " + fingerprint(openssh) in str(error) and "line 1" in error.hint


def test_a_key_of_another_type_than_the_known_one_counts_as_changed(openssh, to_openssh, ship, known, tmp_path):
    old = line(openssh, made_key(tmp_path / "old", kind="ecdsa"))

    error = refused(to_openssh(host_keys=known(old), accept_new=True), ship, openssh)

    assert error.facts["standing"] == "changed"


def test_a_revoked_key_is_refused_even_where_it_is_known(openssh, to_openssh, ship, known):
    error = refused(to_openssh(host_keys=known(line(openssh, openssh.host_key) + line(openssh, openssh.host_key, "@revoked "))), ship, openssh)

    assert "revoked" in str(error)


def test_an_authority_is_not_asked_and_that_is_said(openssh, to_openssh, ship, known, tmp_path):
    error = refused(to_openssh(host_keys=known(line(openssh, made_key(tmp_path / "ca"), "@cert-authority"))), ship, openssh)

    assert "@cert-authority" in str(error)


def test_odd_lines_around_the_right_one_do_no_harm(openssh, to_openssh, ship, known):
    text = "\n\n  # words\n@revoked\n@cert-authority * nonsense\nx\n" + line(openssh, openssh.host_key, "  ") + "@broken a b c\n|1||\n"
    shipment = ship(to_openssh(host_keys=known(text)))

    to_openssh(host_keys=known(text)).send(shipment)

    assert (openssh.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()


def test_a_new_key_is_taken_unasked_only_where_that_is_set_and_then_it_is_known(openssh, to_openssh, ship, tmp_path):
    trusted = MemoryLearned()
    to_openssh(host_keys="/nowhere", accept_new=True, trusted=trusted).send(ship(to_openssh()))

    to_openssh(host_keys="/nowhere", trusted=trusted).send(ship(to_openssh(), name="second"))

    assert len(list((openssh.root / "in").iterdir())) == 2
    assert len(trusted.get(f"[127.0.0.1]:{openssh.port}")) == 1


def test_a_person_is_shown_the_key_and_accepts_it_by_its_fingerprint(openssh, to_openssh, ship):
    transport = to_openssh(host_keys="/nowhere")
    shown = transport.server_key()
    assert (shown.standing, shown.fingerprint) == ("unknown", fingerprint(openssh))
    with pytest.raises(InvalidArgument):
        transport.trust("SHA256:" + "A" * 43)
    assert transport.server_key().standing == "unknown"

    assert transport.trust(shown.fingerprint).standing == "known"

    transport.send(ship(transport))
    assert (openssh.root / "in" / "thing").exists()


def test_what_was_accepted_can_be_forgotten(openssh, to_openssh, ship):
    transport = to_openssh(host_keys="/nowhere")
    transport.trust(fingerprint(openssh))

    assert transport.distrust()

    assert transport.server_key().standing == "unknown"
    assert not transport.distrust()


def test_a_changed_key_is_not_accepted_by_its_fingerprint(openssh, to_openssh, known, tmp_path):
    transport = to_openssh(host_keys=known(line(openssh, made_key(tmp_path / "old"))))

    with pytest.raises(HostKeyUnknown, match="somebody may be in between"):
        transport.trust(fingerprint(openssh))


def test_of_several_keys_the_known_one_is_asked_for(tmp_path, to, ship):
    """A server has keys of several types; that it would rather show another one does not make it unknown."""
    second = made_key(tmp_path / "second", kind="rsa")
    with OpenSsh(tmp_path / "server", lines=f"HostKey {second}") as server:
        (tmp_path / "hosts").write_text(f"[127.0.0.1]:{server.port} {second.with_suffix('.pub').read_text()}")
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(tmp_path / "hosts"))

        transport.send(ship(transport))

        assert (server.root / "in" / "thing").exists()


def test_many_tries_that_wait_for_one_refused_connection_do_not_ask_again(failing, to_failing, ship):
    """While one logs in, the others wait; refused once, all are refused."""
    from concurrent.futures import ThreadPoolExecutor

    from sendoff import Credential, CredentialNeeded, Secret

    transport = to_failing()
    wrong = Credential(kind="basic", username="me", secret=Secret("wrong"))
    transport.toolkit = replace(transport.toolkit, credential=lambda kind="server", *, challenge=None, refused=None: wrong if kind == "server" else None)
    shipments = [ship(transport, name=str(number)) for number in range(6)]

    def tried(shipment):
        with pytest.raises(CredentialNeeded):
            transport.send(shipment)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tried, shipments))

    assert failing.connections < 6
