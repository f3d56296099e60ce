"""Reading files of known hosts: everything OpenSSH takes is taken, and nothing crashes the reader."""

import subprocess

import pytest
from sendoff_sftp.known_hosts import HostKey, entries_of, kinds_known, name_of, read, standing

A = "AAAAC3NzaC1lZDI1NTE5AAAAIBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
B = "AAAAC3NzaC1lZDI1NTE5AAAAICCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
KEY, OTHER = HostKey.parse("ssh-ed25519", A), HostKey.parse("ssh-ed25519", B)


def word(text, host="h.example", key=KEY):
    return standing(key, host, list(entries_of(text, "f"))).word


@pytest.mark.fault(70)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"h.example ssh-ed25519 {A}", "known"),
        (f"h.example   ssh-ed25519 \t {A}   a comment with words", "known"),
        (f"  h.example ssh-ed25519 {A}", "known"),
        (f"other,h.example,10.0.0.1 ssh-ed25519 {A}", "known"),
        (f"H.Example ssh-ed25519 {A}", "known"),
        (f"*.example ssh-ed25519 {A}", "known"),
        (f"?.example ssh-ed25519 {A}", "known"),
        (f"*.example,!h.example ssh-ed25519 {A}", "unknown"),
        (f"h.example ssh-ed25519 {B}", "changed"),
        (f"h.example ssh-ed25519 {B}\nh.example ssh-ed25519 {A}", "known"),
        (f"@revoked * ssh-ed25519 {A}\nh.example ssh-ed25519 {A}", "revoked"),
        (f"@revoked   h.example   ssh-ed25519 {A}", "revoked"),
        (f"@revoked * ssh-ed25519 {B}", "unknown"),
        (f"@cert-authority *.example ssh-ed25519 {B}", "certified"),
        (f"@cert-authority *.example ssh-ed25519 {B}\nh.example ssh-ed25519 {A}", "known"),
        (f"[h.example]:22 ssh-ed25519 {A}", "unknown"),
        (f"@nonsense h.example ssh-ed25519 {A}", "unknown"),
        (f"# h.example ssh-ed25519 {A}\n\n \t", "unknown"),
        ("h.example ssh-ed25519", "unknown"),
        ("h.example ssh-ed25519 not-base64!", "unknown"),
        (f"h.example ssh-rsa {A}", "unknown"),
        ("h.example 1024 35 12345", "unknown"),
        ("@revoked", "unknown"),
        (f"|1|nonsense|more ssh-ed25519 {A}", "unknown"),
        (f"|1|only-one ssh-ed25519 {A}", "unknown"),
        ("\x00\x01\xff", "unknown"),
    ],
)
def test_a_line_is_understood_as_openssh_understands_it(text, found):
    assert word(text) == found


def test_another_port_is_another_host():
    assert name_of("H.example", 22) == "h.example"
    assert word(f"[h.example]:2222 ssh-ed25519 {A}", name_of("h.example", 2222)) == "known"
    assert word(f"[*.example]:2222 ssh-ed25519 {A}", name_of("h.example", 2222)) == "known"
    assert word(f"h.example ssh-ed25519 {A}", name_of("h.example", 2222)) == "unknown"
    assert name_of("2001:DB8::1", 2222) == "[2001:db8::1]:2222"


@pytest.mark.needs_server
def test_names_that_ssh_keygen_has_hashed_are_found(tmp_path):
    path = tmp_path / "known_hosts"
    path.write_text(f"h.example ssh-ed25519 {A}\n[other.example]:2222 ssh-ed25519 {B}\n")
    try:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("ssh-keygen is missing: apt-get install openssh-client")

    assert "|1|" in path.read_text() and "h.example" not in path.read_text()
    assert standing(KEY, "h.example", read([str(path)])).word == "known"
    assert standing(OTHER, "[other.example]:2222", read([str(path)])).word == "known"
    assert standing(KEY, "third.example", read([str(path)])).word == "unknown"


def test_several_files_are_read_and_missing_ones_say_nothing(tmp_path):
    (tmp_path / "one").write_text(f"h.example ssh-ed25519 {A}\n")
    (tmp_path / "two").write_bytes(b"\xff\xfe broken \x00\n" + f"g.example ssh-ed25519 {B}\n".encode())

    found = read([str(tmp_path / "missing"), str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path)])

    assert [(entry.hosts, entry.where) for entry in found] == [("h.example", f"{tmp_path}/one, line 1"), ("g.example", f"{tmp_path}/two, line 2")]


def test_the_types_that_are_known_are_asked_for_first():
    assert kinds_known("h.example", entries_of(f"h.example ssh-ed25519 {A}\n@revoked h.example ssh-ed25519 {B}", "f")) == ["ssh-ed25519"]


@pytest.mark.needs_server
def test_a_fingerprint_is_shown_as_ssh_keygen_shows_it(openssh):
    told = subprocess.run(["ssh-keygen", "-lf", openssh.host_key], check=True, capture_output=True, text=True).stdout.split()[1]
    (entry,) = read([str(openssh.known_hosts)])

    assert entry.key.fingerprint == told
