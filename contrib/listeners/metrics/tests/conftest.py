"""Owners of a journal with a listener of the test's own, and how to read what it wrote."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sendoff_metrics.listener import Metrics

from tests.core.owned import QUICK, Owned


def samples(path):
    """Every sample of a file, by name and labels; none where there is no file yet."""
    if not path.exists():
        return {}
    found = text_string_to_metric_families(path.read_text())
    return {(one.name, *sorted(one.labels.values())): one.value for family in found for one in family.samples}


@pytest.fixture
def owned(tmp_path, monkeypatch):
    """Opens an owner with the metrics in ``metrics.prom``, written at once."""
    monkeypatch.setenv("PROMETHEUS_TEXTFILE", str(tmp_path / "metrics.prom"))
    opened = []

    def owned(*, config=QUICK, every=0.02, **more):
        opened.append(Owned(tmp_path, config='disabled = ["metrics"]\n' + config, listeners={"own-metrics": Metrics(every)}, **more))
        return opened[-1]

    yield owned
    for one in opened:
        one.close()
