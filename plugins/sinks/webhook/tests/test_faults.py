"""Receivers that refuse, break down, hang or lie."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from sendoff import Credential, Permanent, Secret, Transient
from sendoff.testing.receiver import Answer, Close, Drip, EndlessBody, EndlessHeaders, HalfClose, Interim, Lost, Raw, Reset, Rule, Stall


def refused(sink, place, notice, kind, **settings):
    with pytest.raises(kind) as caught:
        sink(place.url, **settings).deliver(notice)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_accepted(post, sink, notice, status):
    sink(post(Rule(do=Answer(status))).url).deliver(notice)


@pytest.mark.parametrize("status", [408, 421, 423, 425, 429, 500, 502, 503, 504, 599])
def test_one_that_has_no_time_is_asked_again(post, sink, notice, status):
    error = refused(sink, post(Rule(do=Answer(status))), notice, Transient)
    assert (error.http_status, error.retry_after) == (status, None)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 410, 413, 418, 451])
def test_one_that_says_no_is_left_alone(post, sink, notice, status):
    place = post(Rule(do=Answer(status, headers=(("Location", "/elsewhere"), ("Retry-After", "5")))))
    error = refused(sink, place, notice, Permanent)
    assert error.http_status == status
    assert len(place.receiver.requests) == 1


def test_how_long_to_wait_is_what_it_says(post, sink, notice):
    assert refused(sink, post(Rule(do=Answer(503, headers=(("Retry-After", "120"),)))), notice, Transient).retry_after == 120
    later = formatdate(time.time() + 600, usegmt=True)
    assert 590 < refused(sink, post(Rule(do=Answer(429, headers=(("retry-after", later),)))), notice, Transient).retry_after <= 600


@pytest.mark.fault(79, 99)
@pytest.mark.parametrize("fault", [Lost(), Reset(), Close(), HalfClose(), Raw(b"SSH-2.0-x\r\n"), Raw(b""), EndlessHeaders()], ids=repr)
def test_after_a_lost_answer_the_same_notice_comes_again_under_the_same_id(post, sink, notice, fault):
    place = post(Rule(do=fault, request=1))
    one = sink(place.url, timeout=5)
    with pytest.raises(Transient):
        one.deliver(notice)
    one.deliver(notice)
    assert len({row.header("webhook-id") for row in place.receiver.requests}) == 1
    assert place.documents()[-1]["id"] == notice.id


@pytest.mark.fault(79)
@pytest.mark.parametrize("fault", [Stall(), Drip(0.2)], ids=repr)
def test_the_whole_exchange_has_one_limit(post, sink, notice, fault):
    place, began = post(Rule(do=fault)), time.monotonic()
    error = refused(sink, place, notice, Transient, timeout="1s")
    assert "did not answer within 1 s" in error.message
    assert 0.9 < time.monotonic() - began < 10
    place.receiver.release()


def test_a_connection_that_never_comes_about_has_it_too(sink, notice):
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)  # a queue that is full: connecting hangs
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        with pytest.raises(Transient, match="cannot be reached"):
            sink(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=1).deliver(notice)


@pytest.mark.fault(79)
def test_nobody_there_is_worth_another_try(sink, notice):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Transient, match="Connection refused"):
            sink(f"http://127.0.0.1:{taken.getsockname()[1]}/").deliver(notice)


def test_an_answer_without_end_counts_by_its_status(post, sink, notice):
    began = time.monotonic()
    sink(post(Rule(do=EndlessBody(200))).url, timeout=30).deliver(notice)
    assert time.monotonic() - began < 15
    assert refused(sink, post(Rule(do=EndlessBody(503))), notice, Transient).http_status == 503


def test_interim_answers_change_nothing(post, sink, notice):
    place = post(Rule(do=Interim(103, times=3)))
    sink(place.url).deliver(notice)
    assert place.documents()


def test_closing_breaks_off_what_is_under_way(post, sink, notice):
    place = post(Rule(do=Stall()))
    one = sink(place.url, timeout=60)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(one.deliver, notice)
        place.receiver.wait_for(complete=True)
        one.close()
        with pytest.raises(Transient, match="broke off without an answer"):
            under_way.result(10)
    one.deliver(notice)
    assert place.documents()


def test_no_error_shows_the_address_or_a_secret(post, sink, notice, credentials):
    credentials["file:me"] = Credential(kind="bearer", secret=Secret("CANARY1"))
    place = post(Rule(do=Answer(500, body=b"Bearer CANARY1 CANARY2")))
    with pytest.raises(Transient) as caught:
        sink(f"{place.url}/CANARY2?x=CANARY3", credential="file:me").deliver(notice)
    assert "CANARY" not in repr(caught.value.message) + repr(caught.value.facts)
