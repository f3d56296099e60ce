"""An honest little transport over a bare socket, and for every promise of the contract one that breaks it."""

import logging
import socket
from base64 import b64encode
from contextlib import suppress
from pathlib import PurePosixPath
from threading import Lock
from urllib.parse import quote, unquote, urlsplit

from sendoff import CredentialNeeded, Delivery, InvalidArgument, Permanent, SourceChanged, Target, Transient, Transport, Unreachable

BLOCK = 64 * 1024


class PlainPut(Transport):
    """PUT over one new connection for each try; keeps every promise."""

    schemes = ("http",)
    methods = ("PUT",)
    Settings = dict

    def target(self, name):
        plain = unquote(str(name))
        if not name.parts or name.is_absolute() or {"..", "."} & set(plain.split("/")) or "\\" in plain or "\0" in plain:
            raise InvalidArgument(f"{name} leads out of the root")
        return Target(self.destination.url + quote(str(name)))

    def send(self, shipment):
        connection = self.connect()
        try:
            with shipment.on_interrupt(lambda: self.stop(connection)):
                self.put(connection, shipment)
                return self.verdict(self.answer(connection), shipment)
        except OSError as cause:
            shipment.readinto(memoryview(bytearray(1)), 0)  # an interruption comes out here
            raise Transient(f"the connection broke: {cause}") from cause
        finally:
            connection.close()

    def connect(self):
        parts = urlsplit(self.destination.url)
        try:
            return socket.create_connection((parts.hostname, parts.port), 30)
        except OSError as cause:
            raise Unreachable(str(cause)) from cause

    def stop(self, connection):
        with suppress(OSError):  # the try may have ended by itself meanwhile
            connection.shutdown(socket.SHUT_RDWR)

    def put(self, connection, shipment):
        if not shipment.size:
            shipment.commit_point()
        connection.sendall(self.head(shipment))
        buffer, sent = memoryview(bytearray(BLOCK)), 0
        while sent < shipment.size:
            count = self.read(shipment, buffer, sent)
            if sent + count >= shipment.size:
                self.commit(shipment)
            connection.sendall(buffer[:count])
            sent += count

    def read(self, shipment, buffer, offset):
        count = shipment.readinto(buffer, offset)
        if not count:
            raise SourceChanged("it ended early")
        return count

    def commit(self, shipment):
        shipment.commit_point()

    def head(self, shipment):
        parts, credential = urlsplit(shipment.target.url), shipment.credential()
        lines = [f"PUT {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {shipment.size}", "Connection: close"]
        if credential is not None:
            lines.append("Authorization: Basic " + b64encode(f"{credential.username}:{credential.secret.reveal()}".encode()).decode())
        return ("\r\n".join([*lines, "", ""])).encode()

    def answer(self, connection):
        data = b""
        while piece := connection.recv(65536):
            data += piece
        if not data:
            raise ConnectionResetError("no answer")
        return int(data.split(b" ", 2)[1])

    def verdict(self, status, shipment):
        if status == 401:
            shipment.credential(refused=shipment.credential())
            raise CredentialNeeded("the login was refused")
        if status not in (200, 201, 204):
            raise Permanent(f"status {status}")
        shipment.confirm(shipment.size)
        return Delivery(url=shipment.target.public, size=shipment.size)


class FlipsAByte(PlainPut):
    def read(self, shipment, buffer, offset):
        count = super().read(shipment, buffer, offset)
        if offset == 0:
            buffer[0] ^= 1
        return count


class MiscountsTheDelivery(PlainPut):
    def verdict(self, status, shipment):
        return Delivery(url=super().verdict(status, shipment).url, size=shipment.size // BLOCK * BLOCK)


class TakesShortReadsForTheEnd(PlainPut):
    def read(self, shipment, buffer, offset):
        super().read(shipment, buffer, offset)
        return min(BLOCK, shipment.size - offset)


class ConfirmsWhatItOnlySent(PlainPut):
    def put(self, connection, shipment):
        shipment.confirm(shipment.size)
        super().put(connection, shipment)


class ReadsAheadUnasked(PlainPut):
    """Says that it asks before bytes go out, and does not."""

    paces = True


class NeverConfirms(PlainPut):
    def verdict(self, status, shipment):
        return Delivery(url=shipment.target.public, size=shipment.size)


class ConfirmsTooMuch(PlainPut):
    def verdict(self, status, shipment):
        shipment.confirm(shipment.size + 1000)
        return super().verdict(status, shipment)


class HidesWhatTheSourceSaid(PlainPut):
    def read(self, shipment, buffer, offset):
        try:
            return super().read(shipment, buffer, offset)
        except SourceChanged as cause:
            raise Transient("could not read") from cause


class PadsAFileThatEndsEarly(PlainPut):
    def read(self, shipment, buffer, offset):
        return shipment.readinto(buffer, offset) or min(BLOCK, shipment.size - offset)


class ForgetsTheCommitPoint(PlainPut):
    def commit(self, shipment):
        pass


class ForgetsTheCommitPointOfAnEmptyFile(PlainPut):
    def put(self, connection, shipment):
        if shipment.size:
            super().put(connection, shipment)
        else:
            connection.sendall(self.head(shipment))


class CannotBeStopped(PlainPut):
    def stop(self, connection):
        pass


class NeverLooksForOrders(PlainPut):
    def send(self, shipment):
        with self.connect() as connection:
            connection.sendall(self.head(shipment) + shipment.path.read_bytes())
            return self.verdict(self.answer(connection), shipment)


class CallsABrokenConnectionUnreachable(PlainPut):
    def send(self, shipment):
        try:
            return super().send(shipment)
        except Transient as cause:
            raise Unreachable(str(cause)) from cause


class TakesABrokenConnectionForTheEnd(PlainPut):
    def send(self, shipment):
        try:
            return super().send(shipment)
        except Transient:
            return self.verdict(201, shipment)


class KeepsABrokenConnection(PlainPut):
    kept = None

    def connect(self):
        self.kept = self.kept or super().connect()
        return self.kept


class GivesUpWhereNobodyListens(PlainPut):
    def connect(self):
        try:
            return super().connect()
        except Unreachable as cause:
            raise Permanent(str(cause)) from cause


class GivesUpAtARefusedLogin(PlainPut):
    def verdict(self, status, shipment):
        if status == 401:
            raise Permanent("status 401")
        return super().verdict(status, shipment)


class TellsTheSecretInItsError(PlainPut):
    def verdict(self, status, shipment):
        if status == 401:
            raise CredentialNeeded(f"{shipment.credential().secret.reveal()} was refused")
        return super().verdict(status, shipment)


class TellsTheSecretInTheLog(PlainPut):
    def head(self, shipment):
        logging.getLogger("broken").debug("credential %s", getattr(shipment.credential(), "secret", None) and shipment.credential().secret.reveal())
        return super().head(shipment)


class LetsNamesLeadOut(PlainPut):
    def target(self, name):
        return Target(self.destination.url + quote(str(name)))


class LetsEncodedNamesLeadOut(PlainPut):
    def target(self, name):
        if ".." in name.parts or name.is_absolute() or not name.parts or "\\" in str(name) or "\0" in str(name):
            return super().target(name)
        return Target(self.destination.url + quote(str(name)))


class ForgetsToEncodeNames(PlainPut):
    def target(self, name):
        super().target(name)
        return Target(self.destination.url + str(name).replace(" ", "%20"))


class FlattensFolders(PlainPut):
    def send(self, shipment):
        whole, shipment.target = shipment.target, Target(self.destination.url + quote(PurePosixPath(unquote(urlsplit(shipment.target.url).path)).name))
        try:
            return super().send(shipment)
        finally:
            shipment.target = whole


class SharesABufferBetweenThreads(PlainPut):
    def __init__(self, *words):
        super().__init__(*words)
        self.buffer = memoryview(bytearray(BLOCK))

    def put(self, connection, shipment):
        connection.sendall(self.head(shipment))
        sent = 0
        while sent < shipment.size:
            count = self.read(shipment, self.buffer, sent)
            if sent + count >= shipment.size:
                self.commit(shipment)
            for place in range(0, count, 1000):
                connection.sendall(self.buffer[:count][place : place + 1000])
            sent += count


class IsGoneAfterClose(PlainPut):
    gone = False

    def close(self):
        self.gone = True

    def connect(self):
        if self.gone:
            raise Permanent("closed")
        return super().connect()


class BreaksWhatRunsWhenClosed(PlainPut):
    def __init__(self, *words):
        super().__init__(*words)
        self.open, self.lock = set(), Lock()

    def connect(self):
        connection = super().connect()
        with self.lock:
            self.open.add(connection)
        return connection

    def close(self):
        with self.lock:
            while self.open:
                connection = self.open.pop()
                if connection.fileno() >= 0:
                    connection.shutdown(socket.SHUT_RDWR)


class TakesAnySessionForItsOwn(PlainPut):
    def put(self, connection, shipment):
        if shipment.session is None:
            return super().put(connection, shipment)
        shipment.commit_point()
        rest = shipment.path.read_bytes()[shipment.session.data["offset"] :]
        connection.sendall(self.head(shipment).replace(b"Content-Length: 1000", b"Content-Length: %d" % len(rest)) + rest)
        return None
