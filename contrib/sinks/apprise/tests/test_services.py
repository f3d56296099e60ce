"""Services over HTTP, several at once, and what goes wrong with them."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sendoff import Credential, Permanent, Secret, Transient
from sendoff.testing.receiver import Answer, Lost, Reset, Rule, Stall


def refused(sink, notice, kind=Transient):
    with pytest.raises(kind) as caught:
        sink.deliver(notice)
    return caught.value


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"failed": True}, "failure"),
        ({"type": "completed"}, "success"),
        ({"type": "notification"}, "success"),
        ({"type": "waiting", "high": True}, "warning"),
        ({"type": "started"}, "info"),
        ({"type": "batch_completed", "data": {"outcome": "success"}}, "success"),
        ({"type": "batch_completed", "data": {"outcome": None}}, "info"),
    ],
    ids=["failed", "completed", "notification", "waiting", "started", "a batch", "a canceled batch"],
)
def test_a_service_is_told_whether_it_is_good_news(hook, sink, told, words, kind):
    place = hook()
    sink(place.url).deliver(told(**words))
    assert [one["type"] for one in place.documents()] == [kind]


@pytest.mark.fault(79)
@pytest.mark.parametrize("status", [408, 429, 503])
def test_one_that_has_no_time_is_asked_again(hook, sink, told, status):
    assert f"JSON (the 1st of urls) did not take the notice now (it said {status})" == refused(sink(hook(Rule(do=Answer(status))).url), told()).message


@pytest.mark.parametrize("status", [307, 401, 404])
def test_one_that_says_no_is_left_alone(hook, sink, told, status):
    place = hook(Rule(do=Answer(status, headers=(("Location", "/elsewhere"),))))
    assert f"it said {status}" in refused(sink(place.url), told(), Permanent).message
    assert len(place.receiver.requests) == 1


@pytest.mark.fault(79)
@pytest.mark.parametrize("fault", [Lost(), Reset()], ids=repr)
def test_one_that_breaks_off_is_asked_again(hook, sink, told, fault):
    place = hook(Rule(do=fault, request=1))
    one = sink(place.url)
    assert "could not be reached" in refused(one, told()).message
    one.deliver(told())
    assert place.documents()


def test_all_are_told_and_those_who_have_it_not_again(hook, sink, told):
    first, second, third = hook(), hook(Rule(do=Answer(503), request=1)), hook()
    one = sink(first.url, second.url, third.url)
    assert "the 2nd of urls" in refused(one, told()).message
    one.deliver(told())

    assert [len(place.documents()) for place in (first, second, third)] == [1, 1, 1]
    one.deliver(told())
    assert [len(place.documents()) for place in (first, second, third)] == [2, 2, 2]


def test_where_waiting_helps_with_one_of_them_it_is_waited_for(hook, sink, told):
    one = sink(hook(Rule(do=Answer(404), times=None)).url, hook(Rule(do=Answer(503), request=1)).url)
    assert "the 2nd of urls" in refused(one, told()).message
    assert "the 1st of urls" in refused(one, told(), Permanent).message


@pytest.mark.fault(79)
def test_the_time_is_for_all_of_them_and_who_was_told_in_it_has_it(hook, sink, told):
    quick, slow = hook(), hook(Rule(do=Stall(), request=1))
    one, began = sink(quick.url, slow.url + "?rto=60", timeout="5s"), time.monotonic()
    assert refused(one, told()).message == "the 2nd of the sink's urls was not through within 5 s"
    assert time.monotonic() - began < 20
    slow.receiver.release()
    one.deliver(told())
    assert (len(quick.documents()), len(slow.documents())) == (1, 1)


def test_its_process_ends_in_time_even_where_nobody_ends_it(hook):
    place = hook(Rule(do=Stall()))
    asked = {"urls": [(1, place.url + "?rto=60")], "title": "a", "text": "b", "kind": "info", "seconds": 1}
    done = subprocess.run([sys.executable, "-c", "from sendoff_apprise.messenger import answer; answer()"], input=json.dumps(asked).encode(), timeout=60)
    assert done.returncode == -signal.SIGALRM


def test_closing_ends_what_is_under_way(hook, sink, told):
    place = hook(Rule(do=Stall()))
    one = sink(place.url + "?rto=60", timeout="60s")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(one.deliver, told())
        place.receiver.wait_for(complete=True)
        one.close()
        with pytest.raises(Transient, match="the process that does it ended with -9"):
            under_way.result(10)


@pytest.mark.parametrize("url", ["nosuchservice://h/a", "mailto://"])
def test_an_address_that_apprise_does_not_know_is_waited_for(sink, told, url):
    error = refused(sink(url), told())
    assert "does not understand the 1st of the sink's urls" in error.message and error.hint
    assert url not in error.message


def test_where_an_address_is_kept_it_is_read_each_time(hook, sink, told, credentials):
    before, after = hook(), hook()
    one = sink("file:ops")
    for place in (before, after):
        credentials["file:ops"] = Credential(kind="bearer", secret=Secret(place.url))
        one.deliver(told())
    assert (len(before.documents()), len(after.documents())) == (1, 1)


def test_an_address_that_is_not_kept_is_waited_for(sink, told):
    error = refused(sink("file:ops"), told())
    assert (error.message, error.hint) == ("there is no file:ops", "make it")


@pytest.mark.fault(91)
def test_the_process_list_shows_no_address(hook, sink, told, credentials):
    place = hook(Rule(do=Stall()))
    credentials["file:ops"] = Credential(kind="bearer", secret=Secret(f"{place.url}/CANARY?rto=60"))
    one = sink("file:ops", timeout="60s")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(one.deliver, told())
        place.receiver.wait_for(complete=True)
        shown = list(children())
        one.close()
        with pytest.raises(Transient):
            under_way.result(10)
    assert any(b"sendoff_apprise" in one for one in shown)
    assert not any(b"CANARY" in one for one in shown)


def children():
    """What is seen of the processes that this one has started."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                yield (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


@pytest.mark.fault(91)
def test_nothing_of_the_hosts_environment_is_told_to_the_library(hook, sink, told, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    place = hook()
    sink(place.url).deliver(told())
    assert place.documents()


def test_a_proxy_that_is_set_is_used(hook, sink, told):
    proxy = hook(Rule(do=Answer(200)))
    sink("json://hooks.example.test/a", proxy=proxy.receiver.url.rstrip("/")).deliver(told())
    assert proxy.receiver.wait_for(request=1).path == "http://hooks.example.test/a"
