import json
import os
import threading
from dataclasses import replace

import pytest
from sendoff import Message, Permanent, moment, moment_text
from sendoff.testing.sink_contract import NOON, SinkContract
from sendoff_sinks_basic.status import StatusSink


class TestStatus(SinkContract):
    @pytest.fixture
    def driver(self):
        return StatusSink

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "tile" / "status.json"

    @pytest.fixture
    def options(self, path):
        return {"path": str(path)}

    @pytest.fixture
    def received(self, path):
        return lambda: [json.loads(path.read_bytes())]

    @pytest.fixture
    def read(self, received):
        return lambda: received()[0]

    def test_several_threads_may_deliver(self, sink, received, notice):
        """Whoever comes last is the newest, whatever the order in which they arrive."""
        threads = [threading.Thread(target=sink.deliver, args=(replace(notice, id=f"n-{n}", time=NOON + n),)) for n in (3, 7, 0, 5, 1, 6, 2, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one["id"] for one in received()] == ["n-7"]

    @pytest.mark.parity("F20", "F103")
    def test_the_last_one_is_what_it_shows(self, sink, read, notice):
        sink.deliver(replace(notice, message=Message(title="Uploaded: a", text="1 MiB")))
        sink.deliver(replace(notice, time=NOON + 1, message=Message(title="Failed: b", text="no such bucket", failed=True)))

        found = read()
        assert (found["title"], found["text"], found["failed"], found["expires_at"]) == ("Failed: b", "no such bucket", True, None)
        assert found["message"]["title"] == "Failed: b"

    def test_an_older_one_that_comes_late_changes_nothing(self, sink, read, notice):
        sink.deliver(replace(notice, id="newer", time=NOON + 1))
        sink.deliver(replace(notice, id="older"))
        assert read()["id"] == "newer"

    def test_one_of_a_clock_that_was_ahead_holds_up_no_other(self, sink, toolkit, read, notice):
        sink.deliver(replace(notice, id="ahead", time=toolkit.clock.wall() + moment(365 * 86_400)))
        sink.deliver(notice)
        assert read()["id"] == "n-1"

    @pytest.mark.parity("F20", "F103")
    def test_it_vanishes_when_it_has_expired(self, made, toolkit, path, read, notice):
        now = toolkit.clock.wall()
        gone = threading.Event()
        made._remove = lambda remove=made._remove: (remove(), gone.set())
        made.deliver(replace(notice, time=now, message=Message(title="done", text="", expires_at=now + moment(0.2), tile=True)))
        assert read()["expires_at"] == moment_text(now + moment(0.2))
        assert gone.wait(20)
        assert not path.exists()

    def test_what_an_earlier_host_has_left_vanishes_too_though_what_comes_is_older(self, driver, options, toolkit, path, read, notice):
        now = toolkit.clock.wall()
        before, after = (driver(driver.Settings(**options), toolkit) for _ in range(2))
        before.deliver(replace(notice, id="left", time=now))
        before.close()
        path.write_text(json.dumps({**read(), "expires_at": moment_text(now)}))  # has expired while nobody was there
        gone = threading.Event()
        after._remove = lambda remove=after._remove: (remove(), gone.set())
        after.deliver(notice)
        assert gone.wait(20)
        assert not path.exists()

    def test_what_comes_at_the_moment_of_an_expiry_stays(self, made, toolkit, read, notice):
        now = toolkit.clock.wall()
        made.deliver(replace(notice, time=now, message=Message(title="first", text="", expires_at=now)))
        made.deliver(replace(notice, id="second", time=now + 1))
        made._expired(now)  # the alarm of the first, which was already on its way
        assert read()["id"] == "second"

    def test_one_that_has_expired_before_it_came_is_not_shown_and_neither_is_what_it_replaces(self, sink, path, notice):
        sink.deliver(notice)
        sink.deliver(replace(notice, time=NOON + 2, message=Message(title="old", text="", expires_at=NOON + 3)))
        assert not path.exists()

    def test_every_notice_may_expire_after_a_while(self, driver, toolkit, path, read, notice):
        sink = driver(driver.Settings(path=str(path), expires="10m"), toolkit)
        now = toolkit.clock.wall()
        sink.deliver(replace(notice, time=now))
        assert read()["expires_at"] == moment_text(now + moment(600))
        sink.close()
        assert read()["id"] == "n-1", "it stays and says when it expires"

    def test_who_reads_it_never_sees_half_of_one(self, sink, path, notice):
        sink.deliver(notice)
        before = os.stat(path).st_ino
        sink.deliver(replace(notice, time=NOON + 1))
        assert os.stat(path).st_ino != before, "replaced, not written over"
        assert os.listdir(path.parent) == ["status.json"]

    @pytest.mark.parametrize(("mode", "bits"), [("600", 0o600), ("0644", 0o644)])
    def test_who_may_read_it_can_be_chosen(self, driver, toolkit, path, notice, mode, bits):
        driver(driver.Settings(path=str(path), mode=mode), toolkit).deliver(notice)
        assert os.stat(path).st_mode & 0o777 == bits

    def test_a_place_that_cannot_be_written_is_named_and_permanent(self, driver, toolkit, tmp_path, notice):
        (tmp_path / "file").write_text("")
        with pytest.raises(Permanent, match="cannot be written"):
            driver(driver.Settings(path=str(tmp_path / "file" / "status.json")), toolkit).deliver(notice)

    def test_what_is_there_and_is_none_of_ours_is_replaced(self, sink, path, read, notice):
        path.parent.mkdir()
        path.write_text("not json")
        sink.deliver(notice)
        assert read()["id"] == "n-1"

    @pytest.mark.parametrize("options", [{}, {"path": ""}, {"path": "x", "expires": 0}, {"path": "x", "mode": "rw"}], ids=str)
    def test_settings_that_make_no_sense_are_refused(self, driver, options):
        with pytest.raises(ValueError):
            driver.Settings(**options)
