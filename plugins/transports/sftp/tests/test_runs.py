"""Small files in runs: on one line, their requests beside each other, each with an end of its own."""

import threading
import time

import paramiko
import pytest
from sendoff import Credential, Delivery, Demand, Interrupted, Secret, SendoffError, SourceChanged, Target, TargetExists, Transient, Unverified
from sendoff.testing.proxy import Proxy
from sendoff.testing.shipment import LooseShipment, LooseShipments
from sendoff_sftp.part import Part

from plugins.transports.sftp.tests.paramiko_server import ParamikoServer

FAILURE = paramiko.SFTP_FAILURE


def left(server):
    return sorted(str(path.relative_to(server.root)) for path in server.root.rglob("*") if path.is_file())


def run(transport, *shipments):
    """What is told of each."""
    return dict(one for one in transport.send_bundle(LooseShipments(*shipments)) if one is not None)


def some(ship, transport, count, size=1000, **words):
    return [ship(transport, size, name=f"f{number:02}", **words) for number in range(count)]


def again(shipment):
    """The same operation in the next try."""
    return LooseShipment(path=shipment.path, target=shipment.target, session=shipment.session, demand=shipment.demand, furthest=shipment.furthest)


class Counted(LooseShipments):
    """Remembers how many came on record together."""

    def __init__(self, *shipments):
        super().__init__(*shipments)
        self.together = []

    def record(self, sessions):
        self.together.append(len(sessions))
        return super().record(sessions)


@pytest.mark.needs_server
def test_far_away_a_run_takes_little_longer_than_one_file(openssh, to, ship):
    with Proxy(openssh.port, delay=0.05) as far:
        known = openssh.folder / "far"
        known.write_text(openssh.known_as("127.0.0.1", far.port))
        transport = to(openssh.url("in/", port=far.port), identity_file=str(openssh.user_key), host_keys=str(known))
        transport.send(ship(transport, 10, name="first"))
        began = time.monotonic()
        transport.send(ship(transport, 1000, name="one"))
        one = time.monotonic() - began
        began = time.monotonic()

        told = run(transport, *some(ship, transport, 20))

        assert time.monotonic() - began < 3 * one
    assert all(isinstance(result, Delivery) for result in told.values())


@pytest.mark.needs_server
def test_what_must_be_on_record_first_gets_there_together(openssh, to_openssh, ship):
    transport = to_openssh()
    shipments = Counted(*some(ship, transport, 10))

    told = [one for one in transport.send_bundle(shipments) if one is not None]

    assert len(told) == 10
    assert shipments.together[0] == 10 and sum(shipments.together) == 20
    assert all(shipment.checkpoints[0].data["published"] is None and shipment.checkpoints[-1].data["published"] is not None for shipment, _ in told)


@pytest.mark.needs_server
def test_everything_has_its_name_time_and_mode_and_nothing_else_is_left(openssh, to_openssh, ship):
    transport = to_openssh(mode="640")
    shipments = some(ship, transport, 40, size=300)

    run(transport, *shipments)

    assert left(openssh) == [f"in/f{number:02}" for number in range(40)]
    found = [(openssh.root / f"in/f{number:02}").stat() for number in range(40)]
    assert {one.st_mode & 0o777 for one in found} == {0o640}
    assert [int(one.st_mtime) for one in found] == [int(shipment.path.stat().st_mtime) for shipment in shipments]


@pytest.mark.needs_server
def test_folders_that_are_missing_are_made(openssh, to_openssh, ship):
    transport = to_openssh()
    shipments = [ship(transport, 100, name=f"new/deep/f{number}") for number in range(5)]

    told = run(transport, *shipments)

    assert all(isinstance(result, Delivery) for result in told.values())
    assert left(openssh) == [f"in/new/deep/f{number}" for number in range(5)]


@pytest.mark.needs_server
@pytest.mark.parametrize("existing", ["skip", "fail"])
def test_what_is_there_already_is_left_alone_and_the_others_arrive(openssh, to_openssh, ship, existing):
    transport = to_openssh()
    run(transport, *some(ship, transport, 1))
    before = (openssh.root / "in/f00").read_bytes()

    told = run(transport, *some(ship, transport, 3, demand=Demand(existing=existing)))

    results = {shipment.target.url[-3:]: result for shipment, result in told.items()}
    assert results["f00"].existing == "skipped" if existing == "skip" else isinstance(results["f00"], TargetExists)
    assert isinstance(results["f01"], Delivery) and isinstance(results["f02"], Delivery)
    assert (openssh.root / "in/f00").read_bytes() == before
    assert left(openssh) == ["in/f00", "in/f01", "in/f02"]


@pytest.mark.needs_server
def test_one_with_another_digest_than_expected_is_not_published_and_leaves_nothing(openssh, to_openssh, ship):
    transport = to_openssh()
    good, bad = ship(transport, 100, name="good"), ship(transport, 100, name="bad", demand=Demand(expected_sha256="0" * 64))

    told = run(transport, good, bad)

    assert isinstance(told[good], Delivery) and isinstance(told[bad], Unverified)
    assert left(openssh) == ["in/good"]


@pytest.mark.needs_server
def test_one_that_must_be_read_back_is(openssh_world, ship):
    transport = openssh_world.transport
    read, plain = ship(transport, 5000, name="read", demand=Demand(verify="read-back")), ship(transport, 100, name="plain")

    told = run(transport, read, plain)

    assert (told[read].verified, told[plain].verified) == ("read-back", "size")


@pytest.mark.needs_server
def test_after_a_break_the_next_run_goes_on_with_what_lies_there_and_leaves_nothing(openssh_world, ship):
    world = openssh_world
    shipments = some(ship, world.transport, 12, size=100_000)
    world.break_off(400_000)
    told = run(world.transport, *shipments)
    arrived = [shipment for shipment, result in told.items() if isinstance(result, Delivery)]
    assert len(arrived) < 12

    rest = [again(shipment) for shipment in shipments if shipment not in arrived]
    try:
        more = run(world.transport, *rest)
    finally:
        for one in rest:
            one.close()

    assert all(isinstance(result, Delivery) for result in more.values()) and len(more) == len(rest)
    assert left(world.server) == [f"in/f{number:02}" for number in range(12)]
    assert all(world.landed(shipment.target) == shipment.path.read_bytes() for shipment in shipments)


@pytest.mark.needs_server
def test_one_that_is_stopped_while_the_server_is_silent_comes_back_and_the_others_wait(openssh_world, ship):
    world = openssh_world
    shipments = some(ship, world.transport, 3, size=50_000)
    world.stop_reading(60_000)
    told, heard = {}, threading.Event()

    def carry():
        try:
            for shipment, result in filter(None, world.transport.send_bundle(LooseShipments(*shipments))):
                told[shipment] = result
                heard.set()
        except SendoffError:
            pass

    running = threading.Thread(target=carry)
    running.start()
    world.arrived(60_000)
    shipments[1].interrupt()
    came = heard.wait(1.0)
    only, alive = dict(told), running.is_alive()
    for shipment in (shipments[0], shipments[2]):
        shipment.interrupt()
    running.join(2.0)
    world.hang_up()

    assert came and alive and list(only) == [shipments[1]] and isinstance(only[shipments[1]], Interrupted)
    assert not running.is_alive()


@pytest.mark.needs_server
def test_a_kept_connection_that_has_died_is_no_try(openssh_world, ship):
    world = openssh_world
    run(world.transport, *some(ship, world.transport, 1))
    world.hang_up()

    told = run(world.transport, *some(ship, world.transport, 5))

    assert [type(result) for result in told.values()] == [Delivery] * 5


def test_each_goes_as_the_user_that_its_address_names(tmp_path, to, ship):
    server = ParamikoServer(tmp_path / "two", passwords={"me": "open", "you": "open"})
    try:
        transport = to(server.url(), Credential(secret=Secret("open")), host_keys=str(server.known_hosts), identity_file="/nowhere")
        mine, yours = some(ship, transport, 2), some(ship, transport, 2)
        for shipment in yours:
            shipment.target = Target(shipment.target.url.replace("me@", "you@") + "-yours")

        told = run(transport, *mine, *yours)
    finally:
        server.close()

    assert [type(result) for result in told.values()] == [Delivery] * 4
    assert server.log == [("password", "me"), ("password", "you")]


def test_one_that_is_stopped_while_the_login_is_not_answered_comes_back_and_the_others_arrive(failing, to_failing, ship):
    transport, go_on, asked, told, heard = to_failing(), threading.Event(), threading.Event(), {}, threading.Event()
    shipments = some(ship, transport, 3)

    def held():
        asked.set()
        go_on.wait(30)

    def carry():
        for shipment, result in filter(None, transport.send_bundle(LooseShipments(*shipments))):
            told[shipment] = result
            heard.set()

    failing.faults.login = held
    running = threading.Thread(target=carry)
    running.start()
    assert asked.wait(30)
    shipments[1].interrupt()
    came, only = heard.wait(10), dict(told)
    failing.faults.login = lambda: None
    go_on.set()
    running.join(30)

    assert came and list(only) == [shipments[1]] and isinstance(only[shipments[1]], Interrupted)
    assert [type(told[shipment]) for shipment in (shipments[0], shipments[2])] == [Delivery] * 2


@pytest.mark.needs_server
def test_a_small_one_that_goes_on_looks_at_no_target_so_that_its_part_is_not_forgotten(openssh, to_openssh, ship):
    transport = to_openssh()
    shipment = ship(transport, 1000, demand=Demand(existing="skip"))
    part = openssh.root / "in" / ".thing.part"
    part.parent.mkdir()
    part.touch()
    shipment.session = Part(path=str(part).encode()).session
    (openssh.root / "in" / "thing").write_bytes(b"x" * 1000)

    told = run(transport, shipment, *some(ship, transport, 2))

    assert not isinstance(told[shipment], Delivery), "or nobody would remove what it has left"


def test_what_is_wrong_with_one_is_not_told_of_others_when_the_line_breaks_at_that_moment(failing, to_failing, ship):
    transport = to_failing()
    shipments = some(ship, transport, 5)

    def changed():
        failing.hang_up()
        while any(connection.alive for pool in transport._pools.values() for connection in pool._connections):
            time.sleep(0.01)
        raise SourceChanged("mine")

    shipments[2].commit_point = changed
    told = run(transport, *shipments)

    assert isinstance(told.pop(shipments[2]), SourceChanged)
    assert {type(result) for result in told.values()} <= {Delivery, Transient}


@pytest.mark.fault(69)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_one_failed_write_is_never_done_and_the_others_arrive(failing, to_failing, ship, number):
    transport = to_failing()
    failing.faults.write[number] = FAILURE

    told = run(transport, *some(ship, transport, 5))

    bad = [shipment for shipment, result in told.items() if not isinstance(result, Delivery)]
    assert len(told) == 5 and len(bad) == 1
    assert isinstance(told[bad[0]], Transient) and "write at byte 0" in str(told[bad[0]])
    assert len([name for name in left(failing) if not name.startswith(".")]) == 4
    assert not (failing.root / bad[0].target.url[-3:]).exists()


def test_a_server_without_a_rename_in_one_step_gets_them_all_the_same(failing, to_failing, ship):
    transport = to_failing()

    told = run(transport, *some(ship, transport, 5))

    assert [type(result) for result in told.values()] == [Delivery] * 5
    assert left(failing) == [f"f{number:02}" for number in range(5)]


@pytest.mark.parametrize("step", ["open", "rename"])
def test_a_lost_answer_is_cleared_up_by_the_next_run(failing, to_failing, ship, step):
    transport = to_failing()
    shipments = some(ship, transport, 4)
    failing.faults.lose_after = step
    told = run(transport, *shipments) if step == "rename" else _until_it_breaks(transport, shipments)
    rest = [again(shipment) for shipment in shipments if not isinstance(told.get(shipment), Delivery)]

    try:
        more = run(transport, *rest)
    finally:
        for one in rest:
            one.close()

    assert all(isinstance(result, Delivery) for result in more.values()) and len(more) == len(rest) > 0
    assert left(failing) == [f"f{number:02}" for number in range(4)]


def _until_it_breaks(transport, shipments):
    told = {}
    with pytest.raises(Transient):
        for shipment, result in filter(None, transport.send_bundle(LooseShipments(*shipments))):
            told[shipment] = result
    return told
