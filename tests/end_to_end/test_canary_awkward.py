"""Secrets that must be escaped wherever they are quoted, that cannot be sent at all, or that a program complains about: nowhere but at the server either."""

import os
import signal
from urllib.parse import unquote

import pytest
from sendoff.testing.receiver import Answer, Rule

from tests.end_to_end.mine import Case, digging, header, password

pytestmark = pytest.mark.fault(91)

ASCII, LATIN, ANY = "{a}\"it's\\%2F&{b}", "{a}\"it's\\%&\u00fc{b}", "{a}\"it's/\\%&@#?\u00fc\u20ac{b}"
BLANK, BREAK, LETTER = "{a}-{b} ", "{a}\r\nX-Evil: {b}", "{a}\u20ac{b}"
LOGIN = {"LOGIN_USERNAME": "me", "LOGIN_PASSWORD": "{secret}"}
WAITS, FAILS = ("paused_recoverable",), ("error",)


def bearer(secret, name="TOKEN", **more):
    return Case(secret=secret, words=("--credential", f"env:{name}"), environment={name: "{secret}"}, **more)


def asked(script, *, variables="", protocol="token", **more):
    """A destination whose credential a program knows, which a shell is given as a script."""
    return Case(
        url="{name}:{name}",
        config=f'[credentials.{{name}}]\nuse = "command"\nargv = ["/bin/sh", "{{handed}}/{{name}}.sh"]\nvariables = [{variables}]\nprotocol = "{protocol}"\n'
        'url = "{url}"\n[destinations.{name}]\nurl = "{url}"\ncredential = "{name}"\n',
        **more,
        files={**more.pop("files", {}), **script},
    )  # fmt: skip


ESCAPED = {
    "literal": Case(secret=LATIN, words=("--header-secret", "X-Mine: {secret}"), seen=header("X-Mine")),
    "token-env": bearer(ASCII, seen=header("Authorization")),
    "login-env": Case(secret=ANY, words=("--credential", "env:LOGIN"), environment=LOGIN, seen=password("Authorization")),
    "header-file": Case(
        secret=LATIN, words=("--header-secret", "X-Mine: file:mine"), credentials='[mine]\nsecret = "{escaped}"\n', seen=header("X-Mine")
    ),
    "signed-url": Case(secret=ANY, url="{url}{name}?a=1&X-Amz-Signature={quoted}", seen=lambda request: unquote(request.path)),
    "proxy-env": Case(
        secret=ANY, url="http://far.example/{name}", environment={"HTTP_PROXY": "http://me:{quoted}@{proxy}"}, seen=password("Proxy-Authorization")
    ),
    "systemd": Case(
        secret=ASCII, words=("--credential", "systemd:unit"), files={"unit": "{secret}"}, environment={"CREDENTIALS_DIRECTORY": "{handed}"},
        seen=header("Authorization"),
    ),
    "git": Case(
        secret=ANY, url="forge:{name}", files={"git": "http://me:{quoted}@{proxy}\n"}, seen=password("Authorization"),
        config='[credentials.forge]\nuse = "command"\nprotocol = "git"\nargv = ["git", "credential-store", "--file", "{handed}/git"]\nurl = "{url}"\n'
        '[destinations.forge]\nurl = "{url}"\ncredential = "forge"\n',
    ),
    "section-header": Case(
        secret=LATIN, url="films:{name}", config='[destinations.films]\nurl = "{url}"\nheaders = {{ Authorization = "Bearer {escaped}" }}\n',
        seen=header("Authorization"),
    ),
    "aws": Case(secret=BREAK, environment={"AWS_SECRET_ACCESS_KEY": "{secret}", "AWS_SESSION_TOKEN": "{secret}"}),
}  # fmt: skip
UNSENDABLE = {
    "blank-token": bearer(BLANK, ends=WAITS),
    "broken-token": bearer(BREAK, ends=WAITS),
    "letter-token": bearer(LETTER, ends=WAITS),
    "blank-header": Case(secret=BLANK, words=("--header-secret", "X-Mine: env:MINE"), environment={"MINE": "{secret}"}, ends=WAITS),
    "broken-header": Case(secret=BREAK, words=("--header-secret", "X-Mine: env:MINE"), environment={"MINE": "{secret}"}, ends=WAITS),
    "letter-header": Case(secret=LETTER, words=("--header-secret", "X-Mine: env:MINE"), environment={"MINE": "{secret}"}, ends=WAITS),
    "blank-file": Case(secret=BLANK, words=("--credential", "file:blank"), credentials='[blank]\nsecret = "{escaped}"\n', ends=WAITS),
    "broken-file": Case(secret=BREAK, words=("--credential", "file:broken"), credentials='[broken]\nsecret = "{escaped}"\n', ends=WAITS),
    "broken-systemd": Case(
        secret=BREAK, words=("--credential", "systemd:broken"), files={"broken": "{secret}"}, environment={"CREDENTIALS_DIRECTORY": "{handed}"}, ends=WAITS
    ),
    "unreadable-proxy": Case(
        secret="{a}/{b}?{a}", url="http://far.example/{name}", environment={"HTTP_PROXY": "http://me:{secret}@{proxy}"}, ends=(*FAILS, *WAITS)
    ),
    "broken-proxy": Case(secret=BREAK, url="http://far.example/{name}", environment={"HTTP_PROXY": "http://me:{secret}@{proxy}"}, ends=(*FAILS, *WAITS)),
}
GIT = 'cat > /dev/null\necho "me knows {secret}" >&2\n'
NOISY = {
    "refuses": asked({"refuses.sh": 'echo "no: $NOISY" >&2\nexit 1\n'}, variables='"NOISY"', environment={"NOISY": "{secret}"}, ends=WAITS),
    "half": asked({"half.sh": 'echo "{secret}"\necho "no: {secret}" >&2\nexit 1\n'}, ends=WAITS),
    "two": asked({"two.sh": 'echo "{secret}"\necho "and {secret}"\necho "no: {secret}" >&2\n'}, ends=WAITS),
    "talks": asked({"talks.sh": 'echo "{secret}"\necho "gave {secret}" >&2\n'}, seen=header("Authorization")),
    "helps": asked({"helps.sh": f'{GIT}echo "username=me"\necho "password={{secret}}"\n'}, protocol="git", seen=password("Authorization")),
    "echoes": asked({"echoes.sh": f'{GIT}echo "username=me"\necho "password={{secret}}"\nexit 1\n'}, protocol="git", ends=WAITS),
    "chatters": asked({"chatters.sh": f'{GIT}echo "password={{secret}} is what"\necho "I know"\n'}, protocol="git", ends=(*WAITS, "completed")),
}
FEW = {name: case for name, case in {**ESCAPED, **UNSENDABLE, **NOISY}.items() if name in ("literal", "login-env", "blank-token", "broken-header", "half")}


def arrived(mine):
    """Each went where it should, and what cannot be sent nowhere."""
    mine.arrived()
    unsent = [name for name, case in mine.cases.items() if case.ends == WAITS]
    heard = repr([(request.path, request.headers) for request in mine.receiver.requests])
    assert not [name for name in unsent if f"/{name}" in heard]


@pytest.fixture
def dig(tmp_path, request):
    yield from digging(tmp_path, request.param)


FULL = {"escaped": ESCAPED, "unsendable": UNSENDABLE, "noisy": NOISY}
FULL = [pytest.param(cases, id=id, marks=pytest.mark.campaign) for id, cases in FULL.items()]


@pytest.mark.parametrize("dig", [pytest.param(FEW, id="few"), *FULL], indirect=True)
def test_success_as_far_as_it_goes(dig):
    mine = dig()
    mine.put("--wait")
    mine.ended()
    mine.look_around()
    for id in mine.ids.values():
        mine.run("show", id)
        mine.run("show", id, "--json")
    arrived(mine)
    mine.check()


@pytest.mark.parametrize("dig", FULL, indirect=True)
def test_failure(dig):
    mine = dig()
    mine.receiver.script.add(Rule(do=Answer(500), times=None))
    mine.put("--patience", "0")
    mine.cases = {name: Case(**{**vars(case), "ends": ("error", *case.ends)}) for name, case in mine.cases.items()}
    mine.ended()
    mine.look_around()
    mine.check()


@pytest.mark.parametrize("dig", FULL, indirect=True)
def test_refused_logins(dig):
    mine = dig(authorization="nothing that anybody has")
    mine.put()
    mine.cases = {name: Case(**{**vars(case), "ends": ("error", "paused_recoverable")}) for name, case in mine.cases.items()}
    mine.ended()
    mine.run("resume", "--all")
    mine.ended()
    mine.look_around()
    mine.check()


@pytest.mark.parametrize("dig", FULL, indirect=True)
def test_a_crash(dig):
    mine = dig(rate=64 * 1024)
    mine.machine.run("host", "start")
    mine.put()
    os.kill(mine.machine.host(), signal.SIGKILL)
    mine.check()
    mine.machine.run("host", "start")
    mine.ended()
    mine.look_around()
    arrived(mine)
    mine.check()
