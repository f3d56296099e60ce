"""Drivers and a listener of somebody else's: they are never run, and strict type checkers must accept every line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import PurePosixPath
from typing import BinaryIO, ClassVar

import sendoff


class Keys:
    """What a driver takes from the configuration; a pydantic model in earnest."""

    greeting: str = "hello"


# -- a transport -------------------------------------------------------------------------------------------------------


class Gopher(sendoff.Transport, sendoff.Aborting, sendoff.Bundling, sendoff.Probing, sendoff.Sweeping, sendoff.Trusting):
    schemes = ("gopher",)
    methods = ("PUT",)
    resumable = True
    compares = False
    paces = True
    literal: ClassVar[Mapping[str, str]] = {"verify": "size"}
    Settings = Keys

    def __init__(self, destination: sendoff.Destination, settings: Keys, toolkit: sendoff.TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        toolkit.allowed(destination.url)
        told: tuple[str, str | None, bool, str | None, bool] = (
            destination.transport, destination.name, destination.exact, destination.credential, destination.cleartext,
        )  # fmt: skip
        toolkit.log.info("%s %s %s %s %s", destination.origin, told, destination.headers, destination.options, toolkit.random.random())
        toolkit.trusted.forget("h.example")

    def target(self, name: PurePosixPath) -> sendoff.Target:
        found = sendoff.Target(f"{self.destination.url}{name}")
        self.toolkit.log.debug("%s %s", found.public, found.key)
        return found

    def send(self, shipment: sendoff.Shipment) -> sendoff.Delivery:
        session = shipment.session or sendoff.Session(kind="gopher/1", data={"url": shipment.target.url}, expires_at=None, leaves=True)
        shipment.record(session)
        shipment.carried("gopher", resumable=True)
        sent = self._sent(shipment)
        shipment.confirm(sent, session)
        with shipment.answered(200, [("Server", "gopher")], shipment.target.url) as body:
            body.write(b"taken")
        demand: sendoff.Demand = shipment.demand
        proof = {"sha256": sendoff.sha256_of(shipment)} if sendoff.needs_digest(demand) else {}
        sendoff.check_expected(demand, proof.get("sha256"), what="it was sent")
        asked: tuple[str, str, str, str | None] = (demand.verify, demand.existing, demand.digest, demand.expected_sha256)
        self.toolkit.log.debug("%s %s %s %s", asked, shipment.root, shipment.name, shipment.furthest)
        return sendoff.Delivery(url=shipment.target.public, size=sent, verified="size", digests=proof, existing=None, etag=None, version_id=None)

    def _sent(self, shipment: sendoff.Shipment) -> int:
        room, sent = memoryview(bytearray(min(shipment.memory // shipment.lanes, 2**20))), 0
        lines = [(name, sendoff.reveal(value)) for name, value in shipment.headers]
        login = shipment.credential("server", challenge=None, refused=None)
        if login is not None:
            lines.append(sendoff.login_header(login))
            print(login.kind, login.username, login.secret.reveal(), login.expires_at)
        with shipment.on_interrupt(lambda: None):
            while sent < shipment.size and self.toolkit.clock.monotonic() < shipment.deadline:
                count = shipment.readinto(room, sent, paced=True)
                if sent + count == shipment.size:
                    shipment.commit_point()
                shipment.handed(shipment.allowed(count))
                sent += count
        return sent

    def send_bundle(self, shipments: sendoff.Shipments) -> Iterator[tuple[sendoff.Shipment, sendoff.Delivery | sendoff.SendoffError] | None]:
        yield None
        begun = [(shipment, sendoff.Session(kind="gopher/1", data={})) for shipment in shipments]
        for shipment, error in shipments.record(begun[: len(shipments)]):
            yield shipment, error
        for shipment, _ in begun:
            try:
                yield shipment, self.send(shipment)
            except sendoff.SendoffError as error:
                yield shipment, error

    def abort(self, leftover: sendoff.Leftover) -> None:
        session: sendoff.Session = leftover.session
        self.toolkit.log.info("%s %s %s %s", leftover.url, session.kind, session.data["url"], session.leaves)

    def leftovers(self) -> Iterator[sendoff.Leftover]:
        yield sendoff.Leftover(url=self.destination.url, session=sendoff.Session(kind="gopher/1", data={}), headers=(), began_at=None, size=5)

    def probe(self) -> sendoff.Probe:
        return sendoff.Probe(reachable=True, writable=None, resumable=True, detail="it answers")

    def server_key(self) -> sendoff.ServerKey:
        return sendoff.ServerKey(host="h.example", kind="ssh-ed25519", fingerprint="SHA256:q1", standing="unknown", where=None)

    def trust(self, fingerprint: str) -> sendoff.ServerKey:
        key = self.server_key()
        self.toolkit.trusted.put(key.host, {key.kind: fingerprint})
        return key

    def distrust(self) -> bool:
        return self.toolkit.trusted.get("h.example") is not None

    def close(self) -> None:
        rules: sendoff.RetryRules = self.toolkit.rules
        print(rules.connect_timeout, rules.response_timeout, rules.stall_timeout, rules.patience, rules.attempts, rules.resend)
        print(rules.first_pause, rules.longest_pause, self.toolkit.environment.get("HTTPS_PROXY"), self.toolkit.child(chosen, {}, profile="work"))


def chosen(profile: str) -> str:
    return profile


def failures(what: int) -> sendoff.SendoffError:
    """All that a driver may say."""
    found: list[sendoff.SendoffError] = [
        sendoff.Transient("it broke off", web_error=10), sendoff.Unreachable(), sendoff.ServerBusy(retry_after=5.0), sendoff.Permanent(),
        sendoff.Rejected(http_status=403, side="credential"), sendoff.TooLarge(), sendoff.TargetExists(), sendoff.SourceChanged(), sendoff.Unverified(),
        sendoff.NeedsPerson(), sendoff.CredentialNeeded(hint="set it"), sendoff.HostKeyUnknown(fingerprint="SHA256:q1"), sendoff.NoSpace(),
        sendoff.SourceUnavailable(), sendoff.SessionLost(), sendoff.OutcomeUnknown(), sendoff.Interrupted(), sendoff.Superseded(),
    ]  # fmt: skip
    return found[what]


# -- a way over HTTP ---------------------------------------------------------------------------------------------------


class Whole(sendoff.HttpProtocol):
    Settings = Keys
    names_target = True

    def offer(self, exchange: sendoff.Exchange, root: str) -> sendoff.Offer | None:
        answer: sendoff.Answer = exchange("OPTIONS", root, headers={"Accept": "*/*"}, body=None, into=nowhere)
        return sendoff.Offer(most=answer.number("Most"), facts={"kind": answer.header("Kind")}) if answer.good else None

    def send(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange) -> sendoff.Delivery:
        span = sendoff.Span(shipment, 0, shipment.size, completes=True, digest=True)
        answer = exchange("PUT", shipment.target.url, body=span)
        if not answer.good:
            raise exchange.refusal(answer)
        print(span.start, span.stop, span.size, span.whole, span.completes, span.digest, span.shipment.size)
        print(answer.status, answer.url, answer.headers, answer.body, answer.whole, answer.sent, answer.took_all)
        proof = sendoff.Proof(shipment, exchange, answer.sha256)
        seen: tuple[str, bool] = (proof.size(answer.url), proof.holds(answer.url))
        return sendoff.Delivery(url=answer.url, size=shipment.size, verified=proof.of(answer.url, seen=seen[0], answer=answer))

    def abort(self, leftover: sendoff.Leftover, exchange: sendoff.Exchange) -> None:
        exchange("DELETE", leftover.url, headers={"Digest": sendoff.digest_field("00" * 32)})

    def close(self) -> None:
        print(sendoff.repr_sha256(None))


class Pieces(sendoff.SessionProtocol):
    Settings = Keys
    kind = "pieces/1"

    def create(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange) -> sendoff.Session:
        return sendoff.Session(kind=self.kind, data={"url": exchange("POST", shipment.target.url).header("Location")})

    def ask(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange) -> int | sendoff.Finished:
        if exchange("HEAD", shipment.target.url).status == 404:
            raise self.gone(shipment)
        return sendoff.Finished(answer=None)

    def append(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange, offset: int) -> int | sendoff.Finished:
        answer = exchange("PATCH", shipment.target.url, body=sendoff.Span(shipment, offset, shipment.size))
        return offset + answer.sent if answer.good else self.refused(shipment, exchange)

    def finish(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange, ended: sendoff.Finished | None) -> sendoff.Delivery:
        print(ended.answer if ended is not None else None)
        return sendoff.Delivery(url=shipment.target.public, size=shipment.size)

    def retried(self, shipment: sendoff.Shipment, exchange: sendoff.Exchange) -> sendoff.Delivery:
        self.abort(sendoff.Leftover(url="", session=self.create(shipment, exchange)), exchange)
        print(self.offer(exchange, shipment.root))
        self.close()
        return self.send(shipment, exchange)


def nowhere(answer: sendoff.Answer) -> BinaryIO | None:
    return None


into: sendoff.Into = nowhere

# -- the others --------------------------------------------------------------------------------------------------------


class Safe(sendoff.CredentialStore, sendoff.Writable):
    Settings = Keys

    def get(self, name: str, *, environment: Mapping[str, str], refused: sendoff.Credential | None = None) -> sendoff.Credential:
        if refused is not None:
            raise sendoff.CredentialNeeded(f"safe:{name} was refused")
        return sendoff.Credential(kind="basic", username=environment["USER"], secret=sendoff.Secret(str(self.toolkit.folder)))

    def variables(self, name: str) -> tuple[str, ...]:
        return ("USER", name)

    def usable(self) -> str | None:
        return None

    def patience(self) -> float | None:
        return 30.0

    def describe(self) -> str:
        return "a safe"

    def close(self) -> None:
        self.toolkit.log.info("closed")

    def set(self, name: str, credential: sendoff.Credential) -> None:
        print(name, credential.secret)

    def remove(self, name: str) -> bool:
        return bool(name)

    def names(self) -> Iterator[str]:
        yield "archive"


class Printer(sendoff.Sink):
    Settings = Keys

    @classmethod
    def uninvited(cls) -> Mapping[str, object] | None:
        return {"wide": True}

    def deliver(self, notice: sendoff.Notice) -> None:
        told: tuple[str, str, sendoff.Moment] = (notice.id, notice.type, notice.time)
        toolkit: sendoff.SinkToolkit = self.toolkit
        lookup: sendoff.CredentialLookup = toolkit.credential
        print(told, notice.operation, notice.data, notice.json(), lookup("env:TOKEN"))
        message: sendoff.Message | None = notice.message
        print(notice.document(), message.document() if message is not None else None, self.shows)
        if message is not None:
            print(message.title, message.text, message.tag, message.group, message.expires_at, message.silent, message.high, message.failed, message.tile)

    def close(self) -> None:
        print("closed")


class Weather(sendoff.Network, sendoff.Watching):
    Settings = Keys

    def look(self) -> sendoff.Conditions:
        now = sendoff.Conditions(online=True, portal=None, metered=False, roaming=False, approaching_limit=None, over_limit=None, restricted=None, power=True)
        print(now.online, now.portal, now.metered, now.roaming, now.approaching_limit, now.over_limit, now.restricted, now.power, now.name)
        return now

    def watch(self, changed: Callable[[], None]) -> AbstractContextManager[None]:
        changed()
        return nullcontext()

    def close(self) -> None:
        print("closed")


class Listener:
    @sendoff.hookimpl
    def sendoff_before_attempt(self, operation: sendoff.Record, attempt: int) -> sendoff.Change | None:
        change = sendoff.Change(url=None, headers=(("X-Attempt", str(attempt)),))
        print(change.url, change.headers)
        return change if operation.spec.metadata else None


class Hands:
    """Values that a driver asks for, as a program hands them on."""

    def __init__(self, source: sendoff.CredentialSource, learned: sendoff.Learned, protocols: sendoff.ProtocolSource, child: sendoff.Child) -> None:
        self.source, self.learned, self.protocols, self.child = source, learned, protocols, child

    def used(self, toolkit: sendoff.Toolkit, clock: sendoff.Clock, given: sendoff.TransportToolkit) -> sendoff.Moment:
        self.learned.put("chunk", 2**20)
        print(self.source("proxy", challenge="Basic", refused=None), self.learned.get("chunk"))
        given.learned.forget("chunk")
        self.protocols("tus", {}, given)
        print(given.credential(), given.http_protocols("tus", {}, given), self.child(chosen, {}, profile="work"), toolkit.clock.monotonic())
        print(f"slept for {clock.slept():g} s so far")
        return clock.wall() - clock.steady() + toolkit.random.randint(0, 5)


def operations(store: sendoff.Store, query: sendoff.Query) -> Sequence[sendoff.Record]:
    page: sendoff.Page[sendoff.Record] = store.find(query, after=None, limit=10)
    print(page.next, store.files)
    return page.items
