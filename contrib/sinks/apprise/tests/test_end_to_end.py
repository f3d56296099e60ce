"""From a command to a letter, with a password on the way that is nobody's business."""

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from plugins.transports.http.tests.authority import Authority, server_context
from tests.core.owned import eventually
from tests.end_to_end.stage import Stage

PASSWORD = "canary-8c1f5e"


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def place(stage, office, tmp_path):
    """A mail server that wants a login, and a host that may write to it."""
    authority = Authority(tmp_path)
    place = office("451 try later", login=("me", PASSWORD), tls=server_context(authority.issue("mail")))
    words = stage.config.with_name("credentials.toml")
    words.write_text(f'[mail]\nsecret = "{place.url(scheme="mailtos", login=f"me:{PASSWORD}@")}"\n')
    words.chmod(0o600)
    stage.config.write_text(
        f'[host]\nlog_level = "debug"\n[retry]\nbackoff = ["0.05s", "0.1s"]\n[[sinks]]\nuse = "apprise"\nurls = ["file:mail"]\nca_file = "{authority.file}"\n'
        'on = ["batch_completed"]\nfailure_title = "{failed} of {total} went wrong"\n'
    )
    return place


@pytest.mark.fault(79, 91)
def test_one_letter_tells_of_a_whole_batch_and_its_password_is_found_nowhere(stage, place, tmp_path):
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused", times=None)]) as receiver:
        sources = [stage.file(1000, name)[0] for name in ("good", "refused")]
        ids = stage.put(*sources, receiver.url)
        stage.run("wait", *ids, fine=(1,))
        eventually(lambda: place.letters, "the letter")

    ((title, text),) = place.read()
    assert title == "1 of 2 went wrong" and "403" in text
    said = "".join(stage.run(*words, fine=(0, 1)).stdout for words in (("events", "--json"), ("host", "status", "--json"), ("show", *ids)))
    stage.run("host", "stop")
    written = [path for path in stage.state.rglob("*") if path.is_file()]
    assert written and not any(PASSWORD.encode() in path.read_bytes() for path in written)
    assert PASSWORD not in said and "it said 451" in said
