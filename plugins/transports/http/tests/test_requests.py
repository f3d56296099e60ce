"""What goes over the wire, and over how many connections."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import pytest
from sendoff import Credential, CredentialNeeded, Demand, InvalidArgument, Rejected, Secret
from sendoff.model.destination import Destination
from sendoff.testing.receiver import Answer, Close, Rule
from sendoff.testing.shipment import Wallet, loose_toolkit
from sendoff_http import HttpTransport, Settings


def moved(status, where, **words):
    return Rule(do=Answer(status, headers=(("Location", where),)), **words)


# -- headers and body


@pytest.mark.parametrize("size", [0, 1, 1000, 2**20, 3 * 2**20 + 1])
@pytest.mark.parametrize("method", [None, "PUT", "POST", "PATCH", "PROPPATCH"])
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


# -- redirects


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("form", ["{root}new/place", "/new/place", "new/place"])
def test_a_redirect_on_the_same_origin_is_followed_with_the_body(lab, status, form):
    receiver = lab.receiver()
    receiver.script.add(moved(status, form.format(root=receiver.url), path="/thing"))

    delivery, shipment = lab.send(receiver, size=300_000)

    assert receiver.stored("new/place") == shipment.path.read_bytes()
    assert delivery.url == f"{receiver.url}new/place"
    assert [kept.status for kept in shipment.answers] == [201]
    assert shipment.answers[0].url == delivery.url


def test_at_most_five_redirects_are_followed(lab):
    receiver = lab.receiver(moved(307, "/thing", times=None))

    with pytest.raises(Rejected, match="after 5 others") as caught:
        lab.send(receiver)

    assert len(receiver.requests) == 6
    assert caught.value.facts["web_error"] == 17


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_is_a_failure_that_names_its_target(lab, status):
    receiver = lab.receiver(moved(status, "/login?token=abcdef"))

    with pytest.raises(Rejected, match=r"redirected.*/login\?token=\*\*\*") as caught:
        lab.send(receiver)

    assert len(receiver.requests) == 1
    assert (caught.value.http_status, caught.value.facts["web_error"]) == (status, status)


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "file:///etc/passwd", "https://127.0.0.1:1/x", "http://localhost:{port}/x", "//evil.example/x"]
)
@pytest.mark.parametrize("status", [307, 308])
def test_no_redirect_leaves_the_origin(lab, status, target):
    receiver = lab.receiver()
    receiver.script.add(moved(status, target.format(port=receiver.port)))

    with pytest.raises(Rejected):
        lab.send(receiver)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_to_nowhere_is_a_failure(lab, status):
    with pytest.raises(Rejected):
        lab.send(lab.receiver(Rule(do=Answer(status))))


# -- logging in

RIGHT = Credential(kind="basic", username="me", secret=Secret("right"))
WRONG = Credential(kind="basic", username="me", secret=Secret("wrong"))
BASIC = "Basic bWU6cmlnaHQ="


def test_a_credential_goes_out_with_the_first_request(lab):
    receiver = lab.receiver(authorization=BASIC)

    lab.send(receiver, credentials=[RIGHT])

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("credential", "name", "value"),
    [
        (RIGHT, "Authorization", BASIC),
        (Credential(kind="bearer", secret=Secret("t0ken")), "Authorization", "Bearer t0ken"),
        (Credential(kind="header", username="X-Auth", secret=Secret("v")), "X-Auth", "v"),
        (Credential(kind="key", secret=Secret("k")), "X-API-Key", "k"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_each_kind_of_credential_has_its_header(lab, credential, name, value):
    receiver = lab.receiver()

    lab.send(receiver, credentials=[credential])

    assert receiver.requests[0].header(name) == value


def test_a_refused_credential_is_exchanged_for_a_newer_one_once(lab):
    receiver = lab.receiver(authorization=BASIC)

    delivery, shipment = lab.send(receiver, size=300_000, credentials=[WRONG, RIGHT])

    assert delivery.size == 300_000
    assert [row.status for row in receiver.requests] == [401, 201]
    assert shipment.credentials.asked[-1][1].startswith("Basic realm")
    assert [kept.status for kept in shipment.answers] == [201]


def test_there_is_no_third_login_in_one_try(lab):
    receiver = lab.receiver(authorization=BASIC)
    other = Credential(kind="basic", username="me", secret=Secret("other"))
    transport = lab.transport(receiver.url, credential=Wallet(WRONG, other, RIGHT))
    shipment = lab.shipment(transport)

    with pytest.raises(CredentialNeeded) as caught:
        transport.send(shipment)

    assert len(receiver.requests) == 2
    assert (caught.value.http_status, shipment.answers[0].status) == (401, 401)


@pytest.mark.parametrize("credentials", [(), (WRONG,)], ids=["none", "wrong"])
def test_a_login_that_cannot_be_had_needs_a_person_and_the_answer_is_kept(lab, credentials):
    receiver = lab.receiver(authorization=BASIC)
    transport = lab.transport(receiver.url, credential=Wallet(*credentials))
    shipment = lab.shipment(transport)

    with pytest.raises(CredentialNeeded) as caught:
        transport.send(shipment)

    assert caught.value.http_status == 401
    assert [kept.status for kept in shipment.answers] == [401]


def test_a_credential_that_may_be_too_old_is_exchanged_on_403(lab):
    receiver = lab.receiver(Rule(do=Answer(403)))
    old = Credential(kind="bearer", secret=Secret("old"), expires_at=1)

    lab.send(receiver, credentials=[old, RIGHT])

    assert [row.header("Authorization") for row in receiver.requests] == ["Bearer old", BASIC]


@pytest.mark.parametrize("words", [{"credential": Wallet(RIGHT)}, {"headers": (("X-Key", Secret("s")),)}], ids=["credential", "header"])
def test_a_secret_does_not_go_out_in_clear_text(lab, words):
    transport = lab.transport("http://example.invalid/", credential=words.pop("credential", None))

    with pytest.raises(InvalidArgument, match="clear text"):
        transport.send(lab.shipment(transport, **words))


def test_clear_text_can_be_allowed(lab):
    from sendoff import Unreachable

    transport = lab.transport("http://example.invalid/", credential=Wallet(RIGHT), cleartext=True)

    with pytest.raises(Unreachable):
        transport.send(lab.shipment(transport))


def test_no_secret_is_logged_by_the_libraries(lab, caplog):
    caplog.set_level(logging.DEBUG)
    receiver = lab.receiver(Rule(do=Answer(201, headers=(("Set-Cookie", "canary-cookie"),))), folder=None)
    transport = lab.transport(
        f"{receiver.url}x?X-Amz-Signature=canary-signature", exact=True, credential=Wallet(Credential(kind="bearer", secret=Secret("canary-token")))
    )

    delivery = transport.send(lab.shipment(transport))

    assert "canary" not in caplog.text + repr(delivery) + repr(transport)


def test_other_users_of_the_library_log_as_before(lab, caplog):
    import httpx

    receiver = lab.receiver()
    lab.send(receiver)
    caplog.set_level(logging.INFO)

    httpx.get(receiver.url, trust_env=False)

    assert "HTTP Request: GET" in caplog.text


# -- asking without sending


def test_a_probe_says_what_the_server_allows(lab):
    receiver = lab.receiver()

    found = lab.transport(receiver.url).probe()

    assert (found.reachable, found.writable, found.resumable) == (True, True, False)
    assert [(row.method, row.received) for row in receiver.requests] == [("OPTIONS", 0)]


def test_a_probe_that_is_not_let_in_needs_a_person(lab):
    with pytest.raises(CredentialNeeded):
        lab.transport(lab.receiver(authorization=BASIC).url).probe()


@pytest.mark.parametrize("status", [404, 405, 500])
def test_whoever_answers_a_probe_is_reachable(lab, status):
    found = lab.transport(lab.receiver(Rule(do=Answer(status))).url).probe()

    assert (found.reachable, found.writable) == (True, None)


def test_a_probe_that_gets_no_answer_fails_as_a_try_does(lab):
    from sendoff import Transient

    with pytest.raises(Transient):
        lab.transport(lab.receiver(Rule(do=Close())).url).probe()


# -- addresses


@pytest.mark.parametrize(
    ("root", "name", "wanted"),
    [
        ("http://h/", "a", "http://h/a"),
        ("http://h", "a", "http://h/a"),
        ("https://h:8443/x/", "a b/c", "https://h:8443/x/a%20b/c"),
        ("http://h/x?sig=a%2Fb", "ü", "http://h/x/%C3%BC?sig=a%2Fb"),
        ("http://h/", "50%", "http://h/50%25"),
        ("http://h/", "a?b#c;d", "http://h/a%3Fb%23c;d"),
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
