"""What the section of the configuration may say."""

import pytest
from pydantic import ValidationError
from sendoff.drivers import Drivers
from sendoff.errors import ConfigurationError
from sendoff_postgres import PostgresSettings

DSN = "postgresql://me@db.example:5433/uploads"


def test_a_database_is_all_that_must_be_named():
    settings = PostgresSettings(dsn=DSN)

    assert (settings.dsn, settings.schema_, settings.connect_timeout, settings.statement_timeout, settings.connections) == (DSN, "", 5, 30, 8)


def test_times_may_be_written_as_people_do():
    assert PostgresSettings(dsn=DSN, connect_timeout="2m").connect_timeout == 120


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:hunter2@db.example/uploads",
        "postgresql://db.example/uploads?password=hunter2",
        "host=db.example password=hunter2",
        "host=db.example sslpassword=hunter2",
        "host=db.example scram_client_key=hunter2",
        "host=db.example scram_server_key=hunter2",
    ],
)
def test_a_password_in_the_configuration_is_refused_and_not_repeated(dsn):
    with pytest.raises(ConfigurationError, match=r"pgpass") as refused:
        Drivers().settings("stores", "postgres", {"dsn": dsn}, section="store")

    assert "hunter2" not in str(refused.value) + repr(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:hun/ter2@db.example:5432/uploads",
        "postgresql://me:12/hunter2@db.example/uploads",
        "postgres://me:12/hunter2@db.example/uploads?sslmode=require",
        "postgresql://me:hunter2/uploads",
        "postgresql://db.example:5432,me:hunter2/uploads",
    ],
)
def test_a_password_that_libpq_takes_for_something_else_is_refused_too_and_not_repeated(dsn):
    with pytest.raises(ConfigurationError, match="percent-encode") as refused:
        Drivers().settings("stores", "postgres", {"dsn": dsn}, section="store")

    assert "ter2" not in str(refused.value) + repr(refused.value)


@pytest.mark.parametrize(
    "dsn", ["postgresql://me@[::1]:5432/uploads", "postgresql:///uploads?host=/tmp", "postgresql://a:1,b:2/uploads", "postgresql://h/d%40b"]
)
def test_what_has_no_password_in_it_is_taken(dsn):
    assert PostgresSettings(dsn=dsn).dsn == dsn


@pytest.mark.parametrize("dsn", ["hunter2", "postgresql://me@db.example/uploads?hunter2", "host=db.example hunter2=x"])
def test_what_is_no_dsn_is_refused_and_not_repeated(dsn):
    with pytest.raises(ConfigurationError, match="write it as libpq does") as refused:
        Drivers().settings("stores", "postgres", {"dsn": dsn}, section="store")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"schema": "Sendoff"}, "schema"),
        ({"schema": 'x"; drop table t; --'}, "schema"),
        ({"schema": "pg_journal"}, "the server's own"),
        ({"schema_": "x"}, "schema_"),
        ({"connections": 1}, "connections"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"statement_timeout": "two days"}, "statement_timeout"),
        ({"password": "x"}, "password"),
    ],
)
def test_settings_that_make_no_sense_are_refused(more, said):
    with pytest.raises(ValidationError, match=said):
        PostgresSettings(dsn=DSN, **more)


def test_an_unknown_key_names_the_known_one():
    with pytest.raises(ConfigurationError, match="did you mean 'schema'"):
        Drivers().settings("stores", "postgres", {"dsn": DSN, "shema": "x"}, section="store")
