"""What must still happen after an end: done until it was seen done, with growing pauses, whoever owns the journal."""

from sendoff.errors import Transient
from sendoff.model.change import SaveTodo
from sendoff.model.query import Question
from sendoff.runtime.secrets import NOTE
from sendoff.testing.memory_transport import SessionTransport

from tests.core.owned import Owned, eventually

ENVIRONMENT = {"AWS_PROFILE": "theirs"}


class Seeing(SessionTransport):
    """Tells in whose environment it was asked to remove what."""

    def abort(self, leftover):
        self.settings["seen"].append(dict(self.toolkit.environment))
        super().abort(leftover)


class Stubborn:
    """A server that does not finish, and lets go of an upload only after so many refusals."""

    def __init__(self, server, refusals):
        self.left, self.asked = refusals, 0
        server.point = self.seen

    def seen(self, name, _operation):
        if name == "finish":
            raise Transient("not now")
        if name == "abort":
            self.asked += 1
            if self.asked <= self.left:
                raise Transient("not yet")


def left_behind(owned):
    """A canceled upload with something left at the server."""
    id = owned.put(owned.file(), "session://10.0.0.1/x")
    eventually(lambda: "attempt_failed" in owned.types(id))
    owned.order("cancel", id)
    owned.until(id, "canceled")
    return id


def todos(owned):
    return owned.store.todos(2**62)


def test_what_a_canceled_upload_left_at_the_server_is_removed(owned):
    Stubborn(owned.server, 0)
    left_behind(owned)
    eventually(lambda: not todos(owned))
    assert owned.server.uploads == {}


def test_it_is_tried_again_at_growing_pauses_until_it_was_seen_gone(owned):
    stubborn = Stubborn(owned.server, 2)
    id = left_behind(owned)
    (todo,) = eventually(lambda: [todo for todo in todos(owned) if todo.tries == 1])
    assert (todo.kind, todo.about) == ("abort", f"{id}.1")
    first = todo.due
    assert not owned.owner.idle()
    (todo,) = eventually(lambda: [todo for todo in todos(owned) if todo.tries == 2])
    assert todo.due > first and owned.server.uploads
    eventually(lambda: not todos(owned))
    assert (owned.server.uploads, stubborn.asked) == ({}, 3)
    eventually(owned.owner.idle)


def test_the_next_owner_goes_on_with_it(owned):
    Stubborn(owned.server, 10**9)
    left_behind(owned)
    eventually(lambda: [todo for todo in todos(owned) if todo.tries])
    owned.close()
    assert owned.server.uploads
    Stubborn(owned.server, 0)
    owned.open()
    eventually(lambda: not todos(owned))
    assert owned.server.uploads == {}


def test_a_transport_that_raises_anything_keeps_its_to_do_and_its_name_is_logged(owned, caplog):
    def seen(name, _operation):
        if name == "finish":
            raise Transient("not now")
        if name == "abort":
            raise ZeroDivisionError("a bug")

    owned.server.point = seen
    id = left_behind(owned)
    eventually(lambda: [todo for todo in todos(owned) if todo.tries])
    assert f"abort of {id}.1 failed" in caplog.text and "ZeroDivisionError" in caplog.text
    owned.server.point = lambda *_: None
    eventually(lambda: not todos(owned))


def test_one_that_is_stuck_stops_no_other(owned):
    Stubborn(owned.server, 10**9)
    left_behind(owned)
    other = owned.file("spare", b"x")
    owned.owner._journal.commit([SaveTodo(kind="spool", about="x", seen=0, payload={"path": str(other)}, due=0)])
    eventually(lambda: {todo.kind for todo in todos(owned)} == {"abort"})
    assert other.exists(), "only a copy in the spool may be removed"


def test_a_to_do_of_a_forgotten_operation_is_done(owned):
    owned.owner._journal.commit([SaveTodo(kind="abort", about="x", seen=0, payload={"number": 10**6, "session": ""}, due=0)])
    eventually(lambda: not todos(owned))


def test_a_round_that_was_retried_after_its_cancel_does_not_lose_its_new_session(owned):
    stubborn = Stubborn(owned.server, 1)
    id = left_behind(owned)
    eventually(lambda: stubborn.asked)
    owned.order("retry", id)
    eventually(lambda: not [todo for todo in todos(owned) if todo.kind == "abort"])
    eventually(lambda: len(owned.server.uploads) == 1)
    owned.server.point = lambda *_: None
    owned.done(id)
    assert owned.server.things == {"session://10.0.0.1/x": b"x" * 1000}


def test_a_failed_upload_that_is_given_up_leaves_nothing_at_the_server_and_then_no_secret(owned):
    server = Stubborn(owned.server, 2)
    id = owned.put(owned.file(), "session://10.0.0.1/x", secret_headers=(("X-A", "canary-value"),), patience=0, attempts=1)
    owned.until(id, "error")
    owned.order("acknowledge", id)
    eventually(lambda: server.asked > 0, "a try to abort")
    assert owned.record(id).sealed is not None, "without them it could not be removed"

    eventually(lambda: not todos(owned), "the abort")
    assert (owned.server.uploads, server.asked, owned.record(id).sealed) == ({}, 3, None)


def lying(owned, refused):
    """A server that claims to have more than was ever sent, once, and then does not let go of it while ``refused`` holds anything."""
    lies = iter([10**6])

    def lie(point, _operation):
        upload = owned.server.uploads.get("u1")
        if point == "chunk_answer" and upload is not None and next(lies, None):
            upload.body += b"never sent" * 1000
        if point == "abort" and refused:
            raise Transient("not yet")

    return lie


def test_a_session_that_is_given_up_here_is_removed_there(owned):
    """The server claims to have more than was ever sent: what it has is of no use, and costs."""
    owned.server.point = lying(owned, ())
    id = owned.put(owned.file(), "session://10.0.0.1/x")
    owned.done(id)

    eventually(lambda: not todos(owned), "the abort")
    assert (owned.server.uploads, owned.server.made) == ({}, 2)


def test_what_is_given_up_is_removed_as_its_submitter_however_late(tmp_path):
    """The upload itself is completed by then, and keeps no environment."""
    seen, refused = [], ["not yet"]
    own = {("transports", "session"): (Seeing, lambda _options: {"server": owned.server, "block": 100, "seen": seen})}
    with Owned(tmp_path, own=own, start=False) as owned:
        owned.server.point = lying(owned, refused)
        owned.open()
        id = owned.put(owned.file(), "session://10.0.0.1/x", environment=ENVIRONMENT)
        owned.done(id)
        eventually(lambda: [todo for todo in todos(owned) if todo.tries], "a try")
        assert owned.record(id).environment is None

        owned.owner.ask(Question(what="gc"))
        owned.reopen()
        refused.clear()

        eventually(lambda: not todos(owned), "the abort")
        assert (owned.server.uploads, seen[-1]) == ({}, ENVIRONMENT)
        owned.owner.ask(Question(what="gc"))
        assert not owned.store.notes(NOTE).items


def test_what_an_older_version_gave_up_is_still_removed(owned):
    """Its to-do does not say in whose environment."""
    refused = ["not yet"]
    owned.server.point = lying(owned, refused)
    owned.done(owned.put(owned.file(), "session://10.0.0.1/x"))
    (todo,) = eventually(lambda: [todo for todo in todos(owned) if todo.tries])
    del todo.payload["before"]["environment"]
    owned.owner._journal.commit([SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=todo.payload, due=0, tries=1)])

    refused.clear()

    eventually(lambda: not todos(owned), "the abort")
    assert owned.server.uploads == {}
