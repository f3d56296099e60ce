"""The how-to pages, run exactly as they are written; only where ``archive`` is differs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sendoff.testing.receiver import Answer, Delay, Receiver, Rule

from tests.core.parsing import by_python_multipart
from tests.end_to_end.pages import LONG_AGO, MIB, Person, blocks, landed
from tests.servers.s3 import BUCKET, Seaweed

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "landed") as made:
        yield made


@pytest.fixture
def person(tmp_path, receiver):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home).configured(f"{receiver.url}archive/")
    yield made
    made.leaves()


# -- a folder


def test_a_folder_is_sent_as_the_page_says(person, receiver):
    for name in ("photos/a.jpg", "photos/2025/b.jpg", "photos/2025/raw/c.dng", "photos/draft.tmp", "photos/.cache/d"):
        person.file(name)
    look, send, see, choose, again, trouble = blocks("folder-tree.md", "sh")

    said = person.runs(look).stdout
    assert said.count("photos/") >= 5
    assert landed(receiver) == []

    assert len(person.runs(send).stdout.split()) == 5
    person.runs(see)
    everything = ["photos/.cache/d", "photos/2025/b.jpg", "photos/2025/raw/c.dng", "photos/a.jpg", "photos/draft.tmp"]
    assert landed(receiver) == everything

    assert len(person.runs(choose).stdout.split()) == 3
    assert person.runs("sendoff wait --all").returncode == 0

    person.file("photos/a.jpg", b"another picture", at=LONG_AGO + 1)
    before = len(landed(receiver))
    person.runs(again)
    assert len(landed(receiver)) == before + 1
    assert (receiver.folder / "archive" / "photos" / "a.jpg").read_bytes() == b"another picture"

    receiver.script.add(Rule(do=Answer(403)))
    person.file("photos/a.jpg", b"a third picture", at=LONG_AGO + 2)
    person.runs(again, fine=(1,))
    assert "photos/a.jpg" in person.runs(trouble).stdout
    assert person.runs("sendoff wait --all").returncode == 0
    assert (receiver.folder / "archive" / "photos" / "a.jpg").read_bytes() == b"a third picture"


# -- what goes on


def test_whoever_watches_without_a_terminal_is_told_in_lines_and_by_the_exit_code(person, receiver):
    (look,) = blocks("watch.md", "sh")
    receiver.script.add(Rule(do=Delay(1.0)))
    person.file("photos/a.jpg")
    person.runs("sendoff put photos/a.jpg archive:")

    said = person.runs(look).stdout

    assert "0 of 1 done" in said
    assert "archive/a.jpg" in said


# -- every night


def crontab():
    """The page's lines as cron takes them (crontab(5)): what it adds to the environment, and the command that it hands to ``sh``; a bare % would end that."""
    *settings, line = blocks("nightly-cron.md", "crontab")[0].splitlines()
    assert re.match(r"\d+ \d+ \* \* \* ", line) and "%" not in line
    return dict(setting.split("=", 1) for setting in settings), line.split(None, 5)[5]


def night(person, fine=(0,)):
    """What cron does at the hour: nothing of a shell's environment is there."""
    settings, line = crontab()
    settings["PATH"] = settings["PATH"].replace("/home/me/.local/bin", str(Path(sys.executable).parent))
    environment = {"HOME": str(person.home), "LOGNAME": person.home.name, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"} | settings
    done = subprocess.run(["/bin/sh", "-c", line], cwd=person.home, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode in fine, done
    return done


@pytest.mark.parity("F175")
def test_every_night_only_what_is_new_goes_out_and_only_trouble_is_mailed(person, receiver):
    for name in ("photos/a.jpg", "photos/2025/b.jpg"):
        person.file(name)
    person.file("photos/growing.jpg", at=time.time())

    first = night(person)
    assert (landed(receiver), first.stdout, first.stderr) == (["photos/2025/b.jpg", "photos/a.jpg"], "", "")

    second = night(person)
    assert (len(landed(receiver)), second.stdout, second.stderr) == (2, "", "")

    person.file("photos/c.jpg")
    receiver.script.add(Rule(do=Answer(403)))
    third = night(person, fine=(1,))
    assert "photos/c.jpg" in third.stderr
    assert "403" in third.stderr

    assert "photos/c.jpg" in person.runs(blocks("nightly-cron.md", "sh")[0]).stdout
    assert person.runs("sendoff wait --all").returncode == 0
    assert "photos/c.jpg" in landed(receiver)


# -- a job that has no background


@pytest.fixture
def job(tmp_path):
    """A container: no home, a working folder and two variables."""
    folder = tmp_path / "work"
    folder.mkdir()
    made = Person(folder)
    del made.environment["HOME"]
    made.environment |= {"UPLOAD_AUTHORIZATION": "Bearer of-the-job", "XDG_CONFIG_HOME": str(folder / "config")}
    return made


def hosts_of(folder):
    """Processes that still work in a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().decode(errors="replace")
            environment = (one.parent / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "sendoff" in words and f"{folder}" in words + environment:
            found.append(words)
    return found


def test_a_job_uploads_and_leaves_nothing_behind(job, tmp_path):
    job.file("dist/a.tar.gz")
    job.file("dist/b.tar.gz")
    with Receiver(tmp_path / "landed", authorization="Bearer of-the-job") as receiver:
        job.environment["UPLOAD_URL"] = f"{receiver.url}builds/42/"

        job.runs(f'export SENDOFF_STATE_DIR="$PWD/once"\n{blocks("ci-container.md", "sh")[0]}')

        assert landed(receiver, "builds/42") == ["a.tar.gz", "b.tar.gz"]
    assert hosts_of(job.home) == []


CONTAINER = ("unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--ipc")  # of namespaces that anybody may make


@pytest.mark.campaign
@pytest.mark.needs_server
def test_in_a_container_a_job_is_process_one_and_has_nothing_but_its_variables(job, tmp_path):
    if shutil.which(CONTAINER[0]) is None or subprocess.run([*CONTAINER, "true"], capture_output=True).returncode:
        pytest.skip(f"no processes of one's own can be had here ({' '.join(CONTAINER)})")
    job.file("dist/a.tar.gz")
    with Receiver(tmp_path / "landed", authorization="Bearer of-the-job") as receiver:
        given = {"PATH": job.environment["PATH"], "UPLOAD_URL": f"{receiver.url}builds/42/", "UPLOAD_AUTHORIZATION": "Bearer of-the-job"}
        environment = ("env", "-i", *(f"{name}={value}" for name, value in given.items()))
        words = [*CONTAINER, *environment, "sh", "-c", f"test $$ = 1 && {blocks('ci-container.md', 'sh')[1]}"]

        done = subprocess.run(words, cwd=job.home, capture_output=True, text=True, timeout=60)

        assert done.returncode == 0, done.stderr
        assert landed(receiver, "builds/42") == ["a.tar.gz"]


def child_of(pid):
    """The one process that a shell waits for, as soon as there is one."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 20
    while not path.read_text().split():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(path.read_text().split()[-1])


def test_a_job_that_was_stopped_goes_on_in_the_next_one(job, tmp_path):
    job.file("dist/a.tar.gz", os.urandom(16 * MIB))
    command = blocks("ci-container.md", "sh")[1]
    with Receiver(tmp_path / "landed", rate=8 * MIB, authorization="Bearer of-the-job") as receiver:
        job.environment["UPLOAD_URL"] = f"{receiver.url}builds/42/"
        stopped = subprocess.Popen(["sh", "-c", command], cwd=job.home, env=job.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        receiver.wait_until(lambda rows: bool(rows) and rows[0].received > MIB)

        os.kill(child_of(stopped.pid), signal.SIGTERM)

        _, said = stopped.communicate(timeout=30)
        assert stopped.returncode == 3, said
        assert landed(receiver, "builds/42") == []
        job.runs(command)
        assert landed(receiver, "builds/42") == ["a.tar.gz"]
    assert (tmp_path / "landed" / "builds" / "42" / "a.tar.gz").read_bytes() == (job.home / "dist" / "a.tar.gz").read_bytes()
    assert hosts_of(job.home) == []


# -- a form with a token


def form_of(receiver, number):
    """What is in the form that was kept as this one of several, by name."""
    kept = [row for row in receiver.requests if row.header("Idempotency-Key") and row.status == 201]
    body = receiver.stored(f"up/shots{f'~{number}' if number > 1 else ''}")
    return {one.name: (one.filename, one.content) for one in by_python_multipart(body, kept[number - 1].header("Content-Type"))}


def test_a_device_posts_its_form_as_the_page_says(person, receiver):
    send, said, mend, over = blocks("form-post.md", "sh")
    person.environment["UPLOAD_URL"] = f"{receiver.url}up/shots"
    person.file("device.token", b"t0ken")
    person.file("shot.jpg", os.urandom(100_000))
    first = (person.home / "shot.jpg").read_bytes()

    done = person.runs(f"{send}{said}")

    assert "cannot be repeated" not in done.stderr
    assert form_of(receiver, 1) == {"token": (None, b"t0ken"), "device": (None, b"gate-7"), "photo": ("shot.jpg", first)}

    person.runs(f"{over}\nprintf other > shot.jpg\nsendoff wait --all")
    assert form_of(receiver, 2)["photo"] == ("shot.jpg", first)

    (person.home / "device.py").write_text(blocks("form-post.md", "python")[0])
    assert person.runs(f"{sys.executable} device.py").stdout.startswith("201")
    assert form_of(receiver, 3)["photo"] == ("shot.jpg", b"other")

    receiver.script.add(Rule(do=Answer(200, (), b'{"shot": 1}'), method="POST"))
    assert '{"shot": 1}' in person.runs(f"{send}{said}").stdout

    receiver.script.add(Rule(do=Answer(401), method="POST"))
    person.environment["TOKEN"] = "right"
    person.runs(f"{send}sendoff wait $id; test $? = 6\n{mend}{said}")
    assert form_of(receiver, 4)["token"] == (None, b"right")

    person.leaves()
    state = person.home / ".local" / "state"
    assert [path for path in state.rglob("*") if path.is_file()] != []
    assert [path for path in state.rglob("*") if path.is_file() and b"t0ken" in path.read_bytes()] == []


# -- a web service


def curl(person, path):
    """What the service says of an id."""
    done = person.runs(f"curl --silent --unix-socket service.sock http://localhost/{path}")
    return json.loads(done.stdout)


def ready(person, service):
    """Return as soon as the service answers."""
    deadline = time.monotonic() + 60
    while subprocess.run(["curl", "--silent", "--unix-socket", "service.sock", "http://localhost/none"], cwd=person.home, capture_output=True).returncode != 0:
        assert service.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def service(person):
    (person.home / "service.py").write_text(blocks("web-service.md", "python")[0])
    serve, *_ = blocks("web-service.md", "sh")
    with open(person.home / "service.log", "w") as log:
        made = subprocess.Popen(["sh", "-c", f"exec {serve}"], cwd=person.home, env=person.environment, stdout=log, stderr=log, start_new_session=True)
    ready(person, made)
    yield made
    if made.poll() is None:
        os.killpg(made.pid, signal.SIGKILL)
        made.wait()


def test_whatever_any_worker_took_arrives_when_all_workers_are_gone(person, receiver, service):
    _, hand_over, look = blocks("web-service.md", "sh")
    person.file("photo.jpg", os.urandom(2 * MIB))
    id = json.loads(person.runs(hand_over).stdout)["id"]
    ids = [json.loads(person.runs(hand_over.replace("localhost/photo.jpg", f"localhost/{n}.jpg")).stdout)["id"] for n in range(12)]

    assert curl(person, id)["status"] in ("idle", "running", "completed")
    assert "error" in curl(person, "nothing-of-this-name")
    os.killpg(service.pid, signal.SIGKILL)
    service.wait()

    person.runs(f"sendoff wait {id} {' '.join(ids)}")
    assert landed(receiver) == sorted(["inbox/photo.jpg", *(f"inbox/{n}.jpg" for n in range(12))])
    assert (receiver.folder / "archive" / "inbox" / "photo.jpg").read_bytes() == (person.home / "photo.jpg").read_bytes()
    assert len(json.loads(f"[{','.join(person.runs(look.strip() + ' --all --json').stdout.splitlines())}]")) == 13


@pytest.mark.campaign
def test_a_service_whose_disk_is_used_up_says_so_to_its_callers(person, service):
    person.writes("\n[limits]\nspool = 100\n").leaves()  # the next host has read it
    _, hand_over, _ = blocks("web-service.md", "sh")
    person.file("photo.jpg", os.urandom(1000))

    assert "the spool would grow past" in json.loads(person.runs(hand_over).stdout)["error"]


# -- go on where the server is


def test_resumable_http(person, tmp_path):
    with Receiver(tmp_path / "media", tus=True) as media:
        page = "resumable-http.md"
        there = "https://media.example/files/"
        section = blocks(page, "toml")[0].replace(there, f"{media.url}files/")
        config = person.home / ".config" / "sendoff" / "sendoff.toml"
        config.write_text(config.read_text() + section)
        person.file("film.mkv", os.urandom(9 * MIB))
        first, look, named = blocks(page, "sh")

        person.runs(first.replace(there, f"{media.url}files/"))
        told = person.runs(look).stdout
        person.runs(named)

        (operation,) = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        assert (operation["protocol"], operation["resumable"], operation["status"]) == ("tus", True, "completed")
        assert "part-digests" in told
        assert {upload.metadata.get("project") for upload in media.uploads.all()} == {None, "films"}
        assert media.stored("files/film.mkv") == (person.home / "film.mkv").read_bytes()


# -- upload to a bucket


@pytest.mark.needs_server
def test_a_bucket(person, tmp_path):
    with Seaweed(tmp_path / "seaweed") as server:
        page = "s3-bucket.md"
        section = blocks(page, "toml")[0].replace("https://s3.example:9000", server.url)
        config = person.home / ".config" / "sendoff" / "sendoff.toml"
        config.write_text(config.read_text() + section)
        person.environment |= server.environment | {"AWS_ENDPOINT_URL_S3": server.url}
        content = os.urandom(20 * MIB)
        person.file("big.iso", content)
        first, named, gone = blocks(page, "sh")

        person.runs(first)
        told = person.runs(named).stdout
        client = server.client()
        client.create_multipart_upload(Bucket=BUCKET, Key="images/of somebody else")
        left = person.runs(gone).stdout

        assert "server-digest" in told
        assert (server.body("images/big.iso"), server.body("images/today.iso")) == (content, content)
        assert client.head_object(Bucket=BUCKET, Key="images/today.iso")["Metadata"]["project"] == "films"
        assert left.count("not known here") == 2
        assert len(server.uploads()) == 1
