"""The secrets of an upload that can be resumed, its session's address first: nowhere but at the server, while it is half done and afterwards."""

import base64
import os
import signal

import pytest
from sendoff.testing.receiver import Answer, Rule

from tests.end_to_end.mine import Case, digging

pytestmark = pytest.mark.fault(91)

RATE = 6 * 1024
LOGIN = {"LOGIN_USERNAME": "me", "LOGIN_PASSWORD": "{secret}"}
ASKED = Answer(401, headers=(("WWW-Authenticate", 'Digest realm="films", nonce="abc", qop="auth", algorithm=SHA-256'),))


def case(url="{url}{name}/file", words=(), **more):
    """In a folder of its own at the server."""
    return Case(words=("--protocol", "tus", *words), url=url, **more)


def sent(name):
    return lambda request: request.header(name) or ""


def login(name):
    return lambda request: base64.b64decode((request.header(name) or "").partition(" ")[2]).decode()


CASES = {
    "authorization": case(words=("--header", "Authorization: Bearer {secret}"), seen=sent("Authorization")),
    "named-secret": case(words=("--header", "X-Upload-Token: {secret}"), seen=sent("X-Upload-Token")),
    "header-env": case(words=("--header-secret", "X-Mine: env:MINE"), environment={"MINE": "{secret}"}, seen=sent("X-Mine")),
    "login": case(words=("--credential", "env:LOGIN"), environment=LOGIN, seen=login("Authorization")),
    "digest": case(words=("--credential", "env:LOGIN"), environment=LOGIN),
    "proxy-env": case(
        "http://far.example/{name}/file", environment={"HTTP_PROXY": "http://me:{secret}@{proxy}"}, seen=login("Proxy-Authorization")
    ),
    "proxy-config": case(
        "behind:file",
        config='[destinations.behind]\nurl = "http://farther.example/proxy-config/"\nproxy = "http://me:{secret}@{proxy}"\n',
        seen=login("Proxy-Authorization"),
    ),
}  # fmt: skip


@pytest.fixture
def dig(tmp_path):
    yield from digging(tmp_path, CASES)


def half_done(mine):
    """All are under way: where the server keeps them is a secret from now on, and the requests so far, by case."""
    mine.receiver.wait_until(lambda rows: len({row.path for row in rows if row.received}) >= len(CASES), timeout=40)
    for number, upload in enumerate(mine.receiver.uploads.all()):
        mine.secrets[f"session-{number}"] = upload.id
    return mine.receiver.requests


def forget_addresses(mine):
    """Where a thing lies that has landed is no secret: its receipt says so."""
    mine.secrets = {name: secret for name, secret in mine.secrets.items() if name in CASES}


def arrived(mine, requests):
    """Each secret reached the server, with what begins a session and with what goes on with it."""
    for name, one in CASES.items():
        for method in ("POST", "PATCH"):
            found = [request for request in requests if request.method == method and f"/{name}/" in request.path]
            assert found, (name, method)
            assert one.seen is None or mine.secrets[name] in one.seen(found[-1]), (name, method)


@pytest.mark.campaign
def test_half_done_and_killed(dig):
    mine = dig(rate=RATE, tus=True, rules=[Rule(do=ASKED, method="POST", path="/digest/")])
    mine.machine.run("host", "start")
    mine.put()
    requests = half_done(mine)
    assert len(mine.secrets) == 2 * len(CASES)
    mine.look_around()
    os.kill(mine.machine.host(), signal.SIGKILL)
    assert not any(upload.whole for upload in mine.receiver.uploads.all())
    mine.check()
    arrived(mine, requests)
    digests = [request.header("Authorization") or "" for request in requests if "/digest/" in request.path]
    assert any(header.startswith('Digest username="me"') for header in digests)
    forget_addresses(mine)
    mine.run("wait", *mine.ids.values())
    mine.look_around()
    assert mine.statuses() == {"completed"}
    mine.check()


@pytest.mark.campaign
def test_refused_and_dropped_by_the_server(dig):
    mine = dig(rate=RATE, tus=True)
    mine.put("--patience", "0")
    half_done(mine)
    mine.receiver.script.add(Rule(do=Answer(422, body=b"no"), method="PATCH", times=None))
    mine.receiver.uploads.forget()
    mine.receiver.hang_up()
    mine.run("wait", *mine.ids.values())
    mine.look_around()
    assert mine.statuses() == {"error"}
    mine.check()
