"""The search for canaries finds one however it is written, and the onlooker sees what stands on a command line for a moment only."""

import json
import shlex
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from html import escape
from urllib.parse import quote

import pytest

from tests.end_to_end.onlooker import Onlooker
from tests.end_to_end.traces import traces, word

WRITTEN = {
    "as it is": lambda secret: secret,
    "as JSON": json.dumps,
    "as JSON in JSON": lambda secret: json.dumps(json.dumps({"x": secret})),
    "as a repr": repr,
    "as the repr of a repr": lambda secret: repr(f"it said {secret!r}"),
    "as bytes": lambda secret: repr(secret.encode()),
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "for a shell": shlex.quote,
    "for HTML": escape,
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "in base64 for addresses": lambda secret: urlsafe_b64encode(secret.encode()).decode(),
    "as a login": lambda secret: b64encode(f"me:{secret}".encode()).decode(),
    "as another login": lambda secret: b64encode(f"somebody:{secret}".encode()).decode(),
    "as yet another": lambda secret: b64encode(f"anyone:{secret}".encode()).decode(),
    "without its end": lambda secret: secret[:-3],
}


@pytest.mark.parametrize("secret", ["canary-{a}-x", "it's\"{a}\\%&\u00fc\u20ac ", "{a}\r\nX-Evil: {b} ", "a{a}", "ab{a}abc"])
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_secret_is_found_however_it_is_written(secret, written):
    secret = secret.format(a=word(), b=word()) + "end"

    assert any(trace in f"so: {written(secret)}!".encode() for trace in traces(secret))


@pytest.mark.parametrize("piece", [0, 1])
def test_each_word_of_a_secret_is_found_by_itself(piece):
    words = word(), word()

    assert any(trace in f"X: {words[piece]}".encode() for trace in traces("\n".join(words)))


def test_what_is_no_secret_is_not_found():
    assert not any(trace in f"{word()} {b64encode(word().encode()).decode()}".encode() for trace in traces(word()))


def test_a_command_line_is_seen_while_it_stands(tmp_path):
    shown = word()
    onlooker = Onlooker(tmp_path / "gate", shown)
    try:
        subprocess.run([sys.executable, "-c", f"open({str(tmp_path / 'gate')!r}).read(1)", shown], check=True, timeout=30)
    finally:
        onlooker.close()

    assert any(shown.encode() in line for line in onlooker.seen)
