"""Connections that break, stall, drip or lie, and limits of time."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sendoff import Interrupted, ServerBusy, TooLarge, Transient, Unreachable, WebErrorStatus
from sendoff.ports.clock import SystemClock
from sendoff.testing.receiver import Answer, Close, Delay, Drip, EndlessHeaders, HalfClose, Interim, Lost, Raw, Reset, Rule, Stall
from sendoff_http import dial

LARGE = 24 * 2**20


@pytest.fixture
def black_hole():
    """A port whose queue is full: connecting hangs."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def failing(lab, *rules, kind=Transient, size=1000, **settings):
    """What a try to a receiver with these rules raises, and the shipment."""
    receiver = lab.receiver(*rules)
    transport = lab.transport(receiver.url, **settings)
    shipment = lab.shipment(transport, size)
    with pytest.raises(kind) as caught:
        transport.send(shipment)
    assert type(caught.value) is kind
    assert shipment.confirmed == []
    return caught.value, shipment


@pytest.mark.fault(44, 47)
@pytest.mark.parametrize("at", [0, 1, 2**20 - 1, 2**20 + 1, LARGE - 1])
@pytest.mark.parametrize("breakdown", [Reset(), Close(), HalfClose()], ids=lambda fault: type(fault).__name__)
def test_a_connection_that_ends_in_the_body_is_worth_another_try(lab, at, breakdown):
    error, shipment = failing(lab, Rule(do=breakdown, at=at), Rule(do=Lost()), size=LARGE)

    assert error.facts["web_error"] in (WebErrorStatus.CONNECTION_ABORTED, WebErrorStatus.CONNECTION_RESET)
    assert ("sent_all" in error.facts) <= (shipment.points != [])


@pytest.mark.fault(48)
@pytest.mark.parametrize("size", [0, 1000, 2**20])
def test_a_lost_answer_says_that_all_was_sent(lab, size):
    error, shipment = failing(lab, Rule(do=Lost()), size=size)

    assert error.facts["sent_all"] is True
    assert shipment.points == [size]


@pytest.mark.fault(43)
def test_a_reset_instead_of_an_answer_says_that_all_was_sent(lab):
    error, _ = failing(lab, Rule(do=Reset()))

    assert (error.facts["sent_all"], error.facts["web_error"]) == (True, WebErrorStatus.CONNECTION_RESET)


@pytest.mark.fault(45)
def test_a_server_that_stops_reading_is_noticed(lab):
    began = time.monotonic()

    error, _ = failing(lab, Rule(do=Stall(), at=100_000), size=LARGE, stall_timeout=0.4)

    assert "took no byte for 0.4 seconds" in str(error)
    assert error.facts["web_error"] == WebErrorStatus.TIMEOUT
    assert 0.4 <= time.monotonic() - began < 3


def test_a_slow_server_is_not_a_stalled_one(lab):
    receiver = lab.receiver(rate=8 * 2**20)

    delivery, _ = lab.send(receiver, size=6 * 2**20, stall_timeout=0.5, response_timeout=5)

    assert delivery.size == 6 * 2**20


@pytest.mark.fault(46)
@pytest.mark.parametrize("fault", [Stall(), Drip(0.05), Delay(30)], ids=lambda fault: type(fault).__name__)
def test_the_whole_answer_has_a_time(lab, fault):
    began = time.monotonic()

    error, _ = failing(lab, Rule(do=fault), response_timeout=0.5)

    assert "no complete answer within 0.5 seconds" in str(error)
    assert error.facts["sent_all"] is True
    assert 0.5 <= time.monotonic() - began < 3


def test_the_time_for_the_answer_begins_with_the_last_byte(lab):
    receiver = lab.receiver(rate=4 * 2**20)

    delivery, _ = lab.send(receiver, size=8 * 2**20, response_timeout=1.0)

    assert delivery.size == 8 * 2**20


@pytest.mark.fault(46)
def test_headers_without_end_are_cut(lab):
    error, _ = failing(lab, Rule(do=EndlessHeaders()))

    assert error.facts["web_error"] == WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02F", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_not_http_is_told_so(lab, data):
    error, _ = failing(lab, Rule(do=Raw(data)))

    assert error.facts["web_error"] == WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE


@pytest.mark.parametrize("data", [b"HTTP/1.1 201 Cre", b"HTTP/1.1 100 Continue\r\n\r\n", b""])
def test_half_an_answer_is_none(lab, data):
    error, _ = failing(lab, Rule(do=Raw(data)))

    assert error.facts["sent_all"] is True


def test_half_a_body_after_a_success_is_a_success(lab):
    receiver = lab.receiver(Rule(do=Raw(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")))

    delivery, shipment = lab.send(receiver)

    assert delivery.size == 1000
    assert shipment.answers[0].body.getvalue() == b"half"


# -- answers before the end


@pytest.mark.fault(55)
@pytest.mark.parametrize("then", ["close", "keep", "read"])
@pytest.mark.parametrize("at", [0, 100_000])
def test_a_refusal_before_the_end_is_seen_at_once(lab, then, at):
    began = time.monotonic()

    error, shipment = failing(lab, Rule(do=Answer(413, body=b"too much", then=then), at=at), kind=TooLarge, size=LARGE, stall_timeout=20)

    assert error.http_status == 413
    assert shipment.answers[0].body.getvalue() == b"too much"
    assert shipment.points == []
    assert time.monotonic() - began < 3


def test_after_an_early_refusal_the_next_file_arrives(lab):
    receiver = lab.receiver(Rule(do=Answer(503, then="keep"), at=100_000))
    transport = lab.transport(receiver.url)
    with pytest.raises(ServerBusy):
        transport.send(lab.shipment(transport, LARGE))

    assert transport.send(lab.shipment(transport, 5000)).size == 5000


@pytest.mark.fault(49)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_before_the_end_is_none(lab, status):
    error, _ = failing(lab, Rule(do=Answer(status, then="close"), at=100_000), size=LARGE)

    assert "did not take the file" in str(error)
    assert error.http_status == status


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_answers_change_nothing(lab, status):
    interim = Interim(status, headers=(("Link", "</x>"),), times=3)
    receiver = lab.receiver(Rule(do=interim, at=0), Rule(do=interim, at=300_000), Rule(do=interim, at=2**20 - 1), Rule(do=interim))

    delivery, shipment = lab.send(receiver, size=2**20)

    assert (delivery.size, shipment.answers[0].status) == (2**20, 201)
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(46)
def test_interim_answers_without_end_are_cut(lab):
    error, _ = failing(lab, Rule(do=Interim(103, headers=(("Link", "x" * 500),), times=4000), at=100_000), size=LARGE)

    assert error.facts["web_error"] == WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE


# -- connecting


@pytest.mark.fault(43)
def test_a_connection_that_does_not_come_about_has_a_time(lab, black_hole):
    transport = lab.transport(black_hole, connect_timeout=0.5)
    began = time.monotonic()

    with pytest.raises(Unreachable, match=r"no connection within 0\.5 seconds") as caught:
        transport.send(lab.shipment(transport))

    assert caught.value.facts["web_error"] == WebErrorStatus.TIMEOUT
    assert time.monotonic() - began < 3


@pytest.mark.fault(43)
def test_a_refused_connection_has_its_number(lab):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        transport = lab.transport(f"http://127.0.0.1:{nobody.getsockname()[1]}/")

        with pytest.raises(Unreachable, match="connection refused") as caught:
            transport.send(lab.shipment(transport))

    assert caught.value.facts["web_error"] == WebErrorStatus.CANNOT_CONNECT


@pytest.mark.fault(61)
def test_where_one_address_of_a_name_refuses_another_is_used(lab):
    receiver = lab.receiver()  # it listens on 127.0.0.1 only
    transport = lab.transport(f"http://localhost:{receiver.port}/")
    watch = transport._watch("here", float("inf"))
    nobody = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", receiver.port, 0, 0))
    somebody = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))

    dial._first_of([nobody, somebody], {}, "localhost", watch).close()

    assert transport.send(lab.shipment(transport)).size == 1000


@pytest.mark.fault(42, 43)
def test_a_name_that_nobody_knows_has_its_number(lab):
    transport = lab.transport("http://nobody.invalid/")

    with pytest.raises(Unreachable, match=r"nobody\.invalid cannot be resolved") as caught:
        transport.send(lab.shipment(transport))

    assert caught.value.facts["web_error"] == WebErrorStatus.HOST_NAME_NOT_RESOLVED


# -- interruption, wherever it waits


def broken_off_after(transport, shipment, ready):
    """Seconds from the interruption to the end of the try."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(transport.send, shipment)
        ready()
        began = time.monotonic()
        shipment.interrupt()
        with pytest.raises(Interrupted):
            running.result(timeout=20)
        return time.monotonic() - began


def test_a_try_is_broken_off_while_it_connects(lab, black_hole):
    transport = lab.transport(black_hole)
    connecting = threading.Event()
    shipment = lab.shipment(transport)
    entered = shipment.on_interrupt

    def noted(stop):
        connecting.set()
        return entered(stop)

    shipment.on_interrupt = noted

    assert broken_off_after(transport, shipment, connecting.wait) < 1


def test_a_try_is_broken_off_while_it_sends(lab):
    receiver = lab.receiver(Rule(do=Stall(), at=100_000))
    transport = lab.transport(receiver.url)

    assert broken_off_after(transport, lab.shipment(transport, LARGE), lambda: receiver.wait_for(bytes=100_000)) < 1


@pytest.mark.parametrize("fault", [Stall(), Drip(0.2)], ids=lambda fault: type(fault).__name__)
def test_a_try_is_broken_off_while_it_waits_for_the_answer(lab, fault):
    receiver = lab.receiver(Rule(do=fault))
    transport = lab.transport(receiver.url)

    assert broken_off_after(transport, lab.shipment(transport), lambda: receiver.wait_for(complete=True)) < 1


def test_an_interruption_touches_no_other_try(lab):
    receiver = lab.receiver(Rule(do=Stall(), at=100_000, path="/silent"), rate=16 * 2**20)
    transport = lab.transport(receiver.url)
    silent, other = lab.shipment(transport, LARGE, name="silent"), lab.shipment(transport, 8 * 2**20, name="other")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(transport.send, silent), pool.submit(transport.send, other)
        receiver.wait_until(lambda rows: len(rows) == 2 and all(row.received >= 100_000 for row in rows))
        silent.interrupt()

        with pytest.raises(Interrupted):
            first.result(timeout=20)
        assert second.result(timeout=20).size == 8 * 2**20


def test_a_try_ends_at_its_deadline(lab):
    receiver = lab.receiver(Rule(do=Stall(), at=100_000))
    transport = lab.transport(receiver.url)
    shipment = lab.shipment(transport, LARGE, deadline=time.monotonic() + 0.5)

    with pytest.raises(Transient, match="the time for this try is over"):
        transport.send(shipment)


# -- asking without sending


class Hasty(SystemClock):
    """A clock on which fifteen seconds are half of one."""

    def monotonic(self):
        return 30 * super().monotonic()


def test_a_probe_is_answered_within_fifteen_seconds_however_long_a_try_may_wait(lab):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            transport = lab.transport(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/", connect_timeout="1h", response_timeout="1h")
            transport.toolkit = replace(transport.toolkit, clock=Hasty())
            with pytest.raises(Transient, match="no answer within 15 seconds"):
                transport.probe()
