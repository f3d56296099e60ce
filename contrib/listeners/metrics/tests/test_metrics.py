import os
import stat
import threading
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from sendoff.testing.receiver import Answer, Receiver, Rule
from sendoff_metrics import measures
from sendoff_metrics.measures import MEASURES, Kind
from sendoff_metrics.open_telemetry import OpenTelemetry
from sendoff_metrics.text_file import TextFile
from sendoff_metrics.writing import Writing

from contrib.listeners.metrics.tests.conftest import samples
from tests.core.owned import QUICK, Owned, eventually


def test_what_happens_to_uploads_is_counted(owned, tmp_path):
    one, path = owned(), tmp_path / "metrics.prom"
    one.done(one.put(one.file("a", b"x" * 700), "plain://h/a"))
    later = one.put(one.file("b"), "plain://h/b", start=False)
    one.order("cancel", later)
    one.until(later, "canceled")

    found = eventually(lambda: (now := samples(path)) and now.get(("sendoff_uploads_ended_total", "canceled")) and now)

    assert found["sendoff_uploads_queued_total",] == 2
    assert found["sendoff_uploads_ended_total", "completed"] == 1
    assert found["sendoff_attempts_total",] == 1
    assert found["sendoff_uploaded_bytes_total",] == 700
    assert found["sendoff_upload_duration_seconds_count",] == 1
    assert found["sendoff_last_success_timestamp_seconds",] > 1.6e9


def test_a_try_that_fails_is_counted_by_its_code_and_what_waits_by_its_reason(owned, tmp_path):
    with Receiver(tmp_path / "landed", script=[Rule(do=Answer(503), times=None)]) as server:
        one, path = owned(config='[retry]\nbackoff = ["600s", "600s"]\n'), tmp_path / "metrics.prom"
        waits = one.put(one.file(), server.url + "a")
        one.until(waits, "running", reason="backoff")

        found = eventually(lambda: (now := samples(path)) and now.get(("sendoff_uploads_waiting", "backoff")) and now)

    assert found["sendoff_errors_total", "server_busy"] == 1
    assert found["sendoff_uploads_open", "running"] == 1


def test_where_nobody_wants_to_know_nothing_is_counted(owned, monkeypatch):
    one = owned()
    one.close()
    monkeypatch.delenv("PROMETHEUS_TEXTFILE")
    one.open()
    one.done(one.put(one.file(), "plain://h/a"))

    assert [thread.name for thread in threading.enumerate() if thread.name == "sendoff-metrics"] == []


def test_a_new_host_begins_at_zero_and_says_how_things_stand(owned, tmp_path):
    one, path = owned(), tmp_path / "metrics.prom"
    one.done(one.put(one.file("a"), "plain://h/a"))
    one.put(one.file("b"), "plain://h/b", start=False)
    one.close()
    assert samples(path)["sendoff_uploads_queued_total",] == 2, "the last word is written when the host leaves"

    one.open()

    found = eventually(lambda: (now := samples(path)) and now["sendoff_uploads_queued_total",] == 0 and now)
    assert found["sendoff_uploads_open", "idle"] == 1


def test_two_in_one_process_are_counted_together_until_the_last_leaves(owned, tmp_path):
    (tmp_path / "other").mkdir()
    one, path = owned(), tmp_path / "metrics.prom"
    with Owned(tmp_path / "other", config='disabled = ["metrics"]\n' + QUICK, listeners=one.listeners) as other:
        for each in (one, other):
            each.put(each.file("a"), "plain://h/a", start=False)
        eventually(lambda: samples(path).get(("sendoff_uploads_open", "idle")) == 2)

    one.put(one.file("b"), "plain://h/b", start=False)
    eventually(lambda: (now := samples(path)) and now.get(("sendoff_uploads_queued_total",)) == 3 and now[("sendoff_uploads_open", "idle")] == 2)
    one.close()

    assert [thread.name for thread in threading.enumerate() if thread.name == "sendoff-metrics"] == []


def test_the_file_is_where_the_environment_says_and_everybody_may_read_it(owned, tmp_path, monkeypatch):
    path = tmp_path / "collected" / "sendoff.prom"
    monkeypatch.setenv("PROMETHEUS_TEXTFILE", str(path))
    before = os.umask(0o077)
    try:
        owned()
        eventually(path.exists)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(path.parent) == ["sendoff.prom"]


def test_whoever_reads_finds_a_whole_file_always(tmp_path):
    file, stop = TextFile(tmp_path / "sendoff.prom"), threading.Event()
    file.write()

    def write():
        while not stop.is_set():
            file.add(measures.QUEUED)
            file.write()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        sizes = {len(samples(file.path)) for _ in range(200)}
    finally:
        stop.set()
        thread.join()

    assert len(sizes) == 1


def test_a_disk_that_hangs_delays_no_upload(owned, tmp_path, monkeypatch):
    hangs = threading.Event()
    monkeypatch.setattr(TextFile, "write", lambda self: hangs.wait(60))
    one = owned()

    one.done(one.put(one.file(), "plain://h/a"))

    assert not hangs.is_set()
    hangs.set()


def test_a_disk_that_is_full_is_told_once_and_the_next_write_tries_again(caplog):
    tried, enough = [], threading.Event()

    def write():
        tried.append(1)
        if len(tried) < 4:
            raise OSError(28, "No space left on device")
        enough.set()

    writing = Writing(write, every=0.01)
    writing.start()
    while not enough.wait(0.02):
        writing.stir()
    writing.close()

    assert caplog.text.count("the metrics cannot be written: OSError") == 1


def test_of_a_gauge_what_is_not_there_any_more_is_gone(tmp_path):
    file = TextFile(tmp_path / "sendoff.prom")
    file.put(measures.OPEN, {("idle",): 3})
    file.put(measures.OPEN, {("running",): 1})
    file.write()

    assert {key: value for key, value in samples(file.path).items() if key[0] == "sendoff_uploads_open"} == {("sendoff_uploads_open", "running"): 1}


def test_the_same_is_told_to_an_sdk_of_opentelemetry():
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])

    class Api:
        from opentelemetry.metrics import Observation

        get_meter = staticmethod(provider.get_meter)

    meter = OpenTelemetry(Api)
    meter.add(measures.ERRORS, 2, "server_busy")
    meter.add(measures.DURATION, 1.5)
    meter.put(measures.OPEN, {("idle",): 3})
    (scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    found = {one.name: one.data.data_points[0] for one in scope.metrics if one.data.data_points}

    assert (found["sendoff_errors"].value, dict(found["sendoff_errors"].attributes)) == (2, {"code": "server_busy"})
    assert found["sendoff_upload_duration_seconds"].sum == 1.5
    assert (found["sendoff_uploads_open"].value, dict(found["sendoff_uploads_open"].attributes)) == (3, {"status": "idle"})
    provider.shutdown()


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_readme_names_each_metric(measure):
    name = measure.name + ("_total" if measure.kind is Kind.COUNTER else "")
    assert f"`{name}" in (Path(__file__).parents[1] / "README.md").read_text()
