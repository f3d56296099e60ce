"""A third server that shares no code with the others: asyncssh's."""

import asyncio
import threading

import asyncssh
import pytest
from sendoff import Credential, Demand, Secret, TargetExists

MIB = 2**20


class Anybody(asyncssh.SSHServer):
    def __init__(self, made):
        self._made = made

    def connection_made(self, connection):
        self._made.append(connection)

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return password == "open"


class Strange:
    """Runs in a thread of its own; files are below ``root``. kind: of the server's side of SFTP."""

    def __init__(self, folder, kind=asyncssh.SFTPServer):
        self.kind = kind
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.made = []
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(10)
        (folder / "hosts").write_text(f"[127.0.0.1]:{self.port} {self.key.export_public_key().decode()}")
        self.known_hosts = folder / "hosts"

    async def _listen(self):
        root = str(self.root).encode()
        self.server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Anybody(self.made),
            server_host_keys=[self.key],
            sftp_factory=lambda channel: self.kind(channel, chroot=root),
        )
        return self.server.get_port()

    def close(self):
        async def end():
            self.server.close()
            for connection in self.made:
                connection.abort()
                await connection.wait_closed()
            await self.server.wait_closed()
            for _ in range(500):
                if not asyncio.all_tasks() - {asyncio.current_task()}:
                    break
                await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def strange(tmp_path):
    server = Strange(tmp_path / "strange")
    yield server
    server.close()


def to_strange(server, to):
    return to(
        f"sftp://me@127.0.0.1:{server.port}/in/", Credential(kind="basic", username="me", secret=Secret("open")),
        host_keys=str(server.known_hosts), identity_file="/nowhere",
    )  # fmt: skip


@pytest.fixture
def transport(strange, to):
    return to_strange(strange, to)


@pytest.mark.parametrize("size", [0, 1, 32_768, 3 * MIB + 1])
def test_bytes_arrive_unchanged(strange, transport, ship, size):
    shipment = ship(transport, size)

    transport.send(shipment)

    assert (strange.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()
    assert [path.name for path in (strange.root / "in").iterdir()] == ["thing"]


def test_what_is_there_is_replaced_or_kept_as_demanded(strange, transport, ship):
    transport.send(ship(transport))
    second = ship(transport, 2000)
    transport.send(second)
    assert (strange.root / "in" / "thing").read_bytes() == second.path.read_bytes()

    with pytest.raises(TargetExists):
        transport.send(ship(transport, demand=Demand(existing="fail")))


def test_it_is_read_back_and_compared(transport, ship):
    assert transport.send(ship(transport, MIB, demand=Demand(verify="read-back"))).verified == "read-back"


def test_a_broken_upload_goes_on(strange, transport, ship):
    from sendoff import Transient

    shipment = ship(transport, 3 * MIB)

    def broken(offset):
        if offset >= 2 * MIB:
            shipment.confirm(MIB, type(shipment.session)(**{**{"kind": "sftp/1", "leaves": True}, "data": {**shipment.session.data, "at": MIB}}))
            raise Transient("broken")

    shipment.on_read = broken
    with pytest.raises(Transient):
        transport.send(shipment)
    shipment.on_read, shipment.given = lambda offset: None, 0

    transport.send(shipment)

    assert shipment.given == 2 * MIB
    assert (strange.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()
