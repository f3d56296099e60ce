"""A session goes on record while others change the same operation."""

from sendoff.runtime.shipment import WorkShipment

CONTENT = b"x" * 1000


def once(owned, point, act):
    """Let something happen the first time that the transport stands at a point."""
    done = []

    def seen(name, _operation):
        if name == point and not done:
            done.append(act())

    owned.server.point = seen
    return done


def test_what_is_set_in_the_moment_a_session_begins_is_kept_and_so_is_the_session(owned):
    happened = once(owned, "created", lambda: owned.order("set", owned.records()[0].id, label="mine", priority="high"))
    id = owned.put(owned.file(content=CONTENT), "session://10.0.0.1/x")
    owned.done(id)
    assert happened and (owned.view(id)["label"], owned.view(id)["priority"]) == ("mine", "high")
    assert (owned.server.made, owned.server.repeated, len(owned.events(id, "session_recorded"))) == (1, 0, 1)


def test_a_pause_in_the_moment_a_session_begins_keeps_the_session(owned):
    happened = once(owned, "created", lambda: owned.order("pause", owned.records()[0].id))
    id = owned.put(owned.file(content=CONTENT), "session://10.0.0.1/x")
    owned.until(id, "paused_by_application")
    assert happened and owned.record(id).want is None
    owned.order("resume", id)
    owned.done(id)
    assert owned.server.things == {"session://10.0.0.1/x": CONTENT}


def test_a_try_that_is_stopped_in_the_moment_a_session_begins_does_not_lose_what_the_server_made(owned):
    happened = once(owned, "created", lambda: owned.owner._underway.interrupt(owned.records()[0].number, "the network changed"))
    id = owned.put(owned.file(content=CONTENT), "session://10.0.0.1/x")
    owned.done(id)
    assert happened and owned.record(id).tally.attempts == 2
    assert (owned.server.made, len(owned.events(id, "session_recorded"))) == (1, 1)


def test_a_cancellation_that_is_met_only_at_the_commit_point_is_carried_out(owned, monkeypatch):
    monkeypatch.setattr(WorkShipment, "interrupt", lambda *words, **more: None)  # the order is on record, and its word has not come yet
    happened = once(owned, "before_last", lambda: owned.order("cancel", owned.records()[0].id))
    id = owned.put(owned.file(content=CONTENT), "plain://10.0.0.1/x", method="POST")
    assert owned.until(id, "canceled") and happened
    assert owned.server.posted == []
