"""``sendoff post``, with real hosts, real kills and a real receiver: what arrives is what was handed over, once."""

import json
import os
import shutil
import subprocess

import pytest
from sendoff.testing.receiver import Answer, Lost, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.core.parsing import Seen, by_python_multipart, by_werkzeug
from tests.end_to_end.stage import MIB, PACE, Stage

SIZE = 16 * MIB


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.1s", "0.5s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


def post(stage, *words):
    """``sendoff post``: the id it printed."""
    (id,) = stage.run("post", *words).stdout.split()
    return id


def forms(receiver, path="form"):
    """The requests that brought a form, whole or not."""
    return [row for row in receiver.requests if row.path == f"/{path}"]


def seen(receiver, row, path="form"):
    """What two independent readers find in the body of this request; both the same."""
    body, kind = receiver.stored(path), row.header("Content-Type")
    found = by_python_multipart(body, kind)
    assert row.size == row.received == len(body)
    assert sorted(found, key=repr) == sorted((one._replace(type=None) for one in by_werkzeug(body, kind)), key=repr)
    return found


def content(path):
    with open(path, "rb") as file:
        return file.read()


# -- what arrives -----------------------------------------------------------------------------------------------------


@pytest.mark.parity("F35")
def test_a_form_arrives_as_it_was_written(stage, receiver):
    photo, _ = stage.file(300_000, "bild é.jpg")
    log, _ = stage.file(1000, "log")
    (stage.folder / "token").write_text("t0ken")

    done = stage.run(
        "post",
        "--wait",
        "-F",
        "title=née 中",
        "-F",
        "token=<token",
        "-F",
        f'photo=@"{photo}";filename="a;b.jpg"',
        "--form-string",
        "x=@y",
        log,
        f"{receiver.url}form",
    )

    (row,) = forms(receiver)
    assert row.method == "POST" and "completed" in done.stderr
    assert seen(receiver, row) == [
        Seen("title", None, "née 中".encode()), Seen("token", None, b"t0ken"), Seen("photo", "a;b.jpg", content(photo)), Seen("x", None, b"@y"),
        Seen("file", "log", content(log)),
    ]  # fmt: skip


WORDS = [
    ("a=b",), ("a= b ",), ("a=b;type=text/plain",), ("a=b; type=text/plain; charset=utf-8",), ('a="b;c"',), (r'a=" \"b\" \\ "',), ('a="b',),
    ("a=b;filename=c.txt;type=x/y",), ("a=@x.jpg",), ("a=@x.jpg;type=image/png;filename=y.png",), ('a=@"u,v w.txt";filename="u;v";type=x/y',),
    ("a=<x.txt",), ("a=<x.txt;type=text/html",), ("a=@x.gif", "b=", "a=2"), ('q"u=1',), ("a=b;headers=X-One: 1",), ("é=中",), ("a=@x.pdf",), ("a=@x.none",),
    ('a=b;headers="X-One: 1; 2";headers="X-Two: 3"',),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt install curl")
def test_the_same_words_arrive_as_with_curl(stage, receiver):
    for name in ("x.jpg", "x.txt", "x.gif", "x.pdf", "x.none", "u,v w.txt"):
        stage.file(100, name)
    for number, words in enumerate(WORDS):
        options = [one for word in words for one in ("-F", word)]
        subprocess.run(["curl", "--silent", "--fail", *options, f"{receiver.url}curl{number}"], cwd=stage.folder, check=True, timeout=20)
        stage.run("post", "-q", *options, f"{receiver.url}ours{number}")
    stage.run("wait", "--all", fine=(0, 4))

    for number, words in enumerate(WORDS):
        (theirs,), (ours,) = forms(receiver, f"curl{number}"), forms(receiver, f"ours{number}")
        assert blocks(receiver, ours, f"ours{number}") == blocks(receiver, theirs, f"curl{number}"), words


def blocks(receiver, row, path):
    """Each part as it stands between the boundaries: its headers, whatever their order, and its content."""
    boundary = row.header("Content-Type").partition("boundary=")[2]
    assert row.header("Content-Type").startswith("multipart/form-data; boundary=")
    body = receiver.stored(path)
    assert body.endswith(f"\r\n--{boundary}--\r\n".encode())
    found = []
    for part in (b"\r\n" + body).split(f"\r\n--{boundary}".encode())[1:-1]:
        head, _, held = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found.append((sorted(head.split(b"\r\n")), held))
    return found


@pytest.mark.parity("F24")
def test_a_raw_post_is_the_file_and_nothing_else(stage, receiver):
    path, digest = stage.file(SIZE)

    stage.run("post", "--raw", "--wait", path, f"{receiver.url}up/")
    stage.run("post", "--raw", "--wait", path, f"{receiver.url}up/", "--header", "Content-Type: video/mp4")

    found = [(row.method, row.path, row.size, row.sha256, row.header("Content-Type")) for row in receiver.requests]
    assert found == [("POST", "/up/", SIZE, digest, kind) for kind in ("application/octet-stream", "video/mp4")]


@pytest.mark.parity("F47")
def test_standard_input_is_a_part_or_the_body(stage, receiver):
    piped = stage.random.randbytes(300_000)
    for words in (["-F", "a=1", "-F", "f=@-;filename=p.bin"], ["-"], ["--raw", "-"]):
        command = stage.begin("post", "--wait", *words, f"{receiver.url}form", stdin=subprocess.PIPE)
        command.stdin.buffer.write(piped)
        command.communicate(timeout=60)
        assert command.returncode == 0

    first, second, third = forms(receiver)
    assert seen(receiver, first) == [Seen("a", None, b"1"), Seen("f", "p.bin", piped)]
    assert by_python_multipart(receiver.stored("form~2"), second.header("Content-Type")) == [Seen("file", "-", piped)]
    assert receiver.stored("form~3") == piped and third.size == 300_000
    spool = stage.state / "spool"
    eventually(lambda: [path for path in spool.rglob("*") if path.is_file()] == [])


# -- kills ------------------------------------------------------------------------------------------------------------


@pytest.mark.parity("F46", "F47", "F117")
def test_a_form_that_waits_survives_the_death_of_its_host(stage, receiver):
    stage.config.write_text('[limits]\nconcurrency = 1\n[retry]\nbackoff = ["0.1s", "0.5s"]\n')
    receiver.script.add(Rule(do=Stall(), at=MIB, method="PUT"))
    first, _ = stage.file(SIZE, "first")
    film, _ = stage.file(3 * MIB, "film.mp4")
    (stage.folder / "token").write_text("t0ken")
    stage.put(first, f"{receiver.url}first")
    receiver.wait_for(bytes=MIB)
    piped = stage.begin("post", "-F", "token=<token", "-F", "piped=@-;filename=p", film, f"{receiver.url}form", stdin=subprocess.PIPE)
    said, _ = piped.communicate("y" * 200_000, timeout=60)
    (id,) = said.split()
    assert stage.view(id)["status"] == "idle"
    (stage.folder / "token").unlink()

    stage.kill_host()
    stage.kill_host() if stage.runs() else None
    stage.run("wait", id)

    (row,) = forms(receiver)
    assert seen(receiver, row) == [Seen("token", None, b"t0ken"), Seen("piped", "p", b"y" * 200_000), Seen("file", "film.mp4", content(film))]
    assert stage.ends(id) == ["completed"]


def test_a_form_broken_off_in_mid_body_by_the_hosts_death_is_sent_again_and_is_the_same(stage, receiver):
    film, _ = stage.file(SIZE, "film.mp4")
    id = post(stage, "-F", "token=t", film, f"{receiver.url}form")
    receiver.wait_for(bytes=MIB)
    stage.kill_host()
    assert 0 < receiver.wait_for(over=True).received < SIZE

    stage.run("wait", id)

    broken, whole = forms(receiver)
    assert (broken.complete, broken.size, broken.header("Content-Type")) == (False, whole.size, whole.header("Content-Type"))
    assert seen(receiver, whole) == [Seen("token", None, b"t"), Seen("file", "film.mp4", content(film))]
    assert stage.ends(id) == ["completed"]


def test_a_form_that_had_gone_out_when_the_host_died_is_never_sent_twice(stage, receiver):
    receiver.script.add(Rule(do=Stall(), method="POST"))
    id = post(stage, "-F", "a=1", f"{receiver.url}form")
    receiver.wait_for(complete=True)
    stage.kill_host()

    stage.run("wait", id, fine=(1,))

    view = stage.view(id)
    assert (view["status"], view["reason"], stage.ends(id)) == ("canceled", "interrupted_non_idempotent", ["canceled"])
    stage.run("put", "--wait", stage.file(10)[0], receiver.url)
    assert len(forms(receiver)) == 1


@pytest.mark.parametrize("word", ["--idempotency-key", "--retry-unsafe"])
def test_a_form_that_may_be_repeated_is_sent_again_as_it_was(word, stage, receiver):
    receiver.script.add(Rule(do=Lost(), method="POST"))

    done = stage.run("post", "--wait", "-F", "a=1", f"{receiver.url}form", word)

    first, second = forms(receiver)
    assert first.sha256 == second.sha256 and first.header("Idempotency-Key") == second.header("Idempotency-Key")
    assert (first.header("Idempotency-Key") is not None) == (word == "--idempotency-key")
    assert "cannot be repeated safely" not in done.stderr


def test_a_form_that_must_not_be_repeated_is_warned_about_and_its_lost_answer_is_told(stage, receiver):
    receiver.script.add(Rule(do=Lost(), method="POST"))

    done = stage.run("post", "--wait", "-F", "a=1", f"{receiver.url}form", fine=(1,))

    assert "cannot be repeated safely" in done.stderr
    assert len(forms(receiver)) == 1 and stage.view(done.stdout.strip())["error"]["code"] == "outcome_unknown"


# -- everything around it ---------------------------------------------------------------------------------------------


@pytest.mark.parity("F142")
def test_what_the_server_answers_to_a_form_is_kept(stage, receiver):
    receiver.script.add(Rule(do=Answer(201, (("X-Asset", "17"),), b'{"asset": 17}'), method="POST"))

    id = stage.run("post", "--wait", "-F", "a=1", f"{receiver.url}form").stdout.strip()

    assert json.loads(stage.run("response", id).stdout) == {"asset": 17}
    assert "X-Asset" in stage.run("response", "--head", id).stdout


def test_a_form_is_told_to_people_and_programs_without_its_values(stage, receiver):
    path, _ = stage.file(1000, "a.jpg")

    found = [json.loads(line) for line in stage.run("post", "-F", "title=hidden-value", path, f"{receiver.url}form", "--wait", "--json").stdout.splitlines()]

    assert found[0]["url"] == f"{receiver.url}form" and found[1]["source"]["kind"] == "form"
    assert [(part["name"], part["kind"], part["size"]) for part in found[1]["source"]["parts"]] == [("title", "value", 12), ("file", "file", 1000)]
    shown = stage.run("show", found[0]["id"]).stdout
    assert "a form of 2 parts" in shown and "part title" in shown and path in shown
    listed = stage.run("list", "--all").stdout
    assert "a.jpg" in listed or "form" in listed
    said = f"{found}{shown}{listed}{stage.run('events', found[0]['id'], '--json').stdout}{stage.log()}"
    assert "hidden-value" not in said


def test_a_dry_run_of_a_form_sends_nothing_and_reads_no_input(stage, receiver):
    command = stage.begin("post", "--dry-run", "-F", "a=@-", f"{receiver.url}form", stdin=subprocess.PIPE)

    assert command.wait(60) == 0
    assert "would post a form of 1 part" in command.communicate()[0]
    assert (receiver.requests, stage.listed()) == ((), [])


def test_the_same_form_under_the_same_id_is_posted_once(stage, receiver):
    words = ("post", "--wait", "-F", "a=1", "--id", "order-7", f"{receiver.url}form")

    assert [stage.run(*words).stdout.split() for _ in range(2)] == [["order-7"]] * 2
    refused = stage.run(*words[:2], "-F", "a=2", *words[4:], fine=(2,))

    assert "order-7 is taken" in refused.stderr and len(forms(receiver)) == 1


@pytest.mark.parity("F177")
def test_a_file_that_changed_while_its_form_waited_is_named_and_nothing_goes_out(stage, receiver):
    path, _ = stage.file(1000, "a.jpg")
    stage.config.write_text('[limits]\nconcurrency = 1\n[retry]\nbackoff = ["0.1s", "0.5s"]\n')
    receiver.script.add(Rule(do=Stall(), at=MIB, method="PUT", times=1))
    (blocking,) = stage.put(stage.file(SIZE, "first")[0], f"{receiver.url}first")
    receiver.wait_for(bytes=MIB)
    id = post(stage, path, f"{receiver.url}form")
    (stage.folder / "a.jpg").write_bytes(b"another picture")
    stage.run("cancel", blocking)

    stage.run("wait", id, fine=(1,))

    error = stage.view(id)["error"]
    assert (error["code"], path in error["message"], forms(receiver)) == ("source_changed", True, [])


def test_a_secret_value_lies_nowhere_in_clear(stage, receiver):
    stage.config.write_text('[host]\nlog_level = "debug"\n[retry]\nbackoff = ["0.1s", "0.5s"]\n')
    receiver.script.add(Rule(do=Answer(503), method="POST", times=2))
    canary = f"canary-{os.urandom(12).hex()}"
    (stage.folder / "token").write_text(canary)

    id = post(stage, "-F", "device_token=<token", "-F", "a=visible-value", f"{receiver.url}form")
    stage.run("wait", id)

    assert seen(receiver, forms(receiver)[-1])[0] == Seen("device_token", None, canary.encode())
    stage.run("host", "stop")
    written = {str(path): path.read_bytes() for path in stage.state.rglob("*") if path.is_file()}
    assert [path for path, data in written.items() if canary.encode() in data] == []


def test_here_posts_a_form_without_a_host(stage, receiver):
    path, _ = stage.file(100_000, "a.jpg")

    stage.run("post", "--here", "-F", "a=1", path, f"{receiver.url}form")

    assert [one.name for one in seen(receiver, forms(receiver)[0])] == ["a", "file"]
    assert not stage.runs()


def test_a_large_form_is_sent_in_constant_memory(stage, tmp_path):
    path = stage.folder / "film.mp4"
    with path.open("wb") as film:
        film.truncate(300 * MIB)
    with Receiver(None) as receiver:
        stage.run("post", "--wait", "-F", "a=1", stage.file(10)[0], f"{receiver.url}small")
        before = most_memory(stage.host())
        stage.run("post", "--wait", "-F", "token=t", str(path), f"{receiver.url}form")

        assert forms(receiver)[0].complete and forms(receiver)[0].size > 300 * MIB
    assert most_memory(stage.host()) - before < 32 * MIB


def most_memory(pid):
    """The most that a process ever held, bytes (proc(5): VmHWM)."""
    with open(f"/proc/{pid}/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
