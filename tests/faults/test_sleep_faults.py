"""The machine sleeps in mid-transfer: what it wakes with is begun anew where the server is, and no try is spent."""

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.end_to_end.handle import Handle
from tests.end_to_end.stage import MIB, Stage

pytestmark = [pytest.mark.fault(24), pytest.mark.timeout(120)]
SIZE, RATE = 8 * MIB, MIB  # a sleep of which nobody tells is noticed within five seconds
NIGHT = 8 * 3600


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.environment["STAGE_SLEEP"] = str(tmp_path / "slept")
        yield made


@pytest.fixture
def machine(tmp_path):
    """Sleeps for so many seconds, and has woken when this returns."""

    def sleep(seconds):
        written = tmp_path / "slept.new"
        written.write_text(str(seconds))
        written.rename(tmp_path / "slept")

    sleep(0)
    return sleep


@pytest.fixture
def owner(stage, machine):
    """A process that owns the journal, once it is asked for; what is counted as failed once has failed."""
    made = []

    def started(url):
        stage.config.write_text(
            f'[retry]\npatience = 0\nattempts = 1\n[destinations.films]\nurl = "{url}"\nprotocol = "tus"\nprotocol_options = {{ chunk_size = "64M" }}\n'
        )
        made.append(Handle(stage))
        return made[-1]

    yield started
    for one in made:
        one.end()


def patches(receiver):
    return [row for row in receiver.requests if row.method == "PATCH"]


def test_the_connection_is_taken_for_dead_and_the_server_is_asked(stage, tmp_path, machine, owner):
    with Receiver(tmp_path / "received", tus=True, rate=RATE, checksums=False) as receiver:
        source, digest = stage.file(SIZE)
        one = owner(receiver.url)
        id = one.put(source=source, destination="films:")
        receiver.wait_until(lambda rows: any(row.method == "PATCH" and row.received >= MIB for row in rows))

        machine(NIGHT)

        assert one.end_of(id) == "completed"
        first, second = patches(receiver)
        assert 0 < first.received < SIZE and not first.complete
        asked = next(row for row in receiver.requests if row.method == "HEAD")
        assert first.began_at < asked.began_at < second.began_at
        assert int(second.header("Upload-Offset")) == first.received, "nothing is sent twice"
        (upload,) = receiver.uploads.all()
        assert upload.whole and receiver.stored(upload.name) == (tmp_path / "source.bin").read_bytes()
        assert digest


def test_a_try_that_breaks_because_the_machine_slept_does_not_count(stage, tmp_path, machine, owner):
    """Before anybody has noticed the sleep: the server has hung up meanwhile."""
    with Receiver(tmp_path / "received", script=[Rule(do=Stall(), at=MIB)]) as receiver:
        source, _ = stage.file(SIZE)
        one = owner("http://127.0.0.1:9/")
        id = one.put(source=source, destination=receiver.url)
        receiver.wait_for(bytes=MIB)

        machine(NIGHT)
        receiver.hang_up()

        assert one.end_of(id) == "completed"
        assert len(receiver.requests) == 2


def test_a_sleep_between_two_tries_starts_no_storm(stage, tmp_path, machine, owner):
    with Receiver(tmp_path / "received", script=[Rule(do=Answer(503, (("Retry-After", "1"),)))]) as receiver:
        source, _ = stage.file(1000)
        stage.config.write_text("")
        one = Handle(stage)
        try:
            id = one.put(source=source, destination=receiver.url)
            receiver.wait_for(over=True)

            machine(NIGHT)

            assert one.end_of(id) == "completed"
            assert len(receiver.requests) == 2
        finally:
            one.end()


def test_the_time_asleep_costs_no_patience():
    with sendoff.testing.client(hurry=False) as client:
        client.receiver.answer(503)
        operation = client.put(b"x", "https://far.example/a", patience="1h")
        eventually(lambda: operation.refresh().reason == "backoff", "it has failed once")

        client.receiver.answer(503)
        client.clock.sleep("8h")
        client.clock.advance("1m")
        eventually(lambda: len(client.receiver.requests) == 2, "it is tried again")
        client.clock.sleep("8h")
        client.hurry()

        assert operation.wait(60).error is None
