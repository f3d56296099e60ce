"""A real host with the listener installed, and a real node_exporter that reads what it wrote."""

import pytest
from sendoff.testing.receiver import Receiver

from contrib.listeners.metrics.tests.node_exporter import NodeExporter
from tests.end_to_end.stage import Stage


@pytest.mark.needs_server
def test_node_exporter_collects_what_a_host_has_counted(tmp_path):
    with NodeExporter(tmp_path / "collected") as exporter, Receiver(tmp_path / "landed") as server, Stage(tmp_path) as stage:
        stage.environment["PROMETHEUS_TEXTFILE"] = str(exporter.folder / "sendoff.prom")
        file, _ = stage.file(12_345)
        stage.run("put", file, server.url, "--wait")
        stage.run("host", "stop")

        scraped = exporter.scrape().splitlines()

    assert 'sendoff_uploads_ended_total{status="completed"} 1' in scraped
    assert "sendoff_uploaded_bytes_total 12345" in scraped
    assert "node_textfile_scrape_error 0" in scraped
