"""The SFTP transport keeps what every transport promises, at OpenSSH's own server."""

from dataclasses import replace

import pytest
from sendoff.ports.clock import SystemClock
from sendoff.testing.aborting_contract import AbortingContract
from sendoff.testing.bundling_contract import BundlingContract
from sendoff.testing.probing_contract import ProbingContract
from sendoff.testing.resuming_contract import ResumingContract
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.verifying_contract import VerifyingContract

pytestmark = pytest.mark.needs_server


@pytest.fixture
def world(openssh_world):
    return openssh_world


class TestSftpTransport(TransportContract):
    """Sends."""


class TestSftpRuns(BundlingContract):
    """Sends many small ones."""


class Hurried(SystemClock):
    """A second of it passes in ten milliseconds: what is acknowledged is put on record once a second."""

    def monotonic(self):
        return super().monotonic() * 100


class Hurriedly:
    @pytest.fixture
    def world(self, openssh_world):
        openssh_world.transport.toolkit = replace(openssh_world.transport.toolkit, clock=Hurried())
        return openssh_world


class TestSftpResuming(Hurriedly, ResumingContract):
    """Goes on."""


class TestSftpAborting(Hurriedly, AbortingContract):
    """Lets go."""


class TestSftpProbing(ProbingContract):
    """Asks without sending."""


class TestSftpVerifying(VerifyingContract):
    """Does what is asked of it, or says that it cannot."""
