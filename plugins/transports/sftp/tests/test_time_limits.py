"""Nothing is waited for without end: not a greeting, a login, a session, and not a server that has gone."""

import socket
import threading

import pytest
from sendoff import Transient, Unreachable

MIB = 2**20


@pytest.fixture
def held():
    """Keeps whoever calls it until the test is over."""
    over = threading.Event()
    yield lambda: over.wait(30)
    over.set()


@pytest.fixture
def speaking(tmp_path):
    """Makes a server that says these words to everybody, and nothing more; one of FTP's hangs up then."""
    listeners, peers = [], []

    def serve(listener, words):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.sendall(words)
            if words.startswith(b"220"):
                peer.close()
            peers.append(peer)

    def made(words):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, words), daemon=True).start()
        return listener.getsockname()[1]

    yield made
    for one in listeners:
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    for one in peers:
        one.close()


def test_a_greeting_that_does_not_come(speaking, to, ship):
    transport = to(f"sftp://127.0.0.1:{speaking(b'')}/x/", banner_timeout="0.3s")

    with pytest.raises(Unreachable, match="no SSH greeting"):
        transport.send(ship(transport))


def test_a_handshake_that_does_not_go_on(speaking, to, ship):
    transport = to(f"sftp://127.0.0.1:{speaking(b'SSH-2.0-still_here' + bytes([13, 10]))}/x/", connect_timeout="0.3s")

    with pytest.raises(Unreachable, match=r"no connection within 0\.3 seconds"):
        transport.send(ship(transport))


def test_what_does_not_speak_ssh_says_so(speaking, to, ship):
    transport = to(f"sftp://127.0.0.1:{speaking(b'220 ftp.example ready' + bytes([13, 10]))}/x/", banner_timeout="2s")

    with pytest.raises(Unreachable, match="no SSH greeting") as caught:
        transport.send(ship(transport))

    assert "right port" in caught.value.hint


def test_a_login_that_is_not_answered_is_no_refusal(failing, to_failing, ship, held):
    failing.faults.login = held
    transport = to_failing(auth_timeout="0.3s")

    with pytest.raises(Transient, match=r"no answer within 0\.3 seconds"):
        transport.send(ship(transport))


def test_a_session_that_is_not_opened(failing, to_failing, ship, held):
    failing.faults.session = held
    transport = to_failing(channel_timeout="0.3s")

    with pytest.raises(Transient, match=r"opens no session within 0\.3 seconds"):
        transport.send(ship(transport))


def test_sftp_that_does_not_begin(failing, to_failing, ship, held):
    failing.faults.subsystem = held
    transport = to_failing(channel_timeout="0.3s")

    with pytest.raises(Transient, match=r"begins no SFTP within 0\.3 seconds"):
        transport.send(ship(transport))


@pytest.mark.needs_server
@pytest.mark.fault(45)
@pytest.mark.fault(62)
def test_a_peer_that_vanished_in_mid_transfer_is_noticed_and_the_next_try_goes_another_way(openssh_world, ship):
    world = openssh_world
    transport = world.to(stall_timeout="0.5s")
    shipment = ship(transport, 24 * MIB)
    world.proxy.hush(MIB)
    with pytest.raises(Transient, match=r"not a sign of life for 0\.5 seconds"):
        transport.send(shipment)

    transport.send(shipment)

    assert world.landed(shipment.target) == shipment.path.read_bytes()
    assert world.proxy.connections == 2


@pytest.mark.needs_server
@pytest.mark.fault(24)
def test_a_peer_that_vanished_while_nothing_was_to_be_done_is_noticed_before_a_byte_is_sent(openssh_world, ship):
    world = openssh_world
    transport = world.to(stall_timeout="0.5s")
    transport.send(ship(transport, name="first"))
    world.proxy.fall_silent()
    transport.toolkit.clock.ahead += 5
    shipment = ship(transport, name="second")

    transport.send(shipment)

    assert world.named("second") == shipment.path.read_bytes()
    assert (shipment.given, world.proxy.connections) == (shipment.size, 2)


@pytest.mark.needs_server
def test_an_idle_connection_says_now_and_then_that_it_is_there(openssh_world, ship):
    """Or a router in between would forget it (RFC 4254 section 4)."""
    transport = openssh_world.to(keepalive=1)
    transport.send(ship(transport))

    openssh_world.proxy.count()

    openssh_world.proxy.arrived(1)
