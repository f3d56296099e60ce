"""TLS: whom it trusts, whom it refuses, and that nothing is sent to the wrong one."""

import socket
import ssl
import threading

import pytest
from sendoff import ConfigurationError, Permanent, TooLarge, Transient, Unreachable, WebErrorStatus
from sendoff.testing.receiver import Answer, Interim, Raw, Reset, Rule, Stall

from plugins.transports.http.tests.authority import DAY, Authority, server_context

LARGE = 24 * 2**20


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(lab, authority):
    """A receiver that speaks TLS, and a transport that trusts it."""

    def make(*rules, **settings):
        receiver = lab.receiver(*rules, tls=server_context(authority.issue("server")))
        return receiver, lab.transport(receiver.url, ca_file=str(authority.file), **settings)

    return make


@pytest.mark.parametrize("size", [0, 1, 16384, 2**20 + 1, LARGE])
def test_bytes_arrive_unchanged(lab, secure, size):
    receiver, transport = secure()
    shipment = lab.shipment(transport, size)

    transport.send(shipment)

    assert receiver.stored("thing") == shipment.path.read_bytes()


def test_a_connection_is_kept_although_tickets_lie_on_it(lab, secure):
    receiver, transport = secure()

    for _ in range(5):
        transport.send(lab.shipment(transport, 300_000))

    assert receiver.connections == 1


@pytest.mark.parametrize("then", ["close", "keep"])
def test_an_early_refusal_is_seen(lab, secure, then):
    _, transport = secure(Rule(do=Answer(413, then=then), at=100_000))

    with pytest.raises(TooLarge):
        transport.send(lab.shipment(transport, LARGE))


def test_interim_answers_change_nothing(lab, secure):
    receiver, transport = secure(Rule(do=Interim(103), at=100_000), Rule(do=Interim(103)))
    shipment = lab.shipment(transport, 2**20)

    transport.send(shipment)

    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.parametrize("fault", [Reset(), Raw(b"")], ids=["reset", "closed"])
def test_a_connection_that_breaks_is_worth_another_try(lab, secure, fault):
    _, transport = secure(Rule(do=fault, at=100_000))

    with pytest.raises(Transient) as caught:
        transport.send(lab.shipment(transport, LARGE))

    assert not isinstance(caught.value, Unreachable)


def test_a_server_that_stops_reading_is_noticed(lab, secure):
    _, transport = secure(Rule(do=Stall(), at=100_000), stall_timeout=0.4)

    with pytest.raises(Transient, match="took no byte"):
        transport.send(lab.shipment(transport, LARGE))


REFUSED = [
    ({"host": "elsewhere.example"}, WebErrorStatus.CERTIFICATE_COMMON_NAME_IS_INCORRECT, "another host"),
    ({"since": -3 * DAY, "until": -DAY}, WebErrorStatus.CERTIFICATE_EXPIRED, "has expired"),
    ({"since": DAY, "until": 2 * DAY}, WebErrorStatus.CERTIFICATE_IS_INVALID, "not valid yet"),
]


@pytest.mark.fault(58, 59)
@pytest.mark.parametrize(("words", "number", "why"), REFUSED, ids=["host", "expired", "future"])
def test_a_certificate_that_does_not_hold_is_refused_before_anything_is_sent(lab, authority, words, number, why):
    receiver = lab.receiver(tls=server_context(authority.issue("bad", **words)))
    transport = lab.transport(receiver.url, ca_file=str(authority.file))
    shipment = lab.shipment(transport)

    with pytest.raises(Permanent, match=why) as caught:
        transport.send(shipment)

    assert caught.value.facts["web_error"] == number
    assert (receiver.requests, shipment.read, shipment.points) == ((), 0, [])
    assert "clock" in (caught.value.hint or "clock")


@pytest.mark.fault(58)
def test_an_issuer_that_nobody_trusts_is_refused_and_the_remedy_named(lab, authority):
    receiver = lab.receiver(tls=server_context(authority.issue("server")))
    transport = lab.transport(receiver.url)

    with pytest.raises(Permanent, match="nobody whom this machine trusts") as caught:
        transport.send(lab.shipment(transport))

    assert "ca_file" in caught.value.hint
    assert caught.value.facts["web_error"] == WebErrorStatus.CERTIFICATE_IS_INVALID
    assert receiver.requests == ()


def test_the_submitters_environment_may_name_whom_to_trust(lab, authority):
    receiver = lab.receiver(tls=server_context(authority.issue("server")))
    transport = lab.transport(receiver.url, environment={"SSL_CERT_FILE": str(authority.file)})

    assert transport.send(lab.shipment(transport)).size == 1000


@pytest.mark.fault(58)
def test_a_protocol_that_is_too_old_is_refused(lab, authority):
    receiver = lab.receiver(tls=server_context(authority.issue("server"), maximum_version=ssl.TLSVersion.TLSv1_2))
    transport = lab.transport(receiver.url, ca_file=str(authority.file), min_tls="1.3")

    with pytest.raises(Permanent, match="share no way to talk TLS"):
        transport.send(lab.shipment(transport))


def test_a_port_that_does_not_speak_tls_is_refused(lab):
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def serve():
            with plain.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        serving = threading.Thread(target=serve)
        serving.start()
        transport = lab.transport(f"https://localhost:{plain.getsockname()[1]}/")

        with pytest.raises(Permanent, match="share no way to talk TLS"):
            transport.send(lab.shipment(transport))
        serving.join()


def test_a_server_may_ask_for_a_certificate(lab, authority):
    context = server_context(authority.issue("server"), verify_mode=ssl.CERT_REQUIRED)
    context.load_verify_locations(authority.file)
    receiver = lab.receiver(tls=context)
    client = str(authority.issue("client", host="client.example"))
    with_one = lab.transport(receiver.url, ca_file=str(authority.file), client_cert=client)
    without = lab.transport(receiver.url, ca_file=str(authority.file))

    assert with_one.send(lab.shipment(with_one)).size == 1000
    with pytest.raises((Permanent, Transient)):
        without.send(lab.shipment(without))


@pytest.mark.parametrize("settings", [{"ca_file": "/nowhere.pem"}, {"client_cert": "/nowhere.pem"}], ids=lambda settings: next(iter(settings)))
def test_a_file_that_is_not_there_is_named(lab, settings):
    transport = lab.transport("https://localhost:1/", **settings)

    with pytest.raises(ConfigurationError, match=r"/nowhere\.pem"):
        transport.send(lab.shipment(transport))


def test_a_handshake_that_hangs_has_a_time(lab):
    silent = lab.receiver()  # it waits for the end of a request's head
    transport = lab.transport(f"https://localhost:{silent.port}/", connect_timeout=0.5)

    with pytest.raises(Unreachable, match=r"no connection within 0\.5 seconds"):
        transport.send(lab.shipment(transport))
