"""A desktop's key store, with nobody at the desktop."""

from logging import getLogger
from random import Random

import pytest
from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit
from sendoff.testing.secret_service import SecretService


@pytest.fixture
def desktop(tmp_path_factory, monkeypatch):
    """GNOME Keyring, open."""
    how = SecretService.missing()
    if how:
        pytest.skip(f"no key store: {how}")
    with SecretService(tmp_path_factory.mktemp("desktop")) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def backend(monkeypatch):
    """Makes keyring choose this backend."""

    def backend(name):
        import keyring

        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        before = keyring.get_keyring()
        monkeypatch.setattr(keyring.core, "_keyring_backend", before)
        keyring.core.init_backend()

    return backend


@pytest.fixture
def toolkit(tmp_path):
    """What the core hands to a store."""
    return Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.tests"), folder=tmp_path)
