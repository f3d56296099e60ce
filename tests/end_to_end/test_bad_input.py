"""Bad input, typed at a real command: one clear sentence, the right exit code, and nothing stored."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.machine import AS_ANYBODY, Machine


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path, AS_ANYBODY)
    yield made
    made.run("host", "stop")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all the rows of the table: each leaves it empty."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "a.bin").write_bytes(b"x" * 100)
    (folder / "folder").mkdir()
    (folder / "taken").mkdir()
    (folder / "taken" / "a.bin").write_bytes(b"x")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "circle").symlink_to("circle")
    (folder / "link").symlink_to("a.bin")
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(folder, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    os.mkfifo(folder / "pipe")
    (folder / "secret.bin").write_bytes(b"x")
    (folder / "secret.bin").chmod(0)
    (folder / "closed").mkdir()
    (folder / "closed" / "a.bin").write_bytes(b"x")
    (folder / "closed").chmod(0)
    made = Machine(folder, AS_ANYBODY)
    yield made
    made.run("host", "stop")
    (folder / "closed").chmod(0o700)


ADDRESS = "http://127.0.0.1:9/in/"
TABLE = {
    "a bucket that cannot be": (["a.bin", "s3://Bucket_X/"], "'Bucket_X' cannot be a bucket"),
    "a query at a bucket": (["a.bin", "s3://bucket/a?b=c"], "has no query"),
    "a key that is too long": (["a.bin", f"s3://bucket/{'k' * 1025}"], "at most 1024 bytes, this one has 1025"),
    "a relative address": (["a.bin", "in/a.bin"], "'in/a.bin' is not an address"),
    "an address without a host": (["a.bin", "http:///a.bin"], "is not an absolute address"),
    "an address with a blank": (["a.bin", "http://127.0.0.1:9/a b"], "write %20 for a blank"),
    "an address with port 0": (["a.bin", "http://127.0.0.1:0/a"], "port 0 cannot be connected to"),
    "an address with a port that is no port": (["a.bin", "http://127.0.0.1:99999/a"], "Port out of range"),
    "an address that climbs": (["a.bin", "http://127.0.0.1:9/in/../a"], "may not climb"),
    "ftp": (["a.bin", "ftp://h/a"], "ftp:// is not supported: FTP sends passwords and files in clear text"),
    "FTP in capitals": (["a.bin", "FTP://h/a"], "use sftp:// or https:// instead"),
    "ftps": (["a.bin", "ftps://h/a"], "ftps:// is not supported"),
    "ftpes": (["a.bin", "ftpes://h/a"], "ftpes:// is not supported"),
    "tftp": (["a.bin", "tftp://h/a"], "tftp:// is not supported: TFTP has no login"),
    "a scheme that nobody serves": (["a.bin", "gopher://h/a"], "gopher"),
    "a destination that is not configured": (["a.bin", "archive:a"], "there is no destination named 'archive'"),
    "a scheme without its slashes": (["a.bin", "http:/h/a?sig=1"], "write http://h/a?sig=***"),
    "a password in the address": (["a.bin", "http://u:hunter2@127.0.0.1:9/a"], "--credential"),
    "a line break in a header": (["a.bin", ADDRESS, "--header", "A: b\r\nEvil: yes"], "contains a line break"),
    "a line break in a secret header": (["a.bin", ADDRESS, "--header-secret", "A: env:X\nEvil: yes"], "contains a line break"),
    "a header name with a blank": (["a.bin", ADDRESS, "--header", "A b: c"], "header name 'A b'"),
    "a header that is ours": (["a.bin", ADDRESS, "--header", "Content-Length: 5"], "sendoff sets this one itself"),
    "a header without a colon": (["a.bin", ADDRESS, "--header", "A b"], "write it as 'Name: value'"),
    "a method that is no token": (["a.bin", ADDRESS, "--method", "P UT"], "is not an HTTP method"),
    "a method without a body": (["a.bin", ADDRESS, "--method", "GET"], "carries no file"),
    "a missing file": (["missing.bin", ADDRESS], "missing.bin"),
    "a file in a missing folder": (["nowhere/missing.bin", ADDRESS], "nowhere/missing.bin"),
    "one missing file of three": (["a.bin", "missing.bin", "secret.bin", ADDRESS], "missing.bin"),
    "a directory": (["folder", ADDRESS], "folder is a directory"),
    "a FIFO": (["pipe", ADDRESS], "pipe"),
    "a socket": (["socket", ADDRESS], "socket"),
    "a file that the kernel makes up": (["/proc/version", ADDRESS], "is made up by the kernel while it is read"),
    "a link that leads nowhere": (["dangling", ADDRESS], "is a symbolic link to nowhere, which is not there"),
    "a link that leads in a circle": (["circle", ADDRESS], "is a loop of symbolic links"),
    "a part past the end of the file": (["a.bin", ADDRESS, "--offset", "90", "--length", "11"], "lead past its end"),
    "an offset that is no size": (["a.bin", ADDRESS, "--offset", "much"], "'much'"),
    "a part of two files": (["a.bin", "link", ADDRESS, "--offset", "1"], "mean one file"),
    "a part of standard input": (["-", f"{ADDRESS}a", "--length", "1"], "standard input (-) goes whole"),
    "then something else": (["a.bin", ADDRESS, "--then", "burn"], "it is delete, or move:DIR"),
    "then move without a folder": (["a.bin", ADDRESS, "--then", "move:"], "it is delete, or move:DIR"),
    "then move to a folder that is not there": (["a.bin", ADDRESS, "--then", "move:nowhere"], "nowhere is no folder"),
    "then move to what is no folder": (["a.bin", ADDRESS, "--then", "move:a.bin"], "a.bin is not a folder"),
    "then move to a folder that may not be written to": (["a.bin", ADDRESS, "--then", "move:closed"], "permission denied"),
    "then move to another file system": (["a.bin", ADDRESS, "--then", "move:/dev/shm"], "lies on another file system"),
    "then move onto a name that is there": (["a.bin", ADDRESS, "--then", "move:taken"], "there is a a.bin in"),
    "then delete of a link": (["link", ADDRESS, "--then", "delete"], "is a symbolic link to"),
    "then delete of a part": (["a.bin", ADDRESS, "--offset", "1", "--then", "delete"], "the rest of it would be lost"),
    "then delete of standard input": (["-", f"{ADDRESS}a", "--then", "delete"], "no file is there to be removed"),
    "then delete without a proof": (["a.bin", ADDRESS, "--method", "POST", "--then", "delete"], "would go without a proof"),
    "then delete, one missing file of two": (["a.bin", "missing.bin", ADDRESS, "--then", "delete"], "missing.bin"),
    "a copy of a missing file": (["missing.bin", ADDRESS, "--copy"], "missing.bin"),
    "a device": (["/dev/null", ADDRESS], "/dev/null"),
    "an unreadable file": (["secret.bin", ADDRESS], "secret.bin"),
    "an unreadable file, and what to do": (["secret.bin", ADDRESS], "make it readable, and put it again"),
    "a file in an unreadable folder": (["closed/a.bin", ADDRESS], "closed/a.bin"),
    "a file whose path is too long": (["x" * 5000, ADDRESS], "File name too long"),
    "an id that is none": (["a.bin", ADDRESS, "--id", "a b"], "an id is 1 to 128 letters"),
    "a credential that is not configured": (["a.bin", ADDRESS, "--credential", "media"], "there is no credential 'media'"),
    "a credential of an unknown kind": (["a.bin", ADDRESS, "--credential", "wallet:me"], "wallet"),
    "several files and one target": (["a.bin", "secret.bin", "http://127.0.0.1:9/a"], "end the destination with /"),
    "two files with one name": (["a.bin", "./folder/../a.bin", ADDRESS], "would both become"),
    "a secret in clear text": (["a.bin", "http://192.0.2.1/a", "--header-secret", "A: env:X"], "in clear text"),
}


@pytest.mark.parity("F25", "F26", "F27")
@pytest.mark.fault(31, 33, 34)
@pytest.mark.parametrize("row", TABLE)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_stored(row, shared):
    words, sentence = TABLE[row]
    for form in ((), ("--json",)):
        answer = shared.tried("put", *words, *form)
        assert (answer.returncode, answer.stdout) == (2, ""), answer.stderr
        errors = [line for line in answer.stderr.splitlines() if "warning" not in line]
        said = json.loads(errors[0])["error"] if form else None
        assert sentence in (f"{said['message']} {said['hint']}" if said else answer.stderr)
        assert len(errors) == 1 if form else (errors[0].startswith("sendoff: ") and len(errors) <= 3)
        assert "Traceback" not in answer.stderr and "hunter2" not in answer.stderr
    assert shared.stored() == []


@pytest.mark.parametrize("address", ["ftp://h/a", "http://u:p@127.0.0.1:9/a", "nowhere:a", "gopher://h/a", "http://127.0.0.1:9/in/"])
def test_standard_input_for_a_bad_address_is_not_even_read(address, shared):
    with subprocess.Popen([*shared.command, "put", "-", address], env=shared.environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as putting:
        assert putting.wait(30) == 2
        assert putting.stderr.read().startswith("sendoff: ")
    assert (shared.stored(), shared.spooled()) == ([], [])


def test_a_dry_run_of_standard_input_leaves_nothing_behind(shared):
    answer = shared.tried("put", "-", f"{ADDRESS}a", "--dry-run", feed="x")
    assert (answer.returncode, answer.stdout) == (0, f"would put standard input to {ADDRESS}a\n")
    assert (shared.stored(), shared.spooled()) == ([], [])


@pytest.mark.fault(40)
def test_a_name_that_is_not_utf8_is_refused_and_never_mangled(shared):
    name = os.path.join(os.fsencode(shared.folder), b"caf\xe9.bin")
    Path(os.fsdecode(name)).write_bytes(b"x")
    answer = shared.tried("put", name, ADDRESS)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "not valid UTF-8" in answer.stderr and "caf\\xe9.bin" in answer.stderr
    assert shared.stored() == []


@pytest.mark.parametrize("command", ["list", "wait", "pause"])
def test_a_group_that_is_not_utf8_is_refused_as_other_words_are(shared, command):
    answer = shared.tried(command, "--group", b"g\xff")

    assert (answer.returncode, answer.stdout) == (2, "")
    assert "g\\xff is not valid UTF-8" in answer.stderr


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("[limits]\nconcurency = 4\n", ["concurency", "did you mean 'concurrency'", "sendoff.toml"]),
        ("[limit]\nconcurrency = 4\n", ["limit", "limits"]),
        ("[limits]\nconcurrency = 4\nper_destination = \n", ["sendoff.toml", "line 3", "column"]),
        ('[limits]\nconcurrency = "many"\n', ["[limits] 'concurrency'", "valid integer"]),
        ('[retry]\npatience = "3 fortnights"\n', ["[retry] 'patience'", "is not a length of time"]),
        ('[destinations.x]\nurl = "ftp://h/"\n', ["ftp:// is not supported"]),
        ('[destinations.x]\nurl = "http://u:hunter2@h/"\n', ["a password may not stand in an address"]),
    ],
    ids=["unknown key", "unknown section", "broken TOML", "wrong type", "wrong duration", "ftp destination", "password in a destination"],
)
def test_a_broken_configuration_is_named_with_its_place_and_nothing_starts(text, sentences, machine):
    machine.config.write_text(text)
    (machine.folder / "a.bin").write_bytes(b"x")
    every = [["put", "a.bin", ADDRESS], ["config", "show"], ["list"], ["host", "start"], ["check"]]
    for words in every if "concurency" in text else every[:2]:
        answer = machine.tried(*words)
        assert (answer.returncode, answer.stdout) == (2, ""), answer.stderr
        assert all(sentence in answer.stderr for sentence in sentences), answer.stderr
        assert "Traceback" not in answer.stderr and "hunter2" not in answer.stderr
    assert machine.tried("host", "status").returncode == 5
    machine.config.write_text("")
    assert machine.stored() == []


def test_a_configuration_file_that_was_named_and_is_missing_is_an_error(machine):
    answer = machine.tried("--config", "nowhere.toml", "list")
    assert answer.returncode == 2
    assert f"{machine.folder}/nowhere.toml does not exist" in answer.stderr


def test_an_unknown_variable_is_an_error(machine):
    answer = machine.tried("list", SENDOFF_LIMITS__CONCURENCY="4")
    assert answer.returncode == 2, answer.stderr
    assert "SENDOFF_LIMITS__CONCURENCY" in answer.stderr and "did you mean 'concurrency'?" in answer.stderr


def test_a_state_folder_that_cannot_be_made_is_named(machine):
    closed = machine.folder / "closed"
    closed.mkdir(mode=0o500)
    for words in (["list"], ["put", "-", "http://127.0.0.1:9/a"], ["host", "start"]):
        answer = machine.tried(*words, SENDOFF_STATE_DIR=str(closed / "state"), feed="x")
        assert (answer.returncode, answer.stdout) == (5, ""), answer.stderr
        assert f"{closed}/state cannot be used: Permission denied" in answer.stderr and "SENDOFF_STATE_DIR" in answer.stderr
        assert answer.stderr.count("\n") == 2


def test_a_state_folder_that_cannot_be_written_to_is_named(machine):
    machine.state.mkdir(mode=0o500)
    answer = machine.tried("list")
    assert (answer.returncode, answer.stdout) == (5, ""), answer.stderr
    assert str(machine.state) in answer.stderr and "Permission denied" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_state_folder_that_others_may_look_into_is_refused(machine):
    machine.state.mkdir(mode=0o700)
    machine.state.chmod(0o755)
    answer = machine.tried("list")
    assert (answer.returncode, answer.stdout) == (5, "")
    assert f"other users may look into {machine.state}" in answer.stderr and "chmod 700" in answer.stderr


@pytest.mark.parity("F66")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_state_folder_of_somebody_else_is_refused(machine):
    machine.state.mkdir(mode=0o700)
    os.chown(machine.state, 65534, 65534)
    answer = machine.tried("list")
    assert (answer.returncode, answer.stdout) == (5, "")
    assert str(machine.state) in answer.stderr and "Traceback" not in answer.stderr
    os.chown(machine.state, 0, 0)
