"""A strict S3 of our own: it refuses what Amazon's refuses, in pages of two, and errs exactly where a test wants it.

Addresses are path style. Logins are looked at by access key and token; that signatures are right is for the foreign servers to say.
"""

import itertools
import threading
from http.server import ThreadingHTTPServer

from plugins.transports.s3.tests.fake_parts import BUCKET, PAGE, Fault
from plugins.transports.s3.tests.fake_requests import Handler

__all__ = ["BUCKET", "FakeS3"]


class FakeS3:
    """``with FakeS3() as server``.

    keys: access keys it knows, with the token that must come along (None = none). smallest: bytes of every part but the last.
    region: it must be named in the signature. checksums, metadata, conditions, listing: whether it keeps and honors them.
    abort_date: told with each new upload. allowed: operations that are not AccessDenied; None = all.
    """

    def __init__(self, **how):
        self.keys = how.pop("keys", {"test": None})
        self.smallest, self.region = how.pop("smallest", 1), how.pop("region", None)
        self.checksums, self.metadata, self.conditions = how.pop("checksums", True), how.pop("metadata", True), how.pop("conditions", True)
        self.abort_date, self.allowed, self.equal_parts = how.pop("abort_date", None), how.pop("allowed", None), how.pop("equal_parts", True)
        self.abort_turns, self.page = how.pop("abort_turns", 1), how.pop("page", PAGE)
        assert not how, how
        self.objects, self.uploads, self.ended, self.seen, self.faults = {}, {}, {}, [], []
        self.changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._sockets, self._silent = set(), threading.Event()

    # -- life

    def __enter__(self):
        server = self

        handler = type("Handler", (Handler,), {"s3": server})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._silent.set()
        self._server.shutdown()
        self._server.server_close()
        self.hang_up()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def hang_up(self):
        """Every connection that is open now breaks."""
        self._silent.set()
        with self.changed:
            sockets = list(self._sockets)
        for one in sockets:
            try:
                one.shutdown(2)
            except OSError:
                continue

    # -- what tests ask

    def fault(self, operation, do, **more):
        one = Fault(operation, do, **more)
        self.faults.append(one)
        return one

    def operations(self, *wanted):
        return [one.operation for one in self.seen if not wanted or one.operation in wanted]

    def body(self, key):
        found = self.objects.get(key)
        return None if found is None else found.body

    def wait_for(self, true, timeout=20):
        with self.changed:
            if not self.changed.wait_for(true, timeout):
                raise TimeoutError

    def sent(self, operation="part"):
        """Bytes of bodies that came with such requests."""
        return sum(one.received for one in self.seen if one.operation == operation)

    # -- what its handlers use

    def note(self, seen):
        with self.changed:
            self.seen.append(seen)
            self.changed.notify_all()

    def took(self, seen, count):
        with self.changed:
            seen.received += count
            self.changed.notify_all()

    def next_fault(self, operation):
        with self.changed:
            for one in self.faults:
                if (one.operation == operation or (one.operation == "body" and operation in ("put", "part"))) and one.times > 0:
                    one.times -= 1
                    return one
        return None

    def number(self):
        return next(self._numbers)
