"""The counterparts of our own drivers."""

from sendoff.testing.counterpart import Counterpart


class Sqlite(Counterpart):
    """A file in the state folder."""

    driver = "sqlite"


class Roomy(Sqlite):
    """The same, with a key in its section: shows that every command and host of the suite is told what a counterpart says."""

    def section(self, folder):
        """How large its file may grow."""
        return {"max_size": "4G"}


OURS = {"store": (Sqlite,), "transport": (), "sink": ()}
