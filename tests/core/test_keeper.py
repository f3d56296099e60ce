"""Keeping house goes on, whatever happens to one of its jobs."""

import errno
import time

from tests.core.owned import eventually


def test_a_job_that_fails_keeps_no_other_from_its_turn_and_house_is_kept_afterwards(owned, monkeypatch):
    failed = []

    def fails():
        failed.append(1)
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(owned.owner._keeper._open_batches, "look", fails)
    eventually(lambda: len(failed) > 1, "the next round")

    (owned.state / "spool" / "orphan").write_bytes(b"of nobody")
    eventually(lambda: not (owned.state / "spool" / "orphan").exists(), "the end of what nobody owns")


def test_however_much_happens_open_batches_are_asked_for_about_once_a_second(owned, monkeypatch):
    looks, keeper = [], owned.owner._keeper
    monkeypatch.setattr(keeper._open_batches, "look", lambda: looks.append(1) or 0)
    begun = time.monotonic()

    for _ in range(200):
        owned.owner._bell.ring()
        assert keeper.caught_up(30)

    assert len(looks) <= 2 + (time.monotonic() - begun)
