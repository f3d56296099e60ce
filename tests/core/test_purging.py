"""A journal that lies elsewhere and cannot be removed: nothing of it is, and it still can be read."""

import pytest
from sendoff import bootstrap
from sendoff.desk.place import Place
from sendoff.errors import StoreRefused
from sendoff.host import purge
from sendoff.ports.store import Purging
from sendoff_sqlite.store import SqliteStore

from tests.core.owned import QUICK, Owned


class Far(SqliteStore, Purging):
    """As if it lay on a server, which can be down."""

    down = True

    def purge(self) -> None:
        if self.down:
            raise StoreRefused("the server is down")


@pytest.fixture
def place(tmp_path, monkeypatch):
    with Owned(tmp_path, config=f'{QUICK}[secrets]\nseal = "sealed-file"\n') as owned:
        owned.put(owned.file(), "session://10.0.0.1/x", secret_headers=(("X-Token", "s3cret-value"),), start=False)
    real = bootstrap.journal_of

    def far(**words):
        store, configuration = real(**words)
        return Far(store.settings, store.toolkit), configuration

    monkeypatch.setattr(purge, "journal_of", far)
    return Place(state=str(owned.state), config=str(owned.config))


def test_the_key_stays_where_the_journal_cannot_be_removed_and_goes_with_it(place, tmp_path, monkeypatch):
    keys = tmp_path / "config" / "keys"
    (key,) = keys.iterdir()
    one = purge.Purge(place, {})
    with one.held():
        with pytest.raises(StoreRefused, match="the server is down"):
            one.run()
        assert key.exists()
        assert one.remains()["open"] == 1

        monkeypatch.setattr(Far, "down", False)
        purged = one.run()

    assert not key.exists()
    assert purged.key and purged.left == []
