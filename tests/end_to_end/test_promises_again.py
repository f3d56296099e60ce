"""The suite takes anybody's driver, and ours are strangers: our promises once more, with the drivers that the words name."""

import pytest

from tests.end_to_end.promised import kept, made, ran

ABOUT = ("tests/end_to_end/test_promises_transport.py", "tests/end_to_end/test_promises_sink.py")  # what asks for a driver other than the store


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_the_sqlite_and_the_http_leaf_keep_what_is_promised_when_they_are_named(say):
    """The store by a counterpart with a key in its section, which every host is told of."""
    count = kept("--store", "tests/end_to_end/counterparts.py:Roomy", "--transport", "http")
    say(f"--store sqlite --transport http: {count} promises kept")
    assert count == made() > made(*ABOUT)


@pytest.mark.campaign
@pytest.mark.needs_server
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("transport", "sink"), [("s3", "log"), ("sftp", "webhook")])
def test_whatever_carries_and_whoever_tells_keep_what_is_promised(transport, sink, say):
    count = kept("--transport", transport, "--sink", sink)
    say(f"--transport {transport} --sink {sink}: {count} promises kept")
    assert count == made(*ABOUT)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--store", "nothing"), "known by name are sqlite"),
        (("--transport", "no/such/file.py:Class"), "names no counterpart"),
        (("--sink", "json:JSONDecoder"), "is not a subclass of"),
    ],
)
def test_a_word_that_names_no_counterpart_is_refused_with_what_to_write(words, said):
    done = ran(*words, ABOUT[1])

    assert done.returncode != 0 and said in done.stdout + done.stderr


AWAY = """
import pytest
from sendoff.testing.counterpart import TransportCounterpart

class Away(TransportCounterpart):
    driver, section, landed = "http", None, None

    def __enter__(self):
        pytest.skip("its server is missing")
"""


@pytest.mark.campaign
@pytest.mark.parametrize(("ci", "said"), [("", "1 skipped"), ("true", "cannot run in CI: its server is missing")])
def test_a_counterpart_that_skips_fails_in_ci(tmp_path, monkeypatch, ci, said):
    (tmp_path / "away.py").write_text(AWAY)
    monkeypatch.setenv("CI", ci)

    done = ran("--transport", f"{tmp_path}/away.py:Away", f"{ABOUT[0]}::test_an_empty_file_lands")

    assert said in done.stdout
    assert (done.returncode == 0) == (not ci)


@pytest.mark.campaign
def test_with_another_store_every_test_runs_whatever_carries():
    """The first lines say what is left out, and it is."""
    places = ("--collect-only", "tests/end_to_end/test_kill.py", ABOUT[0])
    store = ("--store", "tests/end_to_end/counterparts.py:Roomy")
    carried, both = (ran("-v", *places, "--transport", "s3", *words).stdout for words in ((), store))

    assert "test_an_id_that_was_printed_is_in_the_journal" not in carried
    assert "left out are tests that do not ask for there (transport)" in carried
    assert "left out are tests that do not ask" not in both
    assert "test_an_id_that_was_printed_is_in_the_journal" in both
    assert "test_an_empty_file_lands" in carried and "test_an_empty_file_lands" in both
