"""Desktops that are not there, say no, hang, or go away and come back."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sendoff import Permanent, Transient
from sendoff_desktop.sink import DesktopSink

from plugins.sinks.desktop.tests.desk import Desk, missing, until

pytestmark = pytest.mark.needs_server
NOBODY_MAY_ASK = '<deny send_interface="org.freedesktop.Notifications" send_type="method_call"/>'


def refused(sink, notice, kind=Transient):
    with pytest.raises(kind) as caught:
        sink().deliver(notice)
    return caught.value


@pytest.mark.fault(79)
def test_without_a_desktop_it_comes_once_somebody_has_logged_in(lone_bus, sink, told):
    lone_bus.close_bus()
    error = refused(sink, told())
    assert "no desktop session is there" in error.message and str(lone_bus.folder) in error.message
    assert error.hint == 'log in to a desktop, or write disabled = ["desktop"]'

    lone_bus.open_bus()
    lone_bus.start_dunst()
    sink().deliver(told())
    assert len(lone_bus.shown()) == 1


@pytest.mark.fault(79)
def test_with_nobody_who_shows_notifications_it_comes_once_there_is_somebody(lone_bus, sink, told):
    error = refused(sink, told())
    assert error.message == "nobody shows notifications on this desktop"
    assert "start a notification daemon" in error.hint

    lone_bus.start_dunst()
    sink().deliver(told())
    assert len(lone_bus.shown()) == 1


def test_a_daemon_that_is_started_when_it_is_asked_is_asked(lone_bus, sink, told):
    lone_bus.offer_dunst()
    sink().deliver(told())
    assert len(lone_bus.shown()) == 1


@pytest.mark.fault(79)
def test_after_a_logout_the_same_sink_finds_the_next_desktop(desk, sink, told):
    one = sink()
    one.deliver(told(text="before"))
    desk.close()
    with pytest.raises(Transient, match="no desktop session is there"):
        one.deliver(told(text="between"))

    desk.environment.pop("DISPLAY")
    desk.open_bus()
    desk.start_dunst()
    one.deliver(told(text="after"))
    assert [row["body"] for row in desk.shown()] == ["after"]


@pytest.mark.fault(79)
def test_a_bus_that_was_started_anew_in_between_is_not_noticed(desk, sink, told):
    one = sink()
    one.deliver(told(text="before"))
    desk.end("dunst")
    desk.close_bus()
    desk.open_bus()
    desk.start_dunst()
    one.deliver(told(text="after"))
    assert [row["body"] for row in desk.shown()] == ["after"]


@pytest.mark.fault(79)
@pytest.mark.parametrize("part", ["dunst", "bus"])
@pytest.mark.parametrize("known", [True, False])
def test_one_that_hangs_is_waited_for_two_seconds(desk, sink, told, part, known):
    one = sink()
    if known:
        one.deliver(told())
    desk.hang(part)
    began = time.monotonic()
    with pytest.raises(Transient, match=r"within 2 s"):
        one.deliver(told())
    assert 1.5 < time.monotonic() - began < 10


@pytest.fixture
def strict_desk(tmp_path_factory, monkeypatch):
    if missing():
        pytest.skip(f"no desktop: {missing()}")
    desk = Desk(tmp_path_factory.mktemp("desk") / "run", more=NOBODY_MAY_ASK)
    try:
        desk.start_dunst()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desk.environment["DBUS_SESSION_BUS_ADDRESS"])
        yield desk
    finally:
        desk.close()


def test_a_desktop_that_says_no_is_left_alone(strict_desk, sink, told):
    assert refused(sink, told(), Permanent).message == "the desktop refused the notification (org.freedesktop.DBus.Error.AccessDenied)"
    assert strict_desk.shown() == []


@pytest.mark.parametrize("address", ["nonsense", "tcp:host=127.0.0.1,port=9", "unix:dir=/tmp", "unix:path"])
def test_an_address_that_is_none_is_said_to_be_none(sink, told, monkeypatch, address):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    error = refused(sink, told())
    assert f"{address} cannot be used" in error.message and "DBUS_SESSION_BUS_ADDRESS" in error.hint


def test_where_the_environment_does_not_say_it_a_login_has_its_bus(desk, sink, told, monkeypatch):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    sink().deliver(told())
    assert len(desk.shown()) == 1


def test_closing_breaks_off_what_is_under_way(desk, sink, told):
    one = sink()
    one.deliver(told())
    desk.hang("dunst")
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(one.deliver, told())
        until(one._lock.locked)
        one.close()
        with pytest.raises(Transient, match="the sink was closed"):
            under_way.result(10)


FOR_EVERYBODY = {"on": ("failed", "needs_person"), "tag": "{batch} {event}"}


def test_it_comes_by_itself_where_somebody_shows_notifications(desk):
    assert DesktopSink.uninvited() == FOR_EVERYBODY


def test_it_comes_by_itself_where_somebody_would_be_started(lone_bus):
    assert DesktopSink.uninvited() is None
    lone_bus.offer_dunst()
    assert DesktopSink.uninvited() == FOR_EVERYBODY


def test_it_stays_away_where_nobody_sits(lone_bus, monkeypatch):
    lone_bus.hang("bus")
    assert DesktopSink.uninvited() is None
    lone_bus.close_bus()
    assert DesktopSink.uninvited() is None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "nonsense")
    assert DesktopSink.uninvited() is None
