"""An honest transport that sends runs over a bare socket, and for every promise of the contract one that breaks it."""

from sendoff import Bundling, Delivery, Interrupted, SendoffError, Transient

from tests.contract.broken_transports import PlainPut


class PutRuns(PlainPut, Bundling):
    """Everything of a run one after the other on one connection that is kept; keeps every promise."""

    def send_bundle(self, shipments):
        connection = self.connect()
        self.answers = connection.makefile("rb")
        try:
            yield from self.each(connection, list(shipments))
        finally:
            self.answers.close()
            connection.close()

    def each(self, connection, shipments):
        for shipment in shipments:
            try:
                yield shipment, self.one(connection, shipment)
            except OSError as cause:
                yield shipment, self.why(shipment, cause)
                return
            except SendoffError as error:
                yield shipment, error

    def why(self, shipment, cause):
        try:
            shipment.readinto(memoryview(bytearray(1)), 0, paced=False)
        except SendoffError as error:
            return error
        return Transient(f"the connection broke: {cause}")

    def one(self, connection, shipment):
        """The body is read before anything goes out, so that what its source says harms nobody else."""
        body = self.whole(shipment)
        self.commit(shipment)
        with shipment.on_interrupt(lambda: self.stop(connection)):
            connection.sendall(self.head(shipment).replace(b"Connection: close\r\n", b"") + body)
            return self.verdict(self.status(), shipment)

    def whole(self, shipment):
        body = memoryview(bytearray(shipment.size))
        place = 0
        while place < shipment.size:
            place += self.read(shipment, body[place:], place)
        return bytes(body)

    def status(self):
        head = self.answers.readline()
        if not head:
            raise ConnectionResetError("no answer")
        length = 0
        while (line := self.answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.answers.read(length)
        return int(head.split(b" ", 2)[1])


class ForgetsTheLast(PutRuns):
    def each(self, connection, shipments):
        yield from super().each(connection, shipments[:-1])


class TellsTwice(PutRuns):
    def each(self, connection, shipments):
        for told in super().each(connection, shipments):
            yield told
            yield told


class NeverConfirms(PutRuns):
    def verdict(self, status, shipment):
        if status == 401:
            return super().verdict(status, shipment)
        return Delivery(url=shipment.target.public, size=shipment.size)


class TakesShortReadsForAll(PutRuns):
    def read(self, shipment, buffer, offset):
        super().read(shipment, buffer, offset)
        return len(buffer)


class EndsWithTheFirstError(PutRuns):
    def each(self, connection, shipments):
        for shipment, result in super().each(connection, shipments):
            yield shipment, result
            if isinstance(result, SendoffError):
                return


class RaisesWhatOneSays(PutRuns):
    def each(self, connection, shipments):
        for shipment, result in super().each(connection, shipments):
            if isinstance(result, SendoffError):
                raise result
            yield shipment, result


class BreaksTheConnectionForOne(PutRuns):
    def one(self, connection, shipment):
        with shipment.on_interrupt(lambda: self.stop(connection)):
            self.whole(shipment)
        return super().one(connection, shipment)


class PadsWhatEndsEarly(PutRuns):
    def read(self, shipment, buffer, offset):
        return shipment.readinto(buffer, offset) or len(buffer)


class ForgetsTheCommitPoint(PutRuns):
    def commit(self, shipment):
        if not shipment.size:
            super().commit(shipment)


class ForgetsTheCommitPointOfAnEmptyFile(PutRuns):
    def commit(self, shipment):
        if shipment.size:
            super().commit(shipment)


class CannotBeStopped(PutRuns):
    def stop(self, connection):
        pass


class ReadsAllBeforehand(PutRuns):
    """What it has read has begun, and it says nothing of that when the connection breaks."""

    def each(self, connection, shipments):
        bodies = {shipment: self.whole(shipment) for shipment in shipments}
        self.whole = bodies.get
        yield from super().each(connection, shipments)


class HidesThatItBroke(PutRuns):
    def each(self, connection, shipments):
        for shipment, result in super().each(connection, shipments):
            if isinstance(result, Transient):
                return
            yield shipment, result


class TakesABrokenConnectionForAnOrder(PutRuns):
    def why(self, shipment, cause):
        return Interrupted()


class KeepsABrokenConnection(PutRuns):
    kept = None

    def connect(self):
        self.kept = self.kept or super().connect()
        return self.kept


class GoesOnWhereNobodyListens(PutRuns):
    def connect(self):
        try:
            return super().connect()
        except Transient as error:
            raise Transient(error.message) from error


class WaitsOutARefusedLogin(PutRuns):
    def verdict(self, status, shipment):
        if status == 401:
            raise Transient("not now")
        return super().verdict(status, shipment)
