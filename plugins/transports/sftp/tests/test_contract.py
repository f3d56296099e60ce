"""The SFTP transport keeps what every transport promises, at OpenSSH's own server."""

import pytest
from sendoff.testing.bundling_contract import BundlingContract
from sendoff.testing.transport_contract import TransportContract


@pytest.mark.needs_server
class TestSftpTransport(TransportContract):
    @pytest.fixture
    def world(self, openssh_world):
        return openssh_world


@pytest.mark.needs_server
class TestSftpRuns(BundlingContract):
    @pytest.fixture
    def world(self, openssh_world):
        return openssh_world
