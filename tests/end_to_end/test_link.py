"""A link that really goes away and comes back, in a network namespace: the host lives there, and the server outside."""

import time

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB
from tests.servers.namespace import NEEDED, Namespace

SIZE, RATE = 16 * MIB, 8 * MIB
LOST = "http://192.88.99.254/a"  # no way leads there, and nobody says so
ONCE = "[retry]\npatience = 0\nattempts = 1\n"  # whatever is counted as a failure ends it

pytestmark = [*NEEDED, pytest.mark.timeout(120)]


@pytest.fixture
def there():
    with Namespace() as made:
        yield made


@pytest.fixture
def receiver(tmp_path, there):
    with Receiver(tmp_path / "received", host=there.outside, tus=True, checksums=False, rate=RATE) as made:
        yield made


@pytest.fixture
def begin(stage, there):
    """Starts the host, with this configuration; who asks has its end of the cable to himself."""
    hosts = []

    def begin(config):
        stage.config.write_text(config)
        hosts.append(stage.own_host(within=there.command()))

    yield begin
    for host in hosts:
        host.kill()
        host.wait()


def settings(receiver, *, settle, retry=ONCE):
    way = f'[destinations.films]\nurl = "{receiver.url}"\nprotocol = "tus"\nprotocol_options = {{ chunk_size = "64M" }}\n'
    return f'[network]\nsettle = "{settle}"\n{retry}{way}'


def patches(receiver):
    return [row for row in receiver.requests if row.method == "PATCH"]


@pytest.mark.parity("A17", "F148", "F152")
@pytest.mark.parametrize(("go", "come"), [("pull", "plug"), ("lose", "join")], ids=["cable", "address"])
def test_a17_a_link_that_goes_away_in_mid_upload_costs_no_try_and_no_byte_twice(stage, there, receiver, begin, go, come):
    begin(settings(receiver, settle="0.2s"))
    source, _ = stage.file(SIZE)
    (id,) = stage.put(source, "films:")
    receiver.wait_until(lambda rows: any(row.method == "PATCH" and row.received >= MIB for row in rows))

    getattr(there, go)()
    stage.until(id, status="paused_no_network", reason="offline")
    receiver.hang_up()  # as a server does that hears nothing any more
    receiver.wait_until(lambda rows: all(row.over for row in rows))
    getattr(there, come)()

    stage.until(id, status="completed")
    first, second = patches(receiver)
    assert (int(second.header("Upload-Offset")), second.received) == (first.received, SIZE - first.received)
    assert "attempt_failed" not in [event.type for event in stage.history(id)]
    (upload,) = receiver.uploads.all()
    assert receiver.stored(upload.name) == (stage.folder / "source.bin").read_bytes()


@pytest.mark.parity("F148")
def test_a_try_that_breaks_before_the_loss_has_settled_does_not_count(stage, there, receiver, begin):
    begin(settings(receiver, settle="4s", retry=f'{ONCE}stall_timeout = "1s"\nresponse_timeout = "1s"\n'))
    source, _ = stage.file(SIZE)
    (id,) = stage.put(source, "films:")
    receiver.wait_until(lambda rows: any(row.method == "PATCH" and row.received >= MIB for row in rows))

    there.pull()
    stage.until(id, status="paused_no_network", reason="offline")
    receiver.hang_up()
    receiver.wait_until(lambda rows: all(row.over for row in rows))
    there.plug()

    stage.until(id, status="completed")
    assert "attempt_failed" not in [event.type for event in stage.history(id)]


@pytest.mark.parity("F145")
def test_an_address_that_answers_nothing_is_given_up_after_the_time_to_connect(stage, there, begin):
    begin(f'{ONCE}connect_timeout = "1.5s"\n')
    began = time.monotonic()
    source, _ = stage.file(1000)
    (id,) = stage.put(source, LOST)

    stage.run("wait", id, fine=(1,))

    assert time.monotonic() - began >= 1.5
    error = stage.view(id)["error"]
    assert error["web_error_status"] in (sendoff.WebErrorStatus.TIMEOUT, sendoff.WebErrorStatus.CANNOT_CONNECT)
    assert error["side"] == "network"


@pytest.mark.parity("F148")
def test_what_lies_on_the_network_at_hand_is_tried_without_one_and_spends_nothing(stage, tmp_path):
    with Namespace("10.88.99") as home, Receiver(tmp_path / "received", host=home.outside) as nas:
        home.lose()
        stage.config.write_text(f'[network]\nsettle = "0.2s"\n{ONCE}backoff = ["30s", "1h"]\n')
        host = stage.own_host(within=home.command())
        try:
            (id,) = stage.put(stage.file(1000)[0], f"{nas.url}a")
            stage.until(id, status="running", reason="unreachable")
            began = time.monotonic()

            home.join()

            assert stage.until(id, status="completed")["error"] is None
            assert time.monotonic() - began < 15, "on another network nobody waits out his pause"
        finally:
            host.kill()
            host.wait()
