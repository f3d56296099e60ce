"""What ``[store]`` with ``use = "postgres"`` may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from sendoff import seconds

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(ge=1, le=3600, allow_inf_nan=False)]
_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_MISREAD = "in the name of a user or a database @ is %40, : is %3A and / is %2F; a password does not belong into it"
_FORM = "write it as libpq does: postgresql://USER@HOST:PORT/DATABASE, or host=HOST dbname=DATABASE user=USER"


class PostgresSettings(BaseModel):
    """``[store]``: dsn is where the database is, without a password; schema is the place in it where the journal lies: left out, each state folder has one
    of its own.

    connect_timeout: seconds that a server which went away is waited for, each time it is needed. statement_timeout: seconds that the server may take for
    one statement, waiting for another host's commit included. connections: as many as are open at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    dsn: Annotated[str, Field(repr=False)]
    schema_: Annotated[str, Field(alias="schema", pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = ""
    connect_timeout: Seconds = 5.0
    statement_timeout: Seconds = 30.0
    connections: Annotated[int, Field(ge=2, le=100)] = 8

    @field_validator("schema_")
    @classmethod
    def _not_the_server_s(cls, value: str) -> str:
        if value.startswith("pg_"):
            raise ValueError("names that begin with pg_ are the server's own")
        return value

    @field_validator("dsn")
    @classmethod
    def _without_password(cls, value: str) -> str:
        found = _words_of(value)
        if found is None:
            raise ValueError(_FORM)
        if any(found.get(name) for name in _SECRET):
            raise ValueError("a password does not belong into it; keep it in ~/.pgpass, or in a file that passfile=PATH in the dsn names (chmod 600)")
        if _may_be_misread(value, found):
            raise ValueError(f"percent-encode its parts: {_MISREAD}")
        return value


def _may_be_misread(dsn: str, words: dict[str, object]) -> bool:
    """Whether libpq takes an address apart in other places than its writer meant: half of a password as a port, the other half as a database."""
    scheme, _, rest = dsn.partition("://")
    if scheme not in ("postgresql", "postgres"):
        return False
    ports = str(words.get("port") or "")
    return "@" in rest.partition("/")[2] or not all(port == "" or port.isdecimal() for port in ports.split(","))


def _words_of(dsn: str) -> dict[str, object] | None:
    """What libpq makes of it; None where that is nothing. Its own sentence would repeat what may be a password."""
    from psycopg import ProgrammingError  # here: a driver's class is looked at often, and the library is heavy
    from psycopg.conninfo import conninfo_to_dict

    try:
        return dict(conninfo_to_dict(dsn))
    except (ProgrammingError, UnicodeError):
        return None
