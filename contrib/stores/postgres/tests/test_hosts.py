"""Real hosts with their journal in a database: two of them on one, and one whose database goes away."""

import signal
from contextlib import ExitStack

import pytest
from sendoff.testing.receiver import Receiver

from contrib.stores.postgres.tests.database import Postgres
from tests.end_to_end.stage import MIB, Stage

pytestmark = [pytest.mark.needs_server, pytest.mark.campaign, pytest.mark.timeout(120)]

SIZE, RATE = 24 * MIB, 12 * MIB
MANY = 20


class Hosts:
    """Machines' worth of state folders, all with one journal."""

    def __init__(self, folder, stack, server, schema):
        self._folder, self._stack, self._server, self._schema = folder, stack, server, schema

    def stage(self, name, more=""):
        """A state folder of its own, and commands that use it."""
        (self._folder / name).mkdir()
        stage = self._stack.enter_context(Stage(self._folder / name))
        stage.config.write_text(f'[store]\nuse = "postgres"\ndsn = "{self._server.dsn}"\nschema = "{self._schema}"\n{more}')
        return stage


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=RATE) as made:
        yield made


@pytest.fixture
def hosts(tmp_path, database, schema):
    """On the server that all tests share."""
    with ExitStack() as stack:
        yield Hosts(tmp_path, stack, database, schema)


def test_what_two_hosts_of_one_journal_are_given_arrives_once(hosts, receiver):
    one, other = hosts.stage("one"), hosts.stage("other")
    one.run("host", "start")
    other.run("host", "start")
    begun = [
        stage.begin("put", *(stage.file(1000, f"{name}{place}")[0] for place in range(MANY)), receiver.url, "-q") for stage, name in ((one, "a"), (other, "b"))
    ]
    ids = [id for put in begun for id in put.communicate(timeout=60)[0].split()]
    one.run("wait", *ids, "--timeout", "60")

    paths = sorted(request.path for request in receiver.requests)
    assert paths == sorted(f"/{name}{place}" for name in "ab" for place in range(MANY))
    assert {view["status"] for view in other.listed()} == {"completed"}
    assert all(other.ends(id) == ["completed"] for id in ids[::10])


@pytest.mark.fault(18)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_host_that_wakes_after_another_has_taken_over_changes_nothing(hosts, receiver, method):
    """The last byte of what must not be sent twice does not go out, and nothing that it says is recorded."""
    one, other = hosts.stage("one"), hosts.stage("other")
    first = one.own_host()
    source, digest = one.file(SIZE)
    (id,) = one.put(source, f"{receiver.url}one", "-q", "--method", method)
    receiver.wait_for(bytes=MIB)
    first.send_signal(signal.SIGSTOP)

    other.run("wait", id, "--timeout", "60")
    before, history = other.view(id), other.history(id)
    first.send_signal(signal.SIGCONT)
    late = receiver.wait_for(request=1, over=True)

    assert receiver.requests[1].sha256 == digest
    assert late.complete is (method == "PUT")  # of which the whole may come twice: it is the same
    assert (other.view(id), other.history(id)) == (before, history)
    assert other.ends(id) == ["completed"]
    one.run("host", "stop")
    first.wait(30)
    assert "is another process's now; this late try is dropped" in one.log()


@pytest.fixture
def server(tmp_path):
    """One that may be killed."""
    with Postgres(tmp_path / "postgres") as made:
        yield made


def test_a_database_that_is_killed_in_mid_work_loses_nothing_and_nothing_arrives_twice(tmp_path, server, receiver):
    """What runs goes on meanwhile; its end is written when the database is back."""
    with ExitStack() as stack:
        stage = Hosts(tmp_path, stack, server, "journal").stage("one", "connect_timeout = 2\n")
        host = stage.own_host()
        source, digest = stage.file(SIZE)
        small, _ = stage.file(1000, "small.bin")
        ids = stage.put(source, f"{receiver.url}large", "-q")
        receiver.wait_for(bytes=MIB)
        for place in range(MANY):
            ids += stage.put(small, f"{receiver.url}small{place}", "-q", "--priority", "low")

        server.kill()
        assert receiver.wait_for(request=1, over=True).sha256 == digest
        refused = stage.run("put", small, f"{receiver.url}refused", fine=range(1, 128))
        server.open()
        stage.run("wait", *ids, "--timeout", "90")

        paths = sorted(request.path for request in receiver.requests)
        assert "the server does not answer" in refused.stderr
        assert paths == sorted(["/large", *(f"/small{place}" for place in range(MANY))])
        assert [stage.ends(id) for id in ids] == [["completed"]] * len(ids)
        stage.run("host", "stop")
        host.wait(30)
