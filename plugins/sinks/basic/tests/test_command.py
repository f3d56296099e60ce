import json
import os
import select
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sendoff import Message, Permanent, Transient
from sendoff.testing.sink_contract import HOSTILE, RefusableSinkContract
from sendoff_sinks_basic.command import CommandSink

KEEP = """
import os, sys
target = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(target, sys.stdin.buffer.read())
"""


def python(code, *words):
    return {"argv": [sys.executable, "-c", code, *words]}


class TestCommand(RefusableSinkContract):
    @pytest.fixture
    def driver(self):
        return CommandSink

    @pytest.fixture
    def options(self, tmp_path):
        return python(KEEP, str(tmp_path / "received"))

    @pytest.fixture
    def received(self, tmp_path):
        return lambda: [json.loads(line) for line in (tmp_path / "received").read_bytes().split(b"\n") if line]

    @pytest.fixture
    def refusing(self):
        return python("raise SystemExit(1)")

    @pytest.fixture
    def busy(self):
        return python("raise SystemExit(75)")

    @pytest.fixture
    def run(self, driver, toolkit, notice):
        """Deliver one notice to a program of these options."""
        return lambda options, one=notice: driver(driver.Settings(**options), toolkit).deliver(one)

    @pytest.mark.fault(80)
    def test_words_are_never_read_by_a_shell(self, run, tmp_path):
        target = tmp_path / "words"
        run(python("import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))", str(target), "$(id)", "; rm x", "*"))

        assert target.read_text() == repr(["$(id)", "; rm x", "*"])

    @pytest.mark.fault(80, 91)
    def test_its_environment_is_clean(self, run, tmp_path, notice, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
        target = tmp_path / "environment"
        code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
        run({**python(code, str(target)), "environment": {"MINE": "1"}}, replace(notice, id=HOSTILE))

        found = json.loads(target.read_text())
        assert set(found) - {"LC_CTYPE"} <= {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "TMPDIR", "MINE"} | {
            f"SENDOFF_NOTICE_{name}" for name in ("ID", "TYPE", "TIME", "OPERATION", "BATCH", "STATUS", "URL", "DESTINATION", "SIZE", "ERROR", "TITLE", "TEXT")
        }
        assert (found["MINE"], found["SENDOFF_NOTICE_OPERATION"], found["SENDOFF_NOTICE_TYPE"]) == ("1", "op-1", "completed")
        assert found["SENDOFF_NOTICE_ID"] == HOSTILE.replace("\0", "\ufffd")

    @pytest.mark.fault(80)
    def test_what_people_read_and_what_went_wrong_are_values_of_the_environment(self, run, tmp_path, notice):
        target = tmp_path / "environment"
        operation = {**notice.operation, "status": "error", "destination": "archive", "source": {"size": 7}, "error": {"message": HOSTILE}}
        message = Message(title="$(touch x)", text="two\nlines", failed=True)
        code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
        run(python(code, str(target)), replace(notice, type="failed", operation=operation, message=message))

        found = json.loads(target.read_text())
        told = {name: found[f"SENDOFF_NOTICE_{name}"] for name in ("DESTINATION", "SIZE", "ERROR", "TITLE", "TEXT")}
        assert told == {"DESTINATION": "archive", "SIZE": "7", "ERROR": HOSTILE.replace("\0", "\ufffd"), "TITLE": "$(touch x)", "TEXT": "two\nlines"}

    def test_an_endless_error_does_not_keep_the_program_from_being_started(self, run, tmp_path, received, notice):
        target = tmp_path / "environment"
        code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w')); open(sys.argv[2], 'wb').write(sys.stdin.buffer.read())"
        endless = {**notice.operation, "error": {"message": "x" * 200_000}}
        message = Message(title="t" * 200_000, text="y" * 200_000)
        run(python(code, str(target), str(tmp_path / "received")), replace(notice, operation=endless, message=message))

        found = json.loads(target.read_text())
        assert [len(found[f"SENDOFF_NOTICE_{name}"]) for name in ("ERROR", "TITLE", "TEXT")] == [2000] * 3
        assert len(received()[0]["operation"]["error"]["message"]) == 200_000

    def test_a_missing_program_is_named_and_permanent(self, run):
        with pytest.raises(Permanent, match="/nothing/here cannot be started: No such file"):
            run({"argv": ["/nothing/here"]})

    def test_a_file_that_is_no_program_is_permanent(self, run, tmp_path):
        (tmp_path / "note").write_text("hello")

        with pytest.raises(Permanent, match="Permission denied"):
            run({"argv": [str(tmp_path / "note")]})

    def test_a_refusal_shows_what_the_program_complained(self, run):
        with pytest.raises(Permanent, match="exit code 3: no such customer"):
            run(python("import sys; print('no such customer', file=sys.stderr); raise SystemExit(3)"))

    def test_only_the_end_of_a_long_complaint_is_shown(self, run):
        with pytest.raises(Permanent) as caught:
            run(python("import sys; sys.stderr.write('x' * 100000 + 'end'); raise SystemExit(3)"))

        assert len(caught.value.message) < 1200
        assert caught.value.message.endswith("xend")

    def test_death_by_a_signal_is_transient(self, run):
        with pytest.raises(Transient, match="signal 9"):
            run(python("import os; os.kill(os.getpid(), 9)"))

    def test_a_program_that_does_not_end_is_ended_with_what_it_started(self, run, tmp_path):
        pids = tmp_path / "pids"
        code = (
            "import os, subprocess, sys, time; c = subprocess.Popen(['sleep', '600']); open(sys.argv[1], 'w').write(f'{os.getpid()} {c.pid}'); time.sleep(600)"
        )
        began = time.monotonic()

        with pytest.raises(Transient, match="did not end within 1 s"):
            run({**python(code, str(pids)), "timeout": "1s"})
        assert time.monotonic() - began < 5
        assert all(gone(int(pid)) for pid in pids.read_text().split())

    def test_a_program_that_does_not_read_is_no_trouble(self, run, notice):
        run(python("pass"), replace(notice, data={"much": "x" * 1_000_000}))

    def test_closing_ends_what_runs_and_the_notice_comes_again(self, driver, toolkit, notice, tmp_path):
        ready = tmp_path / "ready"
        os.mkfifo(ready)
        sink = driver(driver.Settings(**python("import sys, time; open(sys.argv[1], 'w').close(); time.sleep(600)", str(ready))), toolkit)
        with ThreadPoolExecutor(1) as pool:
            delivered = pool.submit(sink.deliver, notice)
            with open(ready):
                sink.close()
            with pytest.raises(Transient, match="signal 9"):
                delivered.result(10)

    @pytest.mark.parametrize("options", [{}, {"argv": []}, {"argv": ["x"], "timeout": "soon"}, {"argv": ["x"], "timeout": 0}])
    def test_settings_that_make_no_sense_are_refused(self, driver, options):
        with pytest.raises(ValueError):
            driver.Settings(**options)


def gone(pid):
    """Whether a process that was killed has ended, within ten seconds: whoever kills need not see the end of what is not its own."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([process], [], [], 10)
    os.close(process)
    return bool(ended)
