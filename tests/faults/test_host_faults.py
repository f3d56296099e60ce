"""What must not go wrong between clients and hosts, however they die."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sendoff.desk.client import DeskClient
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.lock import Lock
from sendoff.desk.place import find_place
from sendoff.errors import OtherVersion
from sendoff.host.peer import uid_of_peer, welcome
from sendoff.model.operation import Request
from sendoff.model.query import Query, Question

from tests.core import desk_twin
from tests.core.desk_twin import running, wait_until

STATUS = Question(what="status")
TWIN = (sys.executable, desk_twin.__file__)


@pytest.fixture
def place(tmp_path):
    place = find_place({}, state_dir=tmp_path / "state")
    yield place
    DeskClient(place).stop()


@pytest.fixture
def inside(place):
    """A host in this process, and the desk it serves."""
    with running(place, {}) as host:
        yield host.work


@pytest.mark.fault(16)
def test_of_ten_hosts_one_serves_and_nine_say_who(place):
    words = [sys.executable, "-P", "-m", "sendoff.host", "--state-dir", place.state]
    hosts = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(10)]
    desk = DeskClient(place, spawn=False)
    try:
        wait_until(lambda: sum(host.poll() is not None for host in hosts) == 9, "nine hosts giving way", 60)
        wait_until(lambda: os.path.exists(place.socket), "one host serving")
        (serving,) = [host for host in hosts if host.poll() is None]
        assert desk.ask(STATUS)["pid"] == serving.pid
        for host in hosts:
            if host is not serving:
                assert host.returncode == 5
                assert f"already running (pid {serving.pid})" in host.stderr.read()
    finally:
        for host in hosts:
            host.kill()
            host.wait()
            host.stderr.close()


CLIENT = """
import sys
from sendoff.desk.client import DeskClient
from sendoff.desk.place import find_place
from sendoff.model.operation import Request
from sendoff.model.query import Question
desk = DeskClient(find_place({}, state_dir=sys.argv[1]))
print(*(answer.id for answer in desk.create([Request(source=sys.argv[2], destination="http://127.0.0.1:9/" + sys.argv[3])], start=False)))
print(desk.ask(Question(what="status"))["pid"])
"""


@pytest.mark.fault(16)
def test_ten_clients_that_find_no_host_start_one_and_all_are_served(place, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    words = [sys.executable, "-c", CLIENT, place.state, str(tmp_path / "a")]
    clients = [subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True) for number in range(10)]

    said = [client.communicate(timeout=60)[0].split() for client in clients]

    assert len({id for id, _ in said}) == 10
    assert len({pid for _, pid in said}) == 1
    assert len(DeskClient(place).page(Query()).items) == 10


@pytest.mark.fault(17)
def test_a_killed_host_leaves_nothing_that_keeps_the_next_one_out(place):
    first = DeskClient(place).ask(STATUS)["pid"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: Lock(place.lock).wait_free(0), "the kernel freeing the lock")
    assert os.path.exists(place.socket), "its socket is still lying there"
    with open(place.lock, "w") as file:
        json.dump({"pid": os.getpid()}, file)  # its number was given to another process, which lives

    assert DeskClient(place).ask(STATUS)["pid"] not in (first, os.getpid())


EMBEDDED = """
import os, sys, threading

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

sys.path.insert(0, sys.argv[2])
from desk_twin import Twin
from sendoff.desk.client import DeskClient
from sendoff.desk.place import find_place
from sendoff.host.owner import Host
from sendoff.model.query import Query, Question

place = find_place({}, state_dir=sys.argv[1])
host = Host(place, Twin, {})
host.open()
host.listen()
threading.Thread(target=host.serve, daemon=True).start()
desk = DeskClient(place, environment={}, spawn=False)
following = desk.follow(Query(), after=0)
next(following)
if os.fork() == 0:
    try:
        next(following)
    except Exception as error:
        say(type(error).__name__)
    say(desk.ask(Question(what="status"))["pid"], threading.active_count())
    sys.stdin.read()
    os._exit(0)
say(os.getpid())
threading.Event().wait()
"""


@pytest.mark.fault(25)
def test_a_forked_child_runs_nothing_keeps_nothing_and_talks_to_its_parent(place):
    """The program that embeds a host forks; then it dies while the child lives."""
    folder = os.path.dirname(desk_twin.__file__)
    program = subprocess.Popen([sys.executable, "-c", EMBEDDED, place.state, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = sorted(program.stdout.readline().strip() for _ in range(3))
        assert said == sorted([str(program.pid), "HostUnavailable", f"{program.pid} 1"]), "the parent answers, the child has no thread but its own"
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()

    assert Lock(place.lock).wait_free(0), "the child does not hold the lock"
    with pytest.raises(ConnectionRefusedError):
        Endpoint(place, {}).connect(5)
    program.communicate()


def half_a_create(place, lines):
    connection = Endpoint(place, {}).connect(5)
    body = b"".join(lines)
    connection.sendall(b"POST /v1/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body))
    return connection


LINE = b'{"source": "/a", "destination": "h:"}\n'


@pytest.mark.fault(87)
@pytest.mark.parametrize(("count", "rest", "stored"), [(0, b"", 0), (5, b"", 0), (5, LINE[:20], 0), (2500, b"", 2000), (2500, LINE[:20], 2000)])
def test_a_client_that_hangs_up_in_mid_create_leaves_whole_slices_only(place, inside, count, rest, stored):
    connection = half_a_create(place, [b"{}\n", LINE * count, rest])
    wait_until(lambda: len(inside.rows) == stored and inside.environments, "the whole slices")
    connection.close()

    wait_until(lambda: inside.sealed, "the end of the create")
    assert len(inside.rows) == stored
    assert inside.sealed == [stored]
    (created,) = DeskClient(place, spawn=False).create([Request(source="/b")])
    assert created.number == stored + 1, "the host lives on"


@pytest.mark.fault(87)
def test_a_killed_client_is_noticed_while_it_follows(place, inside):
    connection = Endpoint(place, {}).connect(5)
    connection.sendall(b"GET /v1/follow HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(65536)
    wait_until(lambda: [thread for thread in threading.enumerate() if thread.name == "sendoff-follow"], "following")

    connection.close()

    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "sendoff-follow"], "the end of following")


@pytest.mark.fault(87)
def test_a_host_of_another_version_gives_way_and_the_call_goes_through(place):
    older = DeskClient(place, environment={**os.environ, "TWIN_VERSION": "0.0.1"}, program=TWIN)
    old = older.ask(STATUS)
    assert old["version"] == "0.0.1"
    with pytest.raises(OtherVersion):
        DeskClient(place, spawn=False).page(Query())

    answers = list(DeskClient(place, program=TWIN).create(Request(source=f"/{number}", destination="h:") for number in range(3000)))

    assert len(answers) == 3000
    new = DeskClient(place, spawn=False).ask(STATUS)
    assert new["version"] != "0.0.1"
    assert new["pid"] != old["pid"]


@pytest.mark.fault(87)
def test_a_follower_of_an_older_host_goes_on_with_the_next(place):
    older = DeskClient(place, environment={**os.environ, "TWIN_VERSION": "0.0.1"}, program=TWIN)
    older.ask(STATUS)

    news = DeskClient(place, program=TWIN).follow_always(Query(), after=0)

    assert next(news) is None
    assert DeskClient(place, spawn=False).ask(STATUS)["version"] != "0.0.1"
    news.close()


def test_the_65th_follower_is_told_what_there_is_and_let_go_and_the_others_go_on(place, inside):
    desk = DeskClient(place, environment={}, spawn=False)
    followers = [desk.follow(Query(), after=0) for _ in range(64)]
    for follower in followers:
        assert next(follower) is None

    assert set(desk.follow(Query(), after=0)) <= {None}, "it ends, and whoever wants more asks again"
    assert next(followers[0]) is None
    for follower in followers:
        follower.close()


def test_the_kernel_says_who_has_connected():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert uid_of_peer(ours) == os.geteuid()
    assert welcome(os.geteuid())
    assert welcome(0)
    assert not welcome(os.geteuid() + 1)


STRANGER = """
import os, socket, sys
connection = socket.socket(socket.AF_UNIX)
os.setuid(1234)
connection.connect("host.sock")
try:
    connection.sendall(b"GET /v1/page HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    print(len(connection.recv(10)))
except OSError:
    print(0)
"""


@pytest.mark.parity("F66")
@pytest.mark.fault(93)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_who_gets_as_far_as_the_socket_is_not_heard(place, inside):
    """The folder keeps others out; here it stands open, and the second door holds."""
    os.chmod(place.state, 0o711)
    os.chmod(place.socket, 0o666)

    done = subprocess.run([sys.executable, "-c", STRANGER], cwd=place.state, capture_output=True, text=True, timeout=20)

    assert done.stdout == "0\n", done.stderr
    assert DeskClient(place, spawn=False).page(Query()).items == []


@pytest.mark.fault(94)
@pytest.mark.parametrize("header", ["Origin: http://evil.example", "Referer: http://evil.example/", "Sec-Fetch-Site: cross-site", "Cookie: a=b"])
def test_a_web_page_that_gets_as_far_as_the_socket_is_refused(place, inside, header):
    """Through a proxy that somebody has put before it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(place.socket)
        connection.sendall(f"POST /v1/ask?what=stop HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        said = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    assert "a browser asks" in said and not said.startswith("HTTP/1.1 200")
    assert DeskClient(place, spawn=False).ask(STATUS)["pid"] == os.getpid()


@pytest.mark.fault(94)
def test_no_page_can_reach_it_at_an_address_of_a_network(place):
    pid = DeskClient(place).ask(STATUS)["pid"]
    own = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # some come and go
            own.add(os.readlink(f"/proc/{pid}/fd/{name}"))

    rows = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]]

    assert own and not own & {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}


@pytest.mark.fault(96)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_the_caller_cannot_read_is_not_readable_through_the_host(place, tmp_path):
    """There is a host of each user, which opens files as that user; nobody else's answers."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0)
    words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search", sys.executable, "-m", "sendoff"]

    done = subprocess.run([*words, "--state-dir", place.state, "put", str(secret), "http://127.0.0.1:9/x"], capture_output=True, text=True)

    assert done.returncode == 2 and "permission denied" in done.stderr
    assert DeskClient(place).page(Query()).items == []
