"""Hosts as processes: started on demand, one at a time, replaced when they die."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sendoff.desk.client import DeskClient
from sendoff.desk.lock import Lock
from sendoff.desk.place import find_place
from sendoff.errors import ConfigurationError, HostUnavailable, StoreRefused
from sendoff.model.operation import Request
from sendoff.model.query import Query, Question

from tests.core import desk_twin
from tests.core.desk_twin import wait_until

STATUS = Question(what="status")
TWIN = (sys.executable, desk_twin.__file__)
HOST = (sys.executable, "-P", "-m", "sendoff.host")


class Home:
    """A state folder, the clients of its host, and the end of whatever host is left."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.environment = {**os.environ, **environment}

    @property
    def place(self):
        return find_place(self.environment, state_dir=self.folder / "state", config=self.environment.get("SENDOFF_CONFIG"))

    def desk(self, *program, **environment):
        return DeskClient(self.place, environment={**self.environment, **environment}, program=program)

    def source(self, name="a.bin"):
        path = self.folder / name
        path.write_bytes(b"x" * 100)
        return Request(source=str(path), destination=f"http://127.0.0.1:9/{name}")

    def foreground(self, *program):
        words = [*(program or HOST), "--state-dir", self.place.state]
        return subprocess.Popen(words, env=self.environment, stderr=subprocess.PIPE, text=True, cwd="/")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    home.desk().stop()


def test_the_first_call_starts_a_host_and_later_ones_find_it(home):
    first = home.desk().ask(STATUS)
    again = home.desk().ask(STATUS)

    assert first["pid"] == again["pid"] != os.getpid()
    assert (first["survives"]["shell"], first["survives"]["reboot"], first["service"]) == (True, False, None)
    assert home.desk().stop() is True
    assert not Path(home.place.socket).exists()
    assert Lock(home.place.lock).wait_free(0)
    assert home.desk().stop() is False
    assert home.desk().ask(STATUS)["pid"] != first["pid"]


def test_a_host_belongs_to_nobody(home):
    """Its own session, ``/`` as its folder, no parent of ours, no descriptors of ours, and nothing of who we are."""
    secret = {"AWS_SECRET_ACCESS_KEY": "canary", "https_proxy": "http://canary", "SSH_AUTH_SOCK": "/canary", "SSL_CERT_FILE": "/canary", "MY_TOKEN": "canary"}
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    pid = home.desk(**secret, HARMLESS="kept", SENDOFF_KEY_FILE="/kept").ask(STATUS)["pid"]
    process = Path(f"/proc/{pid}")

    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody else holds our pipe"
    os.close(reading)
    assert os.readlink(process / "cwd") == "/"
    assert os.getsid(pid) != os.getsid(0)
    assert f"PPid:\t{os.getpid()}\n" not in (process / "status").read_text()
    environment = (process / "environ").read_bytes()
    assert b"canary" not in environment
    assert b"HARMLESS=kept" in environment
    assert b"SENDOFF_KEY_FILE=/kept" in environment
    assert os.stat(home.place.log).st_mode & 0o777 == 0o600


def test_what_is_created_is_there_after_the_host_was_killed(home):
    (created,) = home.desk().create([home.source()], start=False)
    pid = home.desk().ask(STATUS)["pid"]

    os.kill(pid, signal.SIGKILL)

    assert [view["id"] for view in home.desk().page(Query()).items] == [created.id]
    assert home.desk().ask(STATUS)["pid"] != pid


def test_a_follower_loses_and_repeats_nothing_when_hosts_are_killed(home):
    desk, seen, ready = home.desk(), [], threading.Event()

    def follow():
        for news in desk.follow_always(Query(types=("created",)), after=None):
            ready.set()
            if news is not None:
                seen.append(news.operation)
                if len(seen) == 9:
                    return

    reader = threading.Thread(target=follow)
    reader.start()
    assert ready.wait(20)
    wanted = []
    for turn in range(3):
        for number in range(3):
            (created,) = desk.create([home.source(f"{turn}-{number}.bin")], start=False)
            wanted.append(created.id)
        os.kill(desk.ask(STATUS)["pid"], signal.SIGKILL)
    reader.join(60)

    assert seen == wanted


def test_a_follower_whose_hosts_all_die_at_once_gives_up(home):
    """Each host answers once and dies with the first follower."""
    desk = home.desk(*TWIN, TWIN_DIES="following")

    with pytest.raises(HostUnavailable):
        for _ in desk.follow_always(Query(), after=0):
            pass


@pytest.mark.parametrize("runtime", [True, False], ids=["runtime-folder", "no-runtime-folder"])
def test_a_state_folder_of_130_characters_works(tmp_path, runtime):
    folder = tmp_path / ("d" * max(1, 130 - len(str(tmp_path)) - len("//state")))
    folder.mkdir(parents=True)
    home = Home(folder)
    if not runtime:
        del home.environment["XDG_RUNTIME_DIR"]
    assert len(home.place.state) >= 130
    try:
        (created,) = home.desk().create([home.source()], start=False)
        assert [view["id"] for view in home.desk(XDG_RUNTIME_DIR="/nowhere").page(Query()).items] == [created.id]
    finally:
        assert home.desk().stop() is True


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_host_within_ten_seconds_whatever_its_clients_do(home, ending):
    process = home.foreground(*TWIN)
    wait_until(lambda: answers(home), "the start of the host")
    follower = home.desk().follow(Query(), after=0)
    next(follower)

    def sleep():
        with pytest.raises(HostUnavailable):
            DeskClient(home.place, environment=home.environment, spawn=False).ask(Question(what="sleep", details={"seconds": 30}))

    sleeper = threading.Thread(target=sleep)
    sleeper.start()

    process.send_signal(ending)
    _, said = process.communicate(timeout=10)

    assert process.returncode == 0, said
    assert not Path(home.place.socket).exists()
    with pytest.raises(HostUnavailable):
        list(follower)
    sleeper.join(10)
    assert not sleeper.is_alive()


def answers(home):
    try:
        return DeskClient(home.place, environment=home.environment, spawn=False).ask(STATUS)
    except HostUnavailable:
        return None


def test_no_call_is_lost_while_hosts_come_and_go(home):
    """Clients create and read without pause while the host is stopped again and again; each create is answered, each answered one is there."""
    home.desk().ask(STATUS)
    enough, created = threading.Event(), []

    def work(number):
        turn = 0
        while not enough.is_set():
            turn += 1
            (answer,) = home.desk().create([home.source(f"{number}-{turn}.bin")], start=False)
            created.append(answer.id)
            assert home.desk().page(Query(ids=(answer.id,))).items

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, number) for number in range(3)]
        for _ in range(4):
            before = len(created)
            wait_until(lambda before=before: len(created) > before + 5 or any(one.done() for one in working), "some creates", 60)
            home.desk().stop()
        enough.set()
        for one in working:
            one.result()

    assert len(created) == len(set(created))
    assert not home.desk().page(Query(ids=tuple(created[:50]))).next


@pytest.mark.campaign
def test_a_host_with_nothing_to_do_leaves_and_one_that_is_followed_stays(tmp_path):
    (tmp_path / "sendoff.toml").write_text('[host]\nidle_exit = "1s"\n')
    home = Home(tmp_path, SENDOFF_CONFIG=str(tmp_path / "sendoff.toml"))
    desk = home.desk()
    news = desk.follow(Query(), after=0)
    for _ in range(4):
        assert next(news) is None
    pid = answers(home)["pid"]

    news.close()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "leaving when idle", 20)
    assert not Path(home.place.socket).exists()


@pytest.mark.campaign
def test_a_host_that_leaves_the_moment_it_is_idle_leaves_nobody_in_the_rain(home):
    """Clients come in the very moment at which hosts leave, again and again; every call is answered by one or the next."""
    desk, pids = home.desk(*TWIN, TWIN_IDLE_EXIT="0"), set()

    while len(pids) < 4:
        (created,) = desk.create([Request(source="/a", destination="h:")])
        assert created.id.startswith("op-")
        pids.add(desk.ask(STATUS)["pid"])


def test_a_changed_configuration_counts_and_an_invalid_one_leaves_the_old_in_force(tmp_path):
    file = tmp_path / "sendoff.toml"
    file.write_text('[host]\nidle_exit = "5m"\n')
    home = Home(tmp_path, SENDOFF_CONFIG=str(file))
    desk = home.desk()
    assert desk.ask(STATUS)["configuration_error"] is None
    try:
        file.write_text("[host]\nidle_exti = 5\n")
        wait_until(lambda: desk.ask(STATUS)["configuration_error"], "noticing the broken file")
        error = desk.ask(STATUS)["configuration_error"]
        assert error["code"] == "configuration_error"
        assert "idle_exit" in error["message"], "the nearest key is named"

        file.write_text('[host]\nidle_exit = "6m"\n')
        wait_until(lambda: desk.ask(STATUS)["configuration_error"] is None, "noticing the good file")
    finally:
        desk.stop()


def test_what_keeps_a_host_from_starting_is_raised_with_its_class(tmp_path):
    (tmp_path / "sendoff.toml").write_text("[limits]\nconcurency = 3\n")
    home = Home(tmp_path, SENDOFF_CONFIG=str(tmp_path / "sendoff.toml"))
    with pytest.raises(ConfigurationError, match="concurrency"):
        home.desk().page(Query())

    os.chmod(home.place.state, 0o755)
    with pytest.raises(StoreRefused, match="other users"):
        home.desk().page(Query())
    with pytest.raises(StoreRefused, match=r"sendoff\.toml"):
        DeskClient(find_place({}, state_dir=tmp_path / "sendoff.toml" / "x"), environment=home.environment).page(Query())


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ((sys.executable, "-c", "raise SystemExit('it went wrong')"), "it went wrong"),
        ((sys.executable, "-c", "pass"), "it said nothing"),
        (("/nowhere/python",), "/nowhere/python"),
    ],
)
def test_a_host_that_dies_before_it_is_ready_is_quoted(home, program, words):
    with pytest.raises(HostUnavailable) as error:
        home.desk(*program).page(Query())

    assert words in error.value.message


def test_a_foreground_host_stays_and_is_no_survivor(tmp_path):
    home = Home(tmp_path, TWIN_IDLE_EXIT="0")
    process = home.foreground(*TWIN)
    try:
        wait_until(lambda: answers(home), "the start of the host")
        assert answers(home)["survives"]["shell"] is False
        news = home.desk().follow(Query(), after=0)
        for _ in range(12):
            next(news)
        news.close()
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate()


def test_a_reader_of_the_log_finds_no_chatter(home):
    home.desk().ask(STATUS)
    home.desk().stop()

    assert Path(home.place.log).read_text() == ""


@pytest.mark.needs_server
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt install curl")
def test_the_host_command_speaks_json_to_curl(home):
    """The one road that needs nothing of ours."""
    home.desk().ask(STATUS)

    done = subprocess.run(["curl", "-sS", "--unix-socket", home.place.socket, "http://sendoff/v1/page?limit=1"], capture_output=True, text=True, timeout=20)

    assert json.loads(done.stdout) == {"items": [], "next": None}


def test_300_programs_may_knock_while_the_host_is_busy(home):
    """No connection is refused because the line is full."""
    pid = home.desk().ask(STATUS)["pid"]
    with ExitStack() as stack:
        os.kill(pid, signal.SIGSTOP)
        stack.callback(os.kill, pid, signal.SIGCONT)
        for _ in range(300):
            knocking = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            knocking.setblocking(False)
            knocking.connect(home.place.socket)
