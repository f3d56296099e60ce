"""Secrets go to the server and nowhere else: every byte that is written anywhere is searched for them.

A transport joins by adding its rows to ``CASES``: how its secrets come in, and where its server must have seen them. Each row is carried
through every outcome, with debug logging, a listener that logs all it is told, and sinks that write all they get.
"""

import os
import signal

import pytest
from sendoff.testing.receiver import Answer, Reset, Rule

from tests.end_to_end.mine import Case, digging, ended, header, password

pytestmark = pytest.mark.fault(91)

CASES = {
    "authorization": Case(words=("--header", "Authorization: Bearer {secret}"), seen=header("Authorization")),
    "cookie": Case(words=("--header", "Cookie: session={secret}"), seen=header("Cookie")),
    "named-secret": Case(words=("--header", "X-Upload-Token: {secret}"), seen=header("X-Upload-Token")),
    "literal": Case(words=("--header-secret", "X-Mine: {secret}"), seen=header("X-Mine")),
    "header-env": Case(words=("--header-secret", "X-Mine: env:MINE"), environment={"MINE": "{secret}"}, seen=header("X-Mine")),
    "header-file": Case(words=("--header-secret", "X-Mine: file:mine"), credentials='[mine]\nsecret = "{secret}"\n', seen=header("X-Mine")),
    "signed-url": Case(url="{url}{name}?a=1&X-Amz-Signature={secret}", seen=lambda request: request.path),
    "login-env": Case(words=("--credential", "env:LOGIN"), environment={"LOGIN_USERNAME": "me", "LOGIN_PASSWORD": "{secret}"}, seen=password("Authorization")),
    "token-env": Case(words=("--credential", "env:TOKEN"), environment={"TOKEN": "{secret}"}, seen=header("Authorization")),
    "login-file": Case(words=("--credential", "file:login"), credentials='[login]\nusername = "me"\nsecret = "{secret}"\n', seen=password("Authorization")),
    "systemd": Case(
        words=("--credential", "systemd:unit"), files={"unit": "{secret}"}, environment={"CREDENTIALS_DIRECTORY": "{handed}"}, seen=header("Authorization")
    ),
    "command": Case(
        url="helped:{name}",
        config='[credentials.helped]\nuse = "command"\nargv = ["/bin/sh", "-c", "cat {handed}/token; read -r _ < {gate}", "{visible}"]\n'
        '[destinations.helped]\nurl = "{url}"\ncredential = "helped"\n',
        files={"token": "{secret}"},
        seen=header("Authorization"),
    ),
    "command-env": Case(
        url="printed:{name}",
        config='[credentials.printed]\nuse = "command"\nargv = ["/usr/bin/printenv", "PRINTED"]\nvariables = ["PRINTED"]\n'
        '[destinations.printed]\nurl = "{url}"\ncredential = "printed"\n',
        environment={"PRINTED": "{secret}"},
        seen=header("Authorization"),
    ),
    "command-git": Case(
        url="forge:{name}",
        config='[credentials.forge]\nuse = "command"\nprotocol = "git"\nargv = ["git", "credential-store", "--file", "{handed}/git"]\nurl = "{url}"\n'
        '[destinations.forge]\nurl = "{url}"\ncredential = "forge"\n',
        files={"git": "http://me:{secret}@{proxy}\n"},
        seen=password("Authorization"),
    ),
    "section": Case(
        url="media:{name}",
        config='[credentials.media]\nuse = "file"\nkind = "bearer"\n[destinations.media]\nurl = "{url}"\ncredential = "media"\n',
        credentials='[media]\nsecret = "{secret}"\n',
        seen=header("Authorization"),
    ),
    "section-header": Case(
        url="films:{name}", config='[destinations.films]\nurl = "{url}"\nheaders = {{ Authorization = "Bearer {secret}" }}\n', seen=header("Authorization")
    ),
    "section-signature": Case(url="signed:", config='[destinations.signed]\nurl = "{url}{name}?token={secret}"\n', seen=lambda request: request.path),
    "proxy-env": Case(
        url="http://far.example/{name}",
        environment={"HTTP_PROXY": "http://me:{secret}@{proxy}", "https_proxy": "http://me:{secret}@{proxy}"},
        seen=password("Proxy-Authorization"),
    ),
    "proxy-config": Case(
        url="behind:{name}",
        config='[destinations.behind]\nurl = "http://farther.example/"\nproxy = "http://me:{secret}@{proxy}"\n',
        seen=password("Proxy-Authorization"),
    ),
    "aws": Case(environment={"AWS_SECRET_ACCESS_KEY": "{secret}", "AWS_SESSION_TOKEN": "{secret}"}),
    "answer-cookie": Case(answer=(("Set-Cookie", "session={secret}"), ("X-Auth-Token", "{secret}"))),
    "answer-redirect": Case(answer=(("Location", "http://elsewhere.example/?sig={secret}"),)),
}


@pytest.fixture
def dig(tmp_path):
    yield from digging(tmp_path, CASES)


@pytest.mark.parity("F12", "F126", "F157")
def test_success(dig):
    mine = dig()
    for name, case in CASES.items():
        if case.answer:
            headers = tuple((key, mine._filled(name, value)) for key, value in case.answer)
            mine.receiver.script.add(Rule(do=Answer(201, headers), path=f"/{name}"))
    mine.put("--wait")
    mine.look_around()
    mine.look_closely()
    assert mine.statuses() == {"completed"}
    assert "httpcore" in (mine.machine.state / "host.log").read_text(), "the libraries had their say, too"
    mine.arrived()
    mine.check()


@pytest.mark.campaign
def test_failure(dig):
    mine = dig()
    for name, case in CASES.items():
        headers = tuple((key, mine._filled(name, value)) for key, value in case.answer)
        mine.receiver.script.add(Rule(do=Answer(500, headers, b"sorry"), path=f"/{name}", times=None))
    mine.receiver.script.add(Rule(do=Answer(500), times=None))
    mine.put("--patience", "0")
    ended(mine, "error")
    mine.look_around()
    mine.look_closely()
    mine.arrived()
    mine.check()


@pytest.mark.campaign
def test_refused_logins(dig):
    mine = dig(authorization="nothing that anybody has")
    mine.put()
    ended(mine, "error", "paused_recoverable")
    mine.look_around()
    mine.arrived()
    mine.check()


@pytest.mark.campaign
def test_a_broken_connection(dig):
    mine = dig(rules=[Rule(do=Reset(), at=1000, times=None)])
    mine.put("--patience", "0")
    ended(mine, "error")
    mine.look_around()
    mine.arrived()
    mine.check()


@pytest.mark.parity("F12", "F126")
def test_a_crash_in_mid_transfer_and_after_it(dig):
    mine = dig(rate=64 * 1024)
    mine.machine.run("host", "start")
    mine.put()
    mine.receiver.wait_until(lambda rows: len({row.path for row in rows if row.received > 0}) >= len(CASES), timeout=40)
    mine.run("list", "--all")
    mine.run("list", "--all", "--json")
    os.kill(mine.machine.host(), signal.SIGKILL)
    mine.check()
    mine.run("wait", *mine.ids.values())
    mine.look_around()
    assert mine.statuses() == {"completed"}
    mine.arrived()
    mine.check()
