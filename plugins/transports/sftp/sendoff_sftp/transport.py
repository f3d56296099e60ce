"""The transport for sftp://."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import (
    Aborting,
    Bundling,
    Delivery,
    Destination,
    Interrupted,
    Leftover,
    Probe,
    Probing,
    SendoffError,
    ServerKey,
    Shipment,
    Shipments,
    Target,
    Transient,
    Transport,
    TransportToolkit,
    Trusting,
    public_url,
)

from sendoff_sftp.address import Place, below, place_of
from sendoff_sftp.settings import Settings

if TYPE_CHECKING:
    from sendoff_sftp.connection import Connection
    from sendoff_sftp.pool import Pool
    from sendoff_sftp.running import Members
    from sendoff_sftp.trusting import Judging
    from sendoff_sftp.watch import Watch

_PROBE = 15.0  # seconds: whoever asks sits there and waits


class SftpTransport(Transport, Bundling, Aborting, Probing, Trusting):
    """Sends a file under a name of its own, proves it, and gives it its name in one step. paramiko is imported by the first try."""

    schemes: ClassVar[tuple[str, ...]] = ("sftp",)
    resumable: ClassVar[bool | None] = True
    paces: ClassVar[bool] = True
    Settings: ClassVar[type] = Settings

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self._pools: dict[Place, Pool] = {}
        self._lock = Lock()

    def target(self, name: PurePosixPath) -> Target:
        """The destination itself when it is exact, else the name below it, percent-encoded (RFC 3986 section 2.1)."""
        if self.destination.exact:
            return Target(self.destination.url)
        return Target(below(self.destination.url, name))

    def send(self, shipment: Shipment) -> Delivery:
        """What is missing of the file, from where an earlier try has come to."""
        watch = self._watch(shipment.target.public, shipment.deadline)
        with shipment.on_interrupt(watch.stop):
            delivery = self._sent(shipment, watch, fresh=False) or self._sent(shipment, watch, fresh=True)
            assert delivery is not None
            return delivery

    def send_bundle(self, shipments: Shipments) -> Iterator[tuple[Shipment, Delivery | SendoffError] | None]:
        """Small ones over one line, with the requests of each beside those of the others; one of which something is there already goes by itself."""
        from sendoff_sftp.running import Members

        deadline, members = min(shipment.deadline for shipment in shipments), Members(shipments)
        with ExitStack() as stack:
            yield from members.heed(stack)
            many, fresh = 0, False
            while members.left and len(members.left) != many:
                many = len(members.left)
                fresh = yield from self._ran(members, self._watch(public_url(self.destination.url), deadline), fresh=fresh)
                many = 0 if fresh else many
                yield None

    def _ran(self, members: Members, watch: Watch, *, fresh: bool) -> Generator[tuple[Shipment, Delivery | SendoffError] | None, None, bool]:
        """Over one line as far as it goes, for all that go there as the same user. True where a kept connection turned out to be dead before a byte
        went out: that is no try."""
        from sendoff_sftp.running import Running

        yield from members.tell_stopped()
        if not members.left:
            return False
        place = place_of(next(iter(members.left.values())).target.url)
        group = [shipment for shipment in members.left.values() if place_of(shipment.target.url) == place]
        running, many, line = None, len(members.left), None
        members.use(watch)
        try:
            with self._pool(group[0].target.url).line(watch, fresh=fresh) as line:
                members.listening()
                running = Running(members, group, watch, line, self.settings, self.toolkit.random)
                yield from running.run()
        except SendoffError as error:
            begun = running.begun & members.left.keys() if running is not None else set()
            if not begun and len(members.left) == many and line is not None and line.kept and not fresh and error.facts.get("connection") == "broken":
                return True
            if isinstance(error, Interrupted):
                yield from members.tell_stopped()
            elif not begun and (len(members.left) == many or not isinstance(error, Transient)):
                raise
            for key in begun & members.left.keys():
                yield members.told(members.left[key], error)
            if not isinstance(error, Interrupted):
                members.left.clear()  # whoever is not told by now has not begun
        return False

    def abort(self, leftover: Leftover) -> None:
        """The part is gone when this returns; what has its final name stays."""
        from sendoff_sftp.leftovers import remove

        watch = self._watch(public_url(leftover.url), self.toolkit.clock.monotonic() + 120)
        with self._pool(leftover.url).line(watch) as line:
            remove(line.files, leftover)

    def probe(self) -> Probe:
        """Logs in and looks at the folder."""
        from sendoff_sftp.probing import probed

        watch = self._watch(public_url(self.destination.url), self.toolkit.clock.monotonic() + _PROBE, connect=_PROBE)
        with self._pool(self.destination.url).line(watch) as line:
            return probed(line.files, self.destination)

    def server_key(self) -> ServerKey:
        """What the server shows now, and what is known of it."""
        return self._judging().shown()

    def trust(self, fingerprint: str) -> ServerKey:
        """Accepts the key that the server shows now, if it is this one and none is known."""
        return self._judging().accepted(fingerprint)

    def distrust(self) -> bool:
        """What was accepted is not any more."""
        return self._judging().forgotten()

    def _sent(self, shipment: Shipment, watch: Watch, *, fresh: bool) -> Delivery | None:
        """None where a kept connection turned out to be dead before a byte went out: that is no try."""
        from sendoff_sftp.sending import Sending

        with self._pool(shipment.target.url).line(watch, fresh=fresh) as line:
            sending = Sending(shipment, watch, line, self.settings, self.toolkit.random)
            try:
                return sending.run()
            except Transient as error:
                if fresh or sending.begun or not line.kept or error.facts.get("connection") != "broken":
                    raise
                return None

    def close(self) -> None:
        """Lets connections go; the next send opens new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    @property
    def _called(self) -> str:
        """What a person calls it on the command line."""
        return self.destination.name or public_url(self.destination.url)

    def _watch(self, where: str, deadline: float, connect: float | None = None) -> Watch:
        from sendoff_sftp.watch import TimeLimits, Watch

        limits = TimeLimits.of(self.settings, self.toolkit.rules)
        limits = limits if connect is None else TimeLimits(min(limits.connect, connect), limits.stall)
        return Watch(self.toolkit.clock, limits, where=where, deadline=deadline)

    def _judging(self) -> Judging:
        from sendoff_sftp.trusting import Judging

        watch = self._watch(public_url(self.destination.url), self.toolkit.clock.monotonic() + _PROBE, connect=_PROBE)
        return Judging(self.destination.url, self.settings, self.toolkit, watch, asked=self._called)

    def _pool(self, url: str) -> Pool:
        """The lines to the server that an address names, as the user that it names."""
        from sendoff_sftp.pool import Pool

        place = place_of(url)
        with self._lock:
            if place not in self._pools:
                self._pools[place] = Pool(lambda watch: self._connect(place, watch), self.settings.channel_timeout)
            return self._pools[place]

    def _connect(self, place: Place, watch: Watch) -> Connection:
        from sendoff_sftp.connection import Opening
        from sendoff_sftp.route import route_to

        return Opening(route_to(place, self.settings), self.settings, self.toolkit, watch, asked=self._called).open()
