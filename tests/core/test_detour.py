"""A try that a listener sends to another origin: the upload's own half-done one is neither lost nor mistaken for what that try began."""

import pytest
from sendoff.errors import SessionLost, Transient
from sendoff.hookspecs import Change, hookimpl

from tests.core.owned import Owned, eventually


def strayed(tmp_path, error):
    """An owner whose second try goes to another origin, the first having left a session; which session is on record at each."""
    seen = []

    def before_attempt(operation, attempt):
        return Change(url="session://10.9.9.9/strange") if attempt == 2 else None

    def point(name, _operation):
        if name != "finish":
            return
        (record,) = owned.records()
        seen.append(owned.owner._secrets.open_session(record.id, owned.store.checkpoint(record.number).session))
        if record.tally.attempts == 1:
            raise Transient("broke")
        if record.tally.attempts == 2 and error is not None:
            raise error

    kind = type("Listener", (), {"sendoff_before_attempt": hookimpl(staticmethod(before_attempt))})
    owned = Owned(tmp_path, listeners={"mine": kind()})
    owned.server.point = point
    return owned, seen


@pytest.mark.parametrize("error", [SessionLost("gone", left=True), SessionLost("gone"), Transient("broke")], ids=["lost and left", "lost", "broken"])
def test_whatever_becomes_of_a_try_at_another_origin_the_uploads_own_session_stands(error, tmp_path):
    owned, seen = strayed(tmp_path, error)
    with owned:
        id = owned.put(owned.file(), "session://10.0.0.1/x")
        owned.done(id)
        first, second, third = seen
        assert first == second == third, "a process that dies then would go on with a stranger's"
        assert (owned.server.made, list(owned.server.things)) == (2, ["session://10.0.0.1/x"])
        assert owned.store.todos(2**62) == []


def test_an_upload_that_is_completed_at_another_origin_leaves_nothing_at_its_own(tmp_path):
    owned, _ = strayed(tmp_path, None)
    with owned:
        id = owned.put(owned.file(), "session://10.0.0.1/x")
        owned.done(id)
        assert list(owned.server.things) == ["session://10.9.9.9/strange"]
        eventually(lambda: not owned.store.todos(2**62), "the abort")
        assert (owned.server.uploads, owned.store.checkpoint(owned.record(id).number)) == ({}, None)
