"""A server that lets nobody in: what it said is told with its cure, and it is not asked again and again."""

import os
import re

import psycopg
import pytest
from sendoff import StoreRefused
from sendoff_postgres.connection import Connections
from sendoff_postgres.errors import in_our_words, is_away

from contrib.stores.postgres.tests.database import PASSWORD

pytestmark = pytest.mark.needs_server

LOCKED = "host=127.0.0.1 port={port} user=locked dbname=postgres passfile={file}"
SAID = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  '


@pytest.fixture
def knock(database, schema, tmp_path):
    """Asks for a connection with these words; what was said to that."""
    with database.connect() as connection:
        connection.execute(f"do $$ begin create role locked login password '{PASSWORD}'; exception when duplicate_object then null; end $$")
        connection.execute(f"create role {schema} login connection limit 0")
    file = tmp_path / "pgpass"
    file.write_text("127.0.0.1:*:*:locked:another\n")
    file.chmod(0o600)

    def knock(dsn):
        words = {"port": database.port, "file": file, "nobody": os.devnull, "crowded": schema}
        connections = Connections(database.settings(dsn=dsn.format(**words), connect_timeout=1))
        with pytest.raises(StoreRefused) as refused:
            connections.run(lambda connection: connection.execute("select 1"))
        return refused.value

    return knock


def test_a_login_that_is_refused_is_not_tried_again(database, knock):
    """Whoever counts failed logins locks the user out, or the machine."""
    before = database.log.read_text().count("password authentication failed")

    refused = knock(LOCKED)

    assert database.log.read_text().count("password authentication failed") == before + 1
    assert "the server does not take the password: " in refused.message


@pytest.mark.parametrize(
    ("dsn", "said", "cure"),
    [
        (LOCKED, "does not take the password", "pgpass"),
        (LOCKED.replace("{file}", "{nobody}"), "does not take the password: .* no password supplied", "pgpass"),
        ("host=127.0.0.1 port={port} user=postgres dbname=no_such", "has no such database", "createdb"),
        ("host=127.0.0.1 port={port} user=no_such dbname=postgres", "does not let this user in", "createuser"),
        ("host=127.0.0.1 port={port} user={crowded} dbname=postgres", "has no connection left", "max_connections"),
        ("host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=require", "do not agree on TLS", "sslmode"),
        ("host=127.0.0.1 port=1 user=postgres dbname=postgres", "does not answer", "see that it runs"),
    ],
)
def test_each_of_the_common_mistakes_is_told_with_its_cure(knock, dsn, said, cure):
    refused = knock(dsn)

    assert re.search(said, refused.message)
    assert cure in refused.hint


@pytest.mark.parametrize(
    ("said", "away"),
    [
        ("the database system is starting up", True),
        ("the database system is shutting down", True),
        ("the database system is in recovery mode", True),
        ("the database system is not yet accepting connections", True),
        ("sorry, too many clients already", True),
        ('no pg_hba.conf entry for host "127.0.0.1", user "me", database "d", no encryption', False),
        ("something that nobody has heard of", False),
    ],
)
def test_who_is_about_to_let_somebody_in_is_waited_for(said, away):
    """What a server says at its door, in its own words; some of it only in the moment in which it starts."""
    cause = psycopg.OperationalError(SAID + said)

    assert is_away(cause) is away
    assert "does not answer" not in in_our_words(cause, "postgres").message
