"""Where sinks of a test's own put their notices."""

from sendoff.ports.sink import Sink

from tests.core.owned import QUICK, Owned

ENDS = ["created", "completed", "failed", "canceled", "notice_failed", "batch_completed"]


class Letterbox:
    """Where a sink of the test's own puts its notices. fails: called with each notice before it is accepted; may raise. closes: called when it is closed."""

    def __init__(self):
        self.notices, self.made, self.closed = [], 0, 0
        self.fails = lambda notice: None
        self.closes = lambda: None

    def sink(self):
        box = self

        class BoxSink(Sink):
            Settings = dict

            def __init__(self, settings, toolkit):
                super().__init__(settings, toolkit)
                box.toolkit = toolkit
                box.made += 1

            def deliver(self, notice):
                box.fails(notice)
                box.notices.append(notice)

            def close(self):
                box.closed += 1
                box.closes()

        return BoxSink

    def told(self):
        return [(notice.type, notice.operation["url"].rpartition("/")[2] if notice.operation else None) for notice in self.notices]


def sinks(*names, on=ENDS):
    return QUICK + "".join(f'[[sinks]]\nname = "{name}"\nuse = "{name}"\non = {on}\n' for name in names)


def telling(tmp_path, boxes):
    """An owner whose configuration has the first of these sinks."""
    own = {("sinks", name): (box.sink(), dict) for name, box in boxes.items()}
    return Owned(tmp_path, config=sinks(next(iter(boxes))), own=own)


def put(owned, name, **more):
    """The id of an upload."""
    return owned.put(owned.file(), f"plain://10.0.0.1/{name}", **more)
