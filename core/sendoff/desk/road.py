"""From a client to the host and back: one exchange per call, repeated where that is safe."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from sendoff import __version__
from sendoff.desk import codec
from sendoff.desk.exchange import Exchange, quoted
from sendoff.desk.finder import POLL, Finder, Way
from sendoff.desk.place import Place
from sendoff.desk.variables import for_the_host
from sendoff.errors import HostUnavailable, Json, OtherVersion, SendoffError

LONGEST_ADDRESS = 4096
TRIES = 12  # on a busy machine a host that leaves at once when idle may be gone again before its own client is heard
LOSSES = 2  # hosts that die under the same words before somebody is told
LONGEST_CALL = 600.0  # seconds; a check may wait for a far server, an order may be for a million


class Road:
    """The way to the host of one place, whichever host that is. The parameters are those of ``Finder``, or ``way`` takes its part."""

    def __init__(self, place: Place, environment: Mapping[str, str], *, spawn: bool, program: Sequence[str] = (), way: Way | None = None) -> None:
        self._place, self._environment, self._spawn = place, environment, spawn
        self._wishes = for_the_host(environment)
        self._replaced = False
        self._hidden: set[str] = set()
        self._finder = way or Finder(place, environment, spawn=spawn, program=program, hidden=self._hidden)

    def hide(self, name: str) -> None:
        """A host that is started from now on is not given this variable."""
        self._hidden.add(name)

    def asked(self, verb: str, parameters: Mapping[str, Json], *, whole: bool = False, timeout: float = LONGEST_CALL) -> Exchange:
        """A question that changes nothing; what is too long for an address goes as a body.

        whole: the answer is complete when this returns; a host that dies amid it is as one that has not answered. timeout: seconds of silence.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        address = verb + ("?" + "&".join(f"{name}={quoted(_worded(value))}" for name, value in given.items()) if given else "")
        if len(address) <= LONGEST_ADDRESS:
            return self._exchange(self._head("GET", address), b"", safe=True, whole=whole, timeout=timeout)
        return self._told(verb, codec.line(given), safe=True, whole=whole, timeout=timeout)

    def told(self, verb: str, body: bytes) -> Exchange:
        """Something to do. The host says first that it is there (RFC 9110 section 10.1.1), so that who dies before has done nothing."""
        return self._told(verb, body, safe=False, timeout=LONGEST_CALL)

    def opened(self, verb: str) -> Exchange:
        """Something to do whose words follow in chunks; the host waits for them."""
        return self._exchange(self._head("POST", verb, "Transfer-Encoding: chunked", "Expect: 100-continue"), None, safe=False, timeout=LONGEST_CALL)

    def stop(self, *, replace: bool = False) -> bool:
        """Ask the host to stop and wait until it has; False when none ran. replace: a service is to start again, with what is installed now."""
        try:
            Road(self._place, self._environment, spawn=False).told("ask?what=stop", codec.line({"details": {"replace": replace}})).close()
        except HostUnavailable as error:
            if "lost" not in error.facts and "stopping" not in error.facts:
                return False
        self._finder.wait_gone()
        return True

    def _told(self, verb: str, body: bytes, *, safe: bool, whole: bool = False, timeout: float) -> Exchange:
        head = self._head("POST", verb, f"Content-Length: {len(body)}", "Expect: 100-continue")
        return self._exchange(head, body, safe=safe, whole=whole, timeout=timeout)

    def _exchange(self, head: bytes, body: bytes | None, *, safe: bool, whole: bool = False, timeout: float) -> Exchange:
        """An exchange whose answer has begun well, or is complete. body: None = it streams, and the host waits for it. safe: to do twice."""
        dead: set[object] = set()
        for left in reversed(range(TRIES)):
            exchange = Exchange(self._finder.connection(), self._place.state, timeout)
            error = _begun(exchange, head, body, whole)
            if error is None:
                return exchange
            peer = exchange.peer
            exchange.close()
            if "lost" in error.facts and peer in dead:
                time.sleep(POLL)  # the kernel takes a killed host's connections from it before its address
            elif "lost" in error.facts:
                dead.add(peer)
            if not left or len(dead) >= LOSSES or not self._made_way(error, safe=safe or not exchange.sent):
                raise error
        raise AssertionError("the last try returns or raises")

    def _made_way(self, error: SendoffError, *, safe: bool) -> bool:
        """Whether the same words may go out again; who answered them makes way first where that is needed."""
        if not self._spawn or not isinstance(error, HostUnavailable):
            return False
        if isinstance(error, OtherVersion):
            if self._replaced and error.facts.get("service"):
                return False  # started again, it is what it was
            self._replaced = True
            self.stop(replace=True)
            return True
        if "stopping" in error.facts:
            self._finder.wait_gone()
            return True
        return "lost" in error.facts and safe

    def _head(self, method: str, address: str, *more: str) -> bytes:
        lines = [f"{method} /v1/{address} HTTP/1.1", "Host: sendoff", f"Sendoff-Version: {__version__}", *more]
        if self._place.config_named:
            lines.append(f"Sendoff-Config: {json.dumps(self._place.config)}")
        if self._wishes:
            lines.append(f"Sendoff-Variables: {json.dumps(self._wishes)}")
        return "\r\n".join([*lines, "", ""]).encode()


def _begun(exchange: Exchange, head: bytes, body: bytes | None, whole: bool) -> SendoffError | None:
    """None when the answer has begun well (``whole``: is complete), or when the host waits for what streams."""
    try:
        exchange.send(head)
        status = exchange.head(invited=body != b"")
        if status == 100 and body is None:
            return None
        if status == 100 and body:
            exchange.sent = True
            exchange.send(body)
            status = exchange.head()
        if status != 200:
            return exchange.error(b"".join(exchange.body()))
        if whole:
            exchange.complete()
        return None
    except HostUnavailable as error:
        return error


def _worded(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
