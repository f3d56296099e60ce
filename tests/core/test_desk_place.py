"""Where the work lives, how its socket is reached, and who owns it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.lock import Lock
from sendoff.desk.place import Place, find_place
from sendoff.errors import InvalidArgument, StoreRefused


def place_in(folder):
    return Place(state=str(folder), config=str(folder / "sendoff.toml"))


@pytest.mark.parametrize(
    ("environment", "arguments", "state", "config", "named"),
    [
        ({"HOME": "/h"}, {}, "/h/.local/state/sendoff/default", "/h/.config/sendoff/sendoff.toml", False),
        ({"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"}, {}, "/s/sendoff/default", "/c/sendoff/sendoff.toml", False),
        ({"HOME": "/h", "XDG_STATE_HOME": "s", "XDG_CONFIG_HOME": "c"}, {}, "/h/.local/state/sendoff/default", "/h/.config/sendoff/sendoff.toml", False),
        ({"HOME": "/h"}, {"app": "films"}, "/h/.local/state/sendoff/films", "/h/.config/sendoff/sendoff.toml", False),
        ({"HOME": "/h", "SENDOFF_APP": "films"}, {}, "/h/.local/state/sendoff/films", "/h/.config/sendoff/sendoff.toml", False),
        ({"HOME": "/h", "SENDOFF_STATE_DIR": "/x", "SENDOFF_CONFIG": "/y.toml"}, {"app": "films"}, "/x", "/y.toml", True),
        ({"HOME": "/h", "SENDOFF_STATE_DIR": "/x", "SENDOFF_CONFIG": "/y.toml"}, {"state_dir": "/z", "config": Path("/w.toml")}, "/z", "/w.toml", True),
    ],
)
def test_an_argument_is_stronger_than_the_environment_and_that_than_the_default(environment, arguments, state, config, named):
    place = find_place(environment, **arguments)

    assert (place.state, place.config, place.config_named) == (state, config, named)


def test_a_user_without_a_home_names_a_folder(monkeypatch):
    """As in a container that runs as some number: no ``HOME``, no line in passwd(5)."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    with pytest.raises(StoreRefused) as refused:
        find_place({})

    assert "SENDOFF_STATE_DIR" in refused.value.hint
    assert find_place({"SENDOFF_STATE_DIR": "/x"}).config == "/etc/xdg/sendoff/sendoff.toml"


def test_a_relative_folder_is_meant_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert find_place({"HOME": "/h"}, state_dir="s", config="c.toml").state == str(tmp_path / "s")


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b", "x" * 65, "a\n"])
def test_an_app_cannot_leave_its_folder(name):
    with pytest.raises(InvalidArgument, match="--app"):
        find_place({"HOME": "/h"}, app=name)


@pytest.mark.fault(92)
def test_the_state_folder_is_for_this_user_alone(tmp_path):
    place = place_in(tmp_path / "deep" / "state")

    place.prepare()
    place.prepare()

    assert os.stat(place.state).st_mode & 0o777 == 0o700
    for mode in (0o755, 0o750, 0o707, 0o722):
        os.chmod(place.state, mode)
        with pytest.raises(StoreRefused, match="other users") as refused:
            place.prepare()
        assert refused.value.hint == f"chmod 700 '{place.state}'"


@pytest.mark.fault(92)
def test_a_state_folder_of_another_user_is_refused(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (tmp_path / "state").mkdir(mode=0o700)
    os.chown(tmp_path / "state", 1234, 1234)

    with pytest.raises(StoreRefused, match="belongs to user 1234"):
        place_in(tmp_path / "state").prepare()


def test_a_state_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "state"):
        with pytest.raises(StoreRefused) as refused:
            place_in(folder).prepare()
        assert str(tmp_path / "file") in refused.value.message
        assert "SENDOFF_STATE_DIR" in refused.value.hint


LONG = "d" * 100


def reachable(listener, endpoint):
    with endpoint.connect(5) as connection:
        accepted, _ = listener.accept()
        with accepted:
            connection.sendall(b"hello")
            return accepted.recv(5) == b"hello"


@pytest.mark.fault(92)
@pytest.mark.parametrize("runtime", ["", "relative", "there"])
@pytest.mark.parametrize("depth", [0, 1, 2, 15])
def test_the_socket_is_reached_however_long_its_path_is(tmp_path, monkeypatch, depth, runtime):
    folder = tmp_path.joinpath("state", *[LONG] * depth)
    short = tmp_path.parent / "r"
    short.mkdir(mode=0o700, exist_ok=True)
    environment = {"XDG_RUNTIME_DIR": str(short) if runtime == "there" else runtime} if runtime else {}
    place = place_in(folder)
    os.makedirs(folder, 0o700)
    endpoint = Endpoint(place, environment)

    with endpoint.bind() as listener:
        assert reachable(listener, endpoint)
        assert reachable(listener, Endpoint(place, {})), "a client with another runtime folder finds it as well"
        assert os.stat(folder / "host.sock").st_mode & 0o777 == 0o600
    endpoint.unlink()

    with pytest.raises(FileNotFoundError):
        endpoint.connect(5)
    assert not any(short.rglob("*.sock"))


def test_what_a_dead_host_left_is_replaced(tmp_path):
    endpoint = Endpoint(place_in(tmp_path), {})
    endpoint.bind().close()
    with pytest.raises(ConnectionRefusedError):
        endpoint.connect(5)

    with endpoint.bind() as listener:
        assert reachable(listener, endpoint)


def test_where_more_ask_at_once_than_the_kernel_has_room_for_they_stand_in_line(tmp_path):
    endpoint = Endpoint(place_in(tmp_path), {})
    with endpoint.bind() as listener, ExitStack() as open_ones:
        listener.listen(0)
        with pytest.raises(BlockingIOError):
            while True:
                open_ones.enter_context(endpoint.connect(0))
        accepting = threading.Timer(0.2, lambda: open_ones.enter_context(listener.accept()[0]))
        accepting.start()

        endpoint.connect(20).close()

        accepting.join()


def test_a_runtime_folder_that_others_may_look_into_is_not_used(tmp_path):
    folder = tmp_path / LONG
    folder.mkdir()

    with tempfile.TemporaryDirectory() as short, pytest.raises(StoreRefused, match="other users"):
        (Path(short) / "sendoff").mkdir(mode=0o755)
        Endpoint(place_in(folder), {"XDG_RUNTIME_DIR": short}).bind()


HOLDER = """
import sys, time
from sendoff.desk.lock import Lock
lock = Lock(sys.argv[1])
print(lock.take(mood="good"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    started = []

    def start():
        process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.fault(17)
def test_a_lock_is_freed_by_death_and_by_nothing_else(tmp_path, holder):
    first, taken = holder()
    lock = Lock(str(tmp_path / "lock"))

    assert taken == "True"
    assert not lock.take()
    assert not lock.wait_free(0.05)
    assert lock.holder() == {"pid": first.pid, "mood": "good"}

    first.send_signal(signal.SIGKILL)
    first.wait()

    assert lock.holder()["pid"] == first.pid, "what the file says is information, not proof"
    assert lock.wait_free(0)
    assert lock.take()
    assert holder()[1] == "False"
    lock.release()
    assert holder()[1] == "True"


@pytest.mark.fault(17)
def test_a_pid_in_the_file_keeps_nobody_out(tmp_path):
    (tmp_path / "lock").write_text(f'{{"pid": {os.getpid()}}}')

    assert Lock(str(tmp_path / "lock")).take()


@pytest.mark.parametrize("text", ["", "not json", "[1]", "\x00"])
def test_a_lock_file_with_anything_in_it_can_be_read(tmp_path, text):
    (tmp_path / "lock").write_text(text)

    assert Lock(str(tmp_path / "lock")).holder() == {}


@pytest.mark.fault(25)
def test_a_forked_child_does_not_keep_the_lock_of_its_dead_parent(tmp_path):
    """The parent holds the lock, forks, and dies; the child lives on."""
    script = HOLDER.replace("sys.stdin.read()", "import os\nif os.fork() == 0:\n    print('child', flush=True)\n    sys.stdin.read()\nelse:\n    os._exit(0)")
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert [process.stdout.readline().strip() for _ in range(2)] == ["True", "child"]
    process.wait()

    taken = Lock(str(tmp_path / "lock")).take()

    process.communicate()
    assert taken
