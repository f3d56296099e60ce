"""The promises of every driver, whatever its port."""

from __future__ import annotations

import builtins
import io
import os
import socket
import subprocess
from logging import getLogger
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit

NOT_A_KEY = "no_driver_has_a_key_of_this_name"


class DriverContract:
    """Provide the fixtures ``driver``, the class, and ``options``, its settings as the configuration gives them.

    Example::

        class TestMine(DriverContract):
            @pytest.fixture
            def driver(self):
                return MyDriver

            @pytest.fixture
            def options(self, tmp_path):
                return {"path": str(tmp_path / "kept")}
    """

    @pytest.fixture
    def driver(self) -> Any:
        """The class that the entry point names."""
        raise pytest.UsageError("a contract needs the fixture `driver`: the class that the entry point names")

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """What stands in the driver's section."""
        return {}

    @pytest.fixture
    def toolkit(self, tmp_path: Path) -> Toolkit:
        """What the core hands over; its folder is empty."""
        return Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.contract"), folder=tmp_path)

    @pytest.fixture
    def made(self, driver: Any, options: dict[str, Any], toolkit: Toolkit) -> Any:
        """One driver, closed at the end."""
        one = driver(driver.Settings(**options), toolkit)
        yield one
        one.close()

    def test_making_it_reads_and_writes_nothing(self, driver: Any, options: dict[str, Any], toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> None:
        settings, touched = driver.Settings(**options), []

        def refuse(*words: Any, **_: Any) -> None:
            touched.append(words)
            raise AssertionError(f"a driver that is only made has touched {words}")

        with monkeypatch.context() as patch:
            for owner, name in ((builtins, "open"), (io, "open"), (os, "open"), (socket, "socket"), (subprocess, "Popen")):
                patch.setattr(owner, name, refuse)
            driver(settings, toolkit).close()

        assert touched == []

    def test_a_key_it_does_not_know_is_an_error(self, driver: Any, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=NOT_A_KEY):
            driver.Settings(**options, **{NOT_A_KEY: 1})

    def test_it_may_be_closed_twice(self, driver: Any, options: dict[str, Any], toolkit: Toolkit) -> None:
        one = driver(driver.Settings(**options), toolkit)
        one.close()
        try:
            one.close()
        except Exception as cause:  # noqa: BLE001 a stranger's code is called
            pytest.fail(f"the second close raised {type(cause).__name__}: {cause}")
