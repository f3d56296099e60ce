"""What goes over the wire, and over how many connections."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import pytest
from sendoff import CredentialNeeded, Demand, InvalidArgument, Rejected, Secret, Transient
from sendoff.model.destination import Destination
from sendoff.testing.receiver import Answer, Close, Rule
from sendoff.testing.shipment import loose_toolkit
from sendoff_http import HttpTransport, Settings

# -- headers and body


@pytest.mark.parametrize("size", [0, 1, 1000, 2**20, 3 * 2**20 + 1])
@pytest.mark.parametrize("method", [None, "PUT", "POST", "PATCH", "PROPPATCH"])
@pytest.mark.fault(36)
def test_the_body_goes_out_raw_with_its_exact_length(lab, size, method):
    receiver = lab.receiver(folder=None)  # digests only: other methods are not kept

    shipment = lab.shipment(transport := lab.transport(receiver.url), size, method=method)
    if method == "PROPPATCH":
        receiver.script.add(Rule(do=Answer(200)))
    transport.send(shipment)

    (row,) = receiver.requests
    assert (row.method, row.size, row.received, row.complete) == (method or "PUT", size, size, True)
    assert row.header("Content-Length") == str(size)
    assert row.header("Transfer-Encoding") is None
    assert shipment.points == [size]


def test_nothing_is_in_the_headers_that_nobody_asked_for(lab):
    receiver = lab.receiver()

    lab.send(receiver)

    names = {name for name, _ in receiver.requests[0].headers}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length"}
    assert receiver.requests[0].header("User-Agent").startswith("sendoff/")
    assert receiver.requests[0].header("Accept-Encoding") == "identity"


def test_a_callers_headers_go_out_and_win(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)
    headers = (("Content-Type", "text/plain"), ("X-One", "caf\xe9"), ("User-Agent", "mine"), ("X-Api-Key", Secret("hush")))

    transport.send(lab.shipment(transport, headers=headers))

    row = receiver.requests[0]
    assert [row.header(name) for name, _ in headers] == ["text/plain", "caf\xe9", "mine", "hush"]


def test_an_idempotency_key_goes_out(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)

    transport.send(lab.shipment(transport, method="POST", idempotency_key="op-7"))

    assert receiver.requests[0].header("Idempotency-Key") == "op-7"


@pytest.mark.parametrize(
    "tail", ["a%2fb?X-Sig=a%2Bb+c~'()*!&q=%e4&empty=", "a//b/./c", "a[b]{c}|^?x=[1]|", "%7Euser/~x"], ids=["signed", "dots", "odd", "tilde"]
)
def test_an_exact_address_goes_out_as_it_stands(lab, tail):
    receiver = lab.receiver(folder=None)
    transport = lab.transport(receiver.url + tail, exact=True)

    transport.send(lab.shipment(transport))

    assert receiver.requests[0].path == f"/{tail}"


def test_cookies_are_not_kept(lab):
    receiver = lab.receiver(Rule(do=Answer(201, headers=(("Set-Cookie", "a=b; Path=/"),))))
    transport = lab.transport(receiver.url)

    for _ in range(2):
        transport.send(lab.shipment(transport))

    assert receiver.requests[1].header("Cookie") is None


# -- connections


def test_a_connection_is_kept_and_used_again(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)

    for _ in range(20):
        transport.send(lab.shipment(transport))

    assert (receiver.connections, len(receiver.requests)) == (1, 20)


def test_there_are_no_more_connections_than_tries_at_once(lab):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)
    shipments = [lab.shipment(transport, 2000, name=str(number)) for number in range(60)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(transport.send, shipments))

    assert receiver.connections <= 4


@pytest.mark.parametrize("size", [0, 1000, 3 * 2**20])
def test_a_connection_that_the_server_closed_meanwhile_is_not_used(lab, size):
    receiver = lab.receiver()
    transport = lab.transport(receiver.url)
    transport.send(lab.shipment(transport))
    receiver.hang_up()

    transport.send(lab.shipment(transport, size))

    assert receiver.connections == 2


def test_a_refusal_does_not_cost_the_connection(lab):
    receiver = lab.receiver(Rule(do=Answer(404, body=b"no")))
    transport = lab.transport(receiver.url)
    with pytest.raises(Rejected):
        transport.send(lab.shipment(transport))

    transport.send(lab.shipment(transport))

    assert receiver.connections == 1


# -- asking without sending


def test_a_probe_says_what_the_server_allows(lab):
    receiver = lab.receiver()

    found = lab.transport(receiver.url).probe()

    assert (found.reachable, found.writable, found.resumable) == (True, True, False)
    assert found.detail == "reachable; it says that it takes PUT (OPTIONS was answered 204)"
    assert [(row.method, row.received) for row in receiver.requests] == [("OPTIONS", 0)]


def test_a_probe_that_is_not_let_in_needs_a_person(lab):
    with pytest.raises(CredentialNeeded):
        lab.transport(lab.receiver(authorization="Basic eDp5").url).probe()


@pytest.mark.parametrize("status", [200, 403, 404, 405, 500, 501])
def test_whoever_answers_a_probe_is_reachable_and_no_more_is_claimed(lab, status):
    found = lab.transport(lab.receiver(Rule(do=Answer(status))).url).probe()

    assert (found.reachable, found.writable) == (True, None)
    assert found.detail == f"reachable; whether it takes PUT was not seen (OPTIONS was answered {status})"


@pytest.mark.parametrize("status", [200, 405])
def test_a_server_that_lists_its_methods_without_ours_does_not_take_it(lab, status):
    found = lab.transport(lab.receiver(Rule(do=Answer(status, (("Allow", "GET, head"), ("Allow", "OPTIONS"))))).url).probe()

    assert (found.reachable, found.writable) == (True, False)
    assert found.detail == f"it does not take PUT, only GET, HEAD, OPTIONS (OPTIONS was answered {status})"


@pytest.mark.parametrize(("path", "writable"), [("", None), ("thing", False)])
def test_what_a_webdav_folder_allows_says_nothing_of_what_lies_in_it(lab, path, writable):
    receiver = lab.receiver(Rule(do=Answer(200, (("Allow", "OPTIONS, PROPFIND, MKCOL"), ("DAV", "1")))))

    assert lab.transport(receiver.url + path, exact=bool(path)).probe().writable is writable


def test_a_probe_that_gets_no_answer_fails_as_a_try_does(lab):
    with pytest.raises(Transient):
        lab.transport(lab.receiver(Rule(do=Close())).url).probe()


# -- addresses


@pytest.mark.fault(84)
@pytest.mark.parametrize(
    ("root", "name", "wanted"),
    [
        ("http://h/", "a", "http://h/a"),
        ("http://h", "a", "http://h/a"),
        ("https://h:8443/x/", "a b/c", "https://h:8443/x/a%20b/c"),
        ("http://h/x?sig=a%2Fb", "ü", "http://h/x/%C3%BC?sig=a%2Fb"),
        ("http://h/", "50%", "http://h/50%25"),
        ("http://h/", "a?b#c;d", "http://h/a%3Fb%23c;d"),
        ("http://h/", "a\\b%2Fc", "http://h/a%5Cb%252Fc"),
        ("http://h/%7Ex/", "line\nbreak", "http://h/%7Ex/line%0Abreak"),
    ],
)
def test_a_name_is_encoded_below_the_root(root, name, wanted):
    transport = HttpTransport(Destination(url=root, transport="http"), Settings(), loose_toolkit())

    assert transport.target(PurePosixPath(name)).url == wanted


def test_the_library_is_not_loaded_before_the_first_try():
    code = """
import sys
from pathlib import PurePosixPath
from sendoff_http import HttpTransport, Settings
from sendoff.model.destination import Destination
from sendoff.testing.shipment import loose_toolkit
transport = HttpTransport(Destination(url="https://h/", transport="http"), Settings(), loose_toolkit())
transport.target(PurePosixPath("a"))
transport.close()
assert not {"httpx", "httpcore", "h11", "certifi"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "words",
    [{"unknown": 1}, {"stall_timeout": "soon"}, {"stall_timeout": 0}, {"proxy": "socks5://h"}, {"client_key": "k"}, {"min_tls": "1.1"}],
    ids=lambda words: next(iter(words)),
)
def test_settings_that_cannot_be_are_refused(words):
    with pytest.raises(ValueError, match=next(iter(words))):
        Settings(**words)


def test_times_are_written_as_people_write_them():
    assert Settings(stall_timeout="2m", connect_timeout="500ms").stall_timeout == 120


def test_existing_is_asked_for_only_where_it_matters(lab):
    receiver = lab.receiver()

    lab.send(receiver, demand=Demand(existing="overwrite"))

    assert receiver.requests[0].header("If-None-Match") is None


@pytest.mark.fault(84)
@pytest.mark.parametrize("name", ["../up", "a/../../up", "/absolute", "a\\..\\b", "%5C..", "%2e%2e/up", "..%2fup", "%252e%252e/up", ""])
def test_no_name_climbs_out_of_the_destination(name):
    transport = HttpTransport(Destination(url="http://h/root/", transport="http"), Settings(), loose_toolkit())

    with pytest.raises(InvalidArgument):
        transport.target(PurePosixPath(name))


def test_a_post_is_not_risked_on_a_connection_that_was_idle_for_long(lab):
    from sendoff_http import carrier

    receiver = lab.receiver()
    transport = lab.transport(receiver.url)
    transport.send(lab.shipment(transport))
    transport.send(lab.shipment(transport, method="POST"))
    (connections,) = transport._connections.values()
    for lane in connections._idle:
        lane.idle_since -= carrier.LONGEST_IDLE_UNSAFE  # as if that much time had gone by

    transport.send(lab.shipment(transport, method="POST"))

    assert [row.connection for row in receiver.requests] == [1, 1, 2]
