"""The server's key, shown to a person and accepted by one."""

from __future__ import annotations

from sendoff import HostKeyUnknown, InvalidArgument, ServerKey, TransportToolkit

from sendoff_sftp import known_hosts
from sendoff_sftp.address import place_of
from sendoff_sftp.connection import Opening
from sendoff_sftp.host_key import HostKeys, refusal
from sendoff_sftp.known_hosts import HostKey, Standing
from sendoff_sftp.route import Hop, route_to
from sendoff_sftp.settings import Settings
from sendoff_sftp.watch import Watch


class Judging:
    """One look at a server. Hosts in between are checked as always; the first of them that is unknown is the one it is about."""

    def __init__(self, url: str, settings: Settings, toolkit: TransportToolkit, watch: Watch, *, asked: str) -> None:
        self._settings, self._toolkit, self._watch, self._asked = settings, toolkit, watch, asked
        self._keys = HostKeys(settings, toolkit.trusted)
        self._route = route_to(place_of(url), settings)

    def shown(self) -> ServerKey:
        """What the server shows and what is known of that."""
        key, hop, found = self._look()
        return self._told(key, hop, found)

    def accepted(self, fingerprint: str) -> ServerKey:
        """``InvalidArgument`` for another fingerprint than is shown now; ``HostKeyUnknown`` where a person must not accept it like this."""
        key, hop, found = self._look()
        wanted = fingerprint if fingerprint.startswith("SHA256:") else f"SHA256:{fingerprint}"
        if wanted.rstrip("=") != key.fingerprint:
            raise InvalidArgument(f"{hop.name} shows {key.fingerprint}, not {wanted}; nothing was accepted")
        if found.word in ("changed", "revoked"):
            raise refusal(key, hop, found, self._asked)
        if found.word != "known":
            self._keys.accept(key, hop)
        return self._told(key, hop, known_hosts.standing(key, hop.name, self._keys.entries(hop)))

    def forgotten(self) -> bool:
        """For every host on the way."""
        return sum(self._keys.forget(hop) for hop in self._route) > 0

    def _look(self) -> tuple[HostKey, Hop, Standing]:
        for length in range(1, len(self._route) + 1):
            hops = self._route[:length]
            connection = Opening(hops, self._settings, self._toolkit, self._watch, asked=self._asked, log_in=False).open()
            connection.close()
            found = known_hosts.standing(connection.host_key, hops[-1].name, self._keys.entries(hops[-1]))
            if found.word != "known" or length == len(self._route):
                return connection.host_key, hops[-1], found
        raise HostKeyUnknown()

    @staticmethod
    def _told(key: HostKey, hop: Hop, found: Standing) -> ServerKey:
        return ServerKey(host=hop.name, kind=key.kind, fingerprint=key.fingerprint, standing=found.word, where=found.where)
