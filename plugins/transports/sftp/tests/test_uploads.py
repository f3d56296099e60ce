"""One file at OpenSSH's own server, step by step."""

import os
import stat
from pathlib import Path

import pytest
from sendoff import Demand, InvalidArgument, Rejected, SessionLost, Target, TargetExists, Transient, Unverified
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.shipment import LooseShipment

pytestmark = pytest.mark.needs_server
MIB = 2**20


def names(server):
    return sorted(path.name for path in server.root.rglob("*") if path.is_file())


def again(shipment):
    """The same operation in the next try."""
    return LooseShipment(path=shipment.path, target=shipment.target, session=shipment.session, demand=shipment.demand, furthest=shipment.furthest)


def test_until_it_is_whole_nothing_has_its_name_and_nobody_else_may_read_it(openssh, to_openssh, ship):
    transport, seen = to_openssh(), []
    shipment = ship(transport, 3 * MIB)

    def look(offset):
        if offset >= MIB:
            (part,) = (openssh.root / "in").iterdir()
            seen.append((part.name.startswith(".thing."), part.name.endswith(".part"), stat.S_IMODE(part.stat().st_mode)))

    shipment.on_read = look
    transport.send(shipment)

    assert set(seen) == {(True, True, 0o600)}
    assert names(openssh) == ["thing"]


def test_time_and_mode_are_those_of_the_file_or_as_asked(openssh, to_openssh, ship, tmp_path):
    source = tmp_path / "mine"
    source.write_bytes(b"x" * 1000)
    os.utime(source, (1_600_000_000, 1_600_000_000))
    source.chmod(0o751)
    to_openssh().send(ship(to_openssh(), path=source))
    to_openssh(mode="640").send(ship(to_openssh(), path=source, name="other"))

    found = [(openssh.root / "in" / name).stat() for name in ("thing", "other")]

    assert [int(one.st_mtime) for one in found] == [1_600_000_000] * 2
    assert [stat.S_IMODE(one.st_mode) for one in found] == [0o751, 0o640]


@pytest.mark.fault(44)
@pytest.mark.parametrize("at", [1, 40_000, MIB, 5 * MIB, 20 * MIB])
def test_a_broken_upload_goes_on_where_the_server_has_it(openssh_world, ship, at):
    world = openssh_world
    shipment = ship(world.transport, 24 * MIB)
    world.break_off(at + 20_000)
    with pytest.raises(Transient):
        world.transport.send(shipment)
    assert world.landed(shipment.target) is None
    confirmed = shipment.session.data["at"] if shipment.session else 0
    with again(shipment) as second:
        world.transport.send(second)

        assert second.given == 24 * MIB - confirmed
    assert world.landed(shipment.target) == shipment.path.read_bytes()
    assert names(world.server) == ["thing"]


def test_what_is_there_counts_only_as_far_as_it_was_confirmed(openssh, to_openssh, ship):
    """More may lie there, written out of order or by a server that lost a disk block: it is cut off."""
    transport = to_openssh()
    shipment = ship(transport, 3 * MIB)
    shipment.on_read = lambda offset: (_ for _ in ()).throw(Transient("broken")) if offset >= 2 * MIB else None
    with pytest.raises(Transient):
        transport.send(shipment)
    assert shipment.session.data["at"] == 0
    (part,) = (openssh.root / "in").iterdir()
    assert part.stat().st_size > 0
    shipment.on_read, shipment.given = lambda offset: None, 0

    transport.send(shipment)

    assert shipment.given == 3 * MIB
    assert (openssh.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()


def test_a_part_that_is_gone_is_a_lost_session(openssh_world, ship):
    world = openssh_world
    shipment = ship(world.transport, 24 * MIB)
    shipment.on_read = lambda offset: world.hang_up() if offset >= 20 * MIB else None
    with pytest.raises(Transient):
        world.transport.send(shipment)
    shipment.on_read = lambda offset: None
    if shipment.session.data["at"] == 0:  # it went within a second
        shipment.session.data["at"] = MIB
    for part in (world.server.root / "in").iterdir():
        part.unlink()

    with pytest.raises(SessionLost):
        world.transport.send(shipment)


def test_a_symbolic_link_in_the_place_of_the_part_is_not_followed(openssh_world, ship, tmp_path):
    world = openssh_world
    shipment = ship(world.transport, 24 * MIB)
    shipment.on_read = lambda offset: world.hang_up() if offset >= 10 * MIB else None
    with pytest.raises(Transient):
        world.transport.send(shipment)
    shipment.on_read = lambda offset: None
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (part,) = (world.server.root / "in").iterdir()
    part.unlink()
    part.symlink_to(victim)

    with pytest.raises(SessionLost):
        world.transport.send(shipment)

    assert victim.read_bytes() == b"precious"


@pytest.mark.fault(65)
def test_what_exists_is_replaced_kept_or_refused_as_demanded(openssh, to_openssh, ship):
    there = openssh.root / "in" / "thing"
    there.parent.mkdir()
    there.write_bytes(b"old!")
    transport = to_openssh()

    with pytest.raises(TargetExists):
        transport.send(ship(transport, demand=Demand(existing="fail")))
    with pytest.raises(Unverified):
        transport.send(ship(transport, demand=Demand(existing="skip")))
    kept = transport.send(ship(transport, 4, demand=Demand(existing="skip")))
    assert (kept.existing, there.read_bytes()) == ("skipped", b"old!")
    shipment = ship(transport)
    transport.send(shipment)

    assert there.read_bytes() == shipment.path.read_bytes()
    assert names(openssh) == ["thing"]


@pytest.mark.fault(65)
@pytest.mark.parametrize("existing", ["fail", "skip"])
def test_what_appears_while_it_is_sent_is_never_replaced(openssh, to_openssh, ship, existing):
    """A second name cannot be given where there is one: nobody slips in between, as with a look and then a rename."""
    shipment = ship(to_openssh(), 3 * MIB, demand=Demand(existing=existing))
    shipment.on_read = lambda offset: (openssh.root / "in" / "thing").write_bytes(b"theirs") if offset > MIB else None

    with pytest.raises(TargetExists, match="appeared while it was sent"):
        to_openssh().send(shipment)

    assert (openssh.root / "in" / "thing").read_bytes() == b"theirs"


@pytest.mark.fault(48)
def test_a_connection_that_broke_between_the_second_name_and_the_end_of_the_first_is_finished(openssh, to_openssh, ship):
    transport = to_openssh()
    shipment = ship(transport, MIB, demand=Demand(existing="fail"))
    transport.send(shipment)
    os.link(openssh.root / "in" / "thing", shipment.session.data["part"])
    shipment.given = 0

    transport.send(shipment)

    assert shipment.given == 0
    assert names(openssh) == ["thing"]
    assert (openssh.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()


@pytest.mark.parametrize("existing", ["fail", "skip", "overwrite"])
def test_what_does_not_exist_is_made_whatever_is_demanded(openssh, to_openssh, ship, existing):
    shipment = ship(to_openssh(), demand=Demand(existing=existing))

    to_openssh().send(shipment)

    assert names(openssh) == ["thing"]


def test_a_folder_under_the_name_of_the_file_is_a_refusal(openssh, to_openssh, ship):
    (openssh.root / "in" / "thing").mkdir(parents=True)

    with pytest.raises(Rejected, match="is a folder"):
        to_openssh().send(ship(to_openssh()))


@pytest.mark.parametrize(
    ("choice", "name", "made"),
    [("below", "a/b/thing", True), ("all", "a/b/thing", True), ("none", "thing", True), ("none", "a/thing", False)],
)
def test_missing_folders_are_made_as_far_as_that_is_wanted(openssh, to_openssh, ship, choice, name, made):
    (openssh.root / "in").mkdir()
    transport = to_openssh(make_folders=choice)
    if made:
        transport.send(ship(transport, name=name))
    else:
        with pytest.raises(Rejected, match="there is no folder"):
            transport.send(ship(transport, name=name))

    assert (openssh.root / "in" / name).exists() is made


def test_the_folder_of_the_destination_itself_is_made_only_where_that_is_said(openssh, to_openssh, ship):
    with pytest.raises(Rejected) as caught:
        to_openssh("new/", make_folders="below").send(ship(to_openssh("new/", make_folders="below")))

    assert "make_folders=all" in caught.value.hint


def test_a_path_relative_to_the_login_begins_with_a_tilde(openssh, to, ship, monkeypatch):
    url = openssh.url("").partition("127.0.0.1")
    transport = to(f"{url[0]}127.0.0.1:{openssh.port}/~/", identity_file=str(openssh.user_key), host_keys=str(openssh.known_hosts))
    name = f".sendoff-test-{os.getpid()}"
    home = os.path.expanduser(f"~{openssh.user}")
    try:
        transport.send(ship(transport, name=name))

        assert os.path.getsize(f"{home}/{name}") == 1000
    finally:
        if os.path.exists(f"{home}/{name}"):
            os.unlink(f"{home}/{name}")


@pytest.mark.parametrize(("demand", "word"), [("size", "size"), ("auto", "size"), ("read-back", "read-back")])
def test_the_receipt_says_what_was_seen(openssh, to_openssh, ship, demand, word):
    delivery = to_openssh().send(ship(to_openssh(), MIB, demand=Demand(verify=demand)))

    assert delivery.verified == word
    assert ("sha256" in delivery.digests) is (demand == "read-back")


def test_a_digest_is_made_by_a_command_where_that_is_allowed(openssh, to_openssh, ship):
    demand = Demand(verify="digest")
    shipment = ship(to_openssh(), MIB, "it's; here", demand=demand)
    with pytest.raises(Unverified, match="tells no digest"):
        to_openssh().send(shipment)
    assert [name.endswith(".part") for name in names(openssh)] == [True], "whole, and nothing was found to be wrong with it"

    delivery = to_openssh(digest_command="sha256sum").send(shipment)

    assert delivery.verified == "server-digest"
    assert names(openssh) == ["it's; here"]


@pytest.mark.needs_server
def test_a_digest_for_which_the_server_has_no_session_now_is_asked_for_again_later(tmp_path, keys, to, ship):
    with OpenSsh(tmp_path / "narrow", keys=keys, lines="MaxSessions 1") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts), digest_command="sha256sum")

        with pytest.raises(Transient, match="no more sessions"):
            transport.send(ship(transport, MIB, demand=Demand(verify="digest")))

        assert [name.endswith(".part") for name in names(server)] == [True]


@pytest.mark.parametrize("mode", ["444", "000"])
def test_what_has_its_rights_already_and_not_its_name_is_resumed(failing, to_failing, ship, mode):
    failing.faults.guards_rights = True  # as a server does that runs as nobody special
    failing.faults.lose_after = "close"
    transport = to_failing(mode=mode)
    shipment = ship(transport, 2 * MIB, demand=Demand(verify="read-back"))
    with pytest.raises(Transient):
        transport.send(shipment)

    transport.send(shipment)

    assert (failing.root / "thing").stat().st_mode & 0o777 == int(mode, 8)


def test_folders_below_a_destination_are_judged_by_the_destination_of_each_upload(to_openssh, openssh, ship):
    for name in ("a", "b"):
        (openssh.root / name).mkdir()
    transport = to_openssh("a/", make_folders="below")
    transport.send(ship(transport, name="new/thing"))
    other = ship(transport, name="x", root=openssh.url("b/"))
    other.target = Target(openssh.url("b/new/thing"))

    transport.send(other)

    assert (openssh.root / "b/new/thing").exists()


def test_a_name_of_255_bytes_arrives_and_one_of_256_is_refused_with_a_sentence(openssh, to_openssh, ship):
    transport = to_openssh()
    transport.send(ship(transport, name="ü" * 127 + "x"))
    assert names(openssh) == ["ü" * 127 + "x"]

    with pytest.raises(Rejected, match="256 bytes"):
        transport.send(ship(transport, name="x" * 256))


def test_an_address_with_a_query_is_refused(openssh, to, ship):
    from dataclasses import replace

    transport = to(openssh.url("in/"), identity_file=str(openssh.user_key), host_keys=str(openssh.known_hosts))
    shipment = ship(transport)
    shipment.target = replace(shipment.target, url=shipment.target.url + "?x=1")

    with pytest.raises(InvalidArgument):
        transport.send(shipment)


@pytest.mark.fault(40)
@pytest.mark.parametrize("name", ["two\nlines", "-leading", "trailing ", "tab\t'quote\"", "日本語/é 🎉", "e\u0301", "caf\udce9", "CON", "a\\b"])
def test_a_name_in_any_script_is_kept_exactly(openssh, to_openssh, ship, name):
    to_openssh().send(ship(to_openssh(), name=name))

    assert [path.relative_to(openssh.root / "in") for path in (openssh.root / "in").rglob("*") if path.is_file()] == [Path(name)]


@pytest.mark.fault(97)
def test_a_server_without_sftp_says_so(tmp_path, to, ship):
    from sendoff import Permanent
    from sendoff.testing.openssh import OpenSsh

    with OpenSsh(tmp_path / "bare", lines="ForceCommand /bin/echo hello") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))

        with pytest.raises(Permanent, match="SFTP"):
            transport.send(ship(transport))


def test_a_probe_says_what_it_saw(openssh, to_openssh):
    found = to_openssh("").probe()

    assert found.reachable and found.resumable and "is there" in found.detail
    assert "there is no folder" in to_openssh("missing/").probe().detail


def test_connections_are_kept_and_shared(openssh_world, ship):
    world = openssh_world
    for number in range(5):
        world.transport.send(ship(world.transport, name=str(number)))

    assert world.proxy.connections == 1


def test_more_sessions_than_the_server_allows_in_a_connection_go_in_another(tmp_path, to, ship):
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from sendoff.testing.openssh import OpenSsh

    with OpenSsh(tmp_path / "strict", lines="MaxSessions 2") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))
        shipments = [ship(transport, MIB, name=str(number)) for number in range(5)]
        meet = threading.Barrier(5)
        for shipment in shipments:
            shipment.on_read = lambda offset: meet.wait(20) if offset == 0 else None
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(transport.send, shipments))

        assert names(server) == ["0", "1", "2", "3", "4"]


@pytest.mark.fault(45)
def test_a_server_that_falls_silent_is_left_after_the_stall_limit(tmp_path, ship, openssh_world):
    world = openssh_world
    transport = world.to(stall_timeout=1)
    shipment = ship(transport, 24 * MIB)
    world.stop_reading(MIB)

    with pytest.raises(Transient, match="not a sign of life for 1 second"):
        transport.send(shipment)
    world.hang_up()
