"""What sendoff's own promises are run with: ``pytest tests/end_to_end --store contrib/stores/postgres/tests/counterpart.py:PostgresCounterpart``."""

import tempfile
from pathlib import Path

from sendoff.testing.counterpart import Counterpart

from contrib.stores.postgres.tests.database import Postgres


class PostgresCounterpart(Counterpart):
    """A server for all of the suite; the journal of each state folder has a schema of its own, as it has where nobody says anything."""

    driver = "postgres"

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sendoff-postgres-")
        self._server = Postgres(Path(self._folder.name), synced=False).open()
        return self

    def __exit__(self, *_):
        self._server.close()
        self._folder.cleanup()

    def section(self, folder):
        return {"dsn": self._server.dsn}
