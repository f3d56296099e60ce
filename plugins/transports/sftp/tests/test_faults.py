"""What can go wrong at a server, each with what must come of it. Rows: docs/faults.toml."""

import os
from pathlib import Path

import paramiko
import pytest
from sendoff import Demand, NoSpace, OutcomeUnknown, Rejected, SessionLost, TargetExists, Transient, Unverified
from sendoff.model.session import Leftover

MIB = 2**20
FAILURE = paramiko.SFTP_FAILURE


def left(server):
    return sorted(path.name for path in server.root.rglob("*") if path.is_file())


@pytest.mark.fault(69)
@pytest.mark.parametrize("number", [1, 2, 40, 96, 97])
def test_one_failed_write_in_the_middle_is_never_done(failing, to_failing, ship, number):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[number] = FAILURE

    with pytest.raises(Transient) as caught:
        transport.send(shipment)

    assert f"write at byte {shipment.confirmed[-1]}" in str(caught.value)
    assert not (failing.root / "thing").exists()


@pytest.mark.fault(69)
def test_after_a_failed_write_the_next_try_goes_on_where_it_failed(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[50] = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    before, shipment.given = shipment.confirmed[-1], 0

    transport.send(shipment)

    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()
    assert shipment.given == 3 * MIB - before < 3 * MIB
    assert left(failing) == ["thing"]


def test_paramikos_own_put_says_ok_to_the_same_fault(failing, tmp_path):
    """The reason for a window of our own: should this fail one day, paramiko has learned to look."""
    failing.faults.write[3] = FAILURE
    source = tmp_path / "source"
    source.write_bytes(os.urandom(300_000))
    transport = paramiko.Transport(("127.0.0.1", failing.port))
    try:
        transport.connect(username="me", password="open")
        paramiko.SFTPClient.from_transport(transport).put(str(source), "/thing")
    finally:
        transport.close()

    assert (failing.root / "thing").stat().st_size == 300_000
    assert (failing.root / "thing").read_bytes() != source.read_bytes()


@pytest.mark.fault(68)
def test_a_server_without_fsync_posix_rename_and_limits_gets_the_file_all_the_same(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 2 * MIB)

    assert transport.send(shipment).size == 2 * MIB
    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()
    assert left(failing) == ["thing"]


@pytest.mark.fault(68)
def test_without_posix_rename_nothing_is_replaced_unless_a_gap_is_allowed(failing, to_failing, ship):
    (failing.root / "thing").write_bytes(b"old")
    shipment = ship(to_failing())
    with pytest.raises(Rejected) as caught:
        to_failing().send(shipment)
    assert "replace_by_remove" in caught.value.hint
    assert (failing.root / "thing").read_bytes() == b"old"

    to_failing(replace_by_remove=True).send(shipment)

    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()
    assert left(failing) == ["thing"]


@pytest.mark.fault(68)
def test_a_server_that_opens_what_is_there_though_it_was_told_not_to_harms_nobody(failing, to_failing, ship):
    transport = to_failing()
    transport.toolkit.random.seed(5)
    shipment = ship(transport)
    failing.faults.ignore_exclusive = failing.faults.renames_over = True
    transport.send(shipment)
    (first,) = {name for name in failing.faults.names if name.endswith(".part")}
    (failing.root / first.lstrip("/")).write_bytes(b"somebody else's")
    transport.toolkit.random.seed(5)
    again = ship(transport, 2000)

    transport.send(again)

    assert (failing.root / first.lstrip("/")).read_bytes() == b"somebody else's"
    assert (failing.root / "thing").read_bytes() == again.path.read_bytes()


@pytest.mark.fault(68)
@pytest.mark.needs_server
def test_a_part_that_another_host_left_is_not_touched(openssh, to_openssh, ship):
    transport = to_openssh()
    transport.toolkit.random.seed(5)
    shipment = ship(transport)
    transport.send(shipment)
    (part,) = {Path(session.data["part"]) for session in shipment.checkpoints}
    part.write_bytes(b"another host's")
    transport.toolkit.random.seed(5)
    again = ship(transport, 2000)

    transport.send(again)

    assert part.read_bytes() == b"another host's"
    assert (openssh.root / "in" / "thing").read_bytes() == again.path.read_bytes()


@pytest.mark.fault(68)
def test_a_quota_that_only_says_failure_waits_for_a_person(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 2 * MIB)
    failing.faults.always_fail_at = MIB
    with pytest.raises(Transient):
        transport.send(shipment)

    with pytest.raises(NoSpace) as caught:
        transport.send(shipment)

    assert "quota" in str(caught.value)


@pytest.mark.fault(68)
@pytest.mark.needs_server
def test_keys_are_changed_in_mid_transfer_and_nothing_is_lost(tmp_path, to, ship):
    """Rekeying: OpenSSH does at one MiB here what both sides do after half a GiB."""
    from sendoff.testing.openssh import OpenSsh

    with OpenSsh(tmp_path / "rekeying", lines="RekeyLimit 1M") as server:
        transport = to(server.url("in/"), identity_file=str(server.user_key), host_keys=str(server.known_hosts))
        shipment = ship(transport, 24 * MIB)

        transport.send(shipment)

        assert (server.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()


@pytest.mark.fault(68)
@pytest.mark.needs_server
def test_a_connection_that_the_server_closed_while_it_was_idle_is_replaced(openssh_world, ship):
    transport = openssh_world.transport
    transport.send(ship(transport, name="first"))
    openssh_world.hang_up()
    shipment = ship(transport, name="second")

    transport.send(shipment)

    assert openssh_world.named("second") == shipment.path.read_bytes()


@pytest.mark.fault(48)
@pytest.mark.parametrize("step", ["folder", "open", "look", "write", "attributes", "close", "rename"])
def test_an_answer_that_was_lost_at_any_step_costs_at_most_what_was_under_way(failing, to_failing, ship, step):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB, name="below/thing")
    failing.faults.lose_after = step
    with pytest.raises(Transient):
        transport.send(shipment)

    assert transport.send(shipment).size == 3 * MIB

    assert (failing.root / "below" / "thing").read_bytes() == shipment.path.read_bytes()
    assert left(failing) == ["thing"]


@pytest.mark.fault(48)
def test_a_removal_whose_answer_was_lost_is_found_to_be_done(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[60] = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    leftover = Leftover(url=shipment.target.url, session=shipment.session)
    failing.faults.lose_after = "remove"
    with pytest.raises(Transient):
        transport.abort(leftover)

    transport.abort(leftover)

    assert left(failing) == []


def test_a_leftover_that_the_server_only_says_it_removed_is_not_done_with(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[60] = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    failing.faults.keep_removed = True

    with pytest.raises(Transient, match="is still there"):
        transport.abort(Leftover(url=shipment.target.url, session=shipment.session))


def test_what_has_its_name_stays_when_its_leftovers_are_removed(failing, to_failing, ship):
    """Canceled in the moment in which it was done."""
    transport = to_failing()
    shipment = ship(transport, 1000)
    transport.send(shipment)

    transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    assert left(failing) == ["thing"]


@pytest.mark.fault(48)
def test_a_rename_whose_answer_was_lost_is_found_to_be_done(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 100_000)
    failing.faults.lose_after = "rename"
    with pytest.raises(Transient):
        transport.send(shipment)
    writes = failing.faults.writes

    delivery = transport.send(shipment)

    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()
    assert (failing.faults.writes, delivery.size) == (writes, 100_000)


def test_a_file_that_was_fetched_before_its_rename_was_answered_is_not_sent_twice(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 100_000)
    failing.faults.lose_after = "rename"
    with pytest.raises(Transient):
        transport.send(shipment)
    (failing.root / "thing").unlink()

    with pytest.raises(OutcomeUnknown):
        transport.send(shipment)


def test_a_rename_that_fails_is_done_again_without_sending_a_byte(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 100_000)
    failing.faults.rename = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    failing.faults.rename, shipment.given = None, 0

    transport.send(shipment)

    assert shipment.given == 0
    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()
    assert left(failing) == ["thing"]


@pytest.mark.fault(66)
def test_a_server_that_holds_less_than_it_acknowledged_is_not_believed(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 100_000)
    failing.faults.lie_about_size = 1

    with pytest.raises(SessionLost):
        transport.send(shipment)

    assert not (failing.root / "thing").exists()


@pytest.mark.parametrize("status", [paramiko.SFTP_PERMISSION_DENIED, FAILURE, paramiko.SFTP_OP_UNSUPPORTED])
def test_a_server_that_lets_nobody_change_times_and_modes_gets_the_file_all_the_same(failing, to_failing, ship, status):
    failing.faults.chattr = status
    shipment = ship(to_failing())

    to_failing().send(shipment)

    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()


def test_a_folder_where_one_may_not_write_is_a_refusal_that_says_so(failing, to_failing, ship):
    failing.faults.open = paramiko.SFTP_PERMISSION_DENIED

    with pytest.raises(Rejected, match=r"permission denied for /\.thing"):
        to_failing().send(ship(to_failing()))


def test_wrong_bytes_of_an_earlier_try_are_thrown_away_and_it_begins_anew(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[60] = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    part = failing.root / shipment.session.data["part"].lstrip("/")
    with part.open("r+b") as file:
        file.seek(shipment.session.data["at"] - 10)
        file.write(b"spoiled!!!")

    with pytest.raises(SessionLost):
        transport.send(shipment)

    assert left(failing) == []
    shipment.session = None
    transport.send(shipment)
    assert (failing.root / "thing").read_bytes() == shipment.path.read_bytes()


def test_what_is_canceled_leaves_nothing(failing, to_failing, ship):
    transport = to_failing()
    shipment = ship(transport, 3 * MIB)
    failing.faults.write[60] = FAILURE
    with pytest.raises(Transient):
        transport.send(shipment)
    assert len(left(failing)) == 1

    for _ in range(2):  # called until it returns, and then perhaps once more
        transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    assert left(failing) == []


def test_what_appears_while_it_is_sent_is_left_alone(failing, to_failing, ship):
    shipment = ship(to_failing(), 3 * MIB, demand=Demand(existing="fail"))
    shipment.on_read = lambda offset: (failing.root / "thing").write_bytes(b"mine") if offset > MIB else None

    with pytest.raises(TargetExists):
        to_failing().send(shipment)

    assert (failing.root / "thing").read_bytes() == b"mine"


def test_a_digest_that_the_server_makes_is_asked_for_and_goes_into_the_receipt(failing, to_failing, ship):
    transport = to_failing()
    delivery = transport.send(ship(transport, 2 * MIB))

    assert delivery.verified == "part-digests"


def test_a_file_that_is_not_what_was_expected_is_not_published(failing, to_failing, ship):
    with pytest.raises(Unverified):
        to_failing().send(ship(to_failing(), demand=Demand(expected_sha256="0" * 64)))

    assert left(failing) == []
