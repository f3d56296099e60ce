"""PostgreSQL's errors in sendoff's words."""

from __future__ import annotations

import re

import psycopg
from sendoff import JournalFull, SendoffError, StoreRefused

_AWAY = frozenset({"57P01", "57P02", "57P03", "25P03", "57P05"})  # shut down, crashed, starting; an idle transaction or session was ended
_FULL = frozenset({"53100"})
_CURES = {
    "TLS": ("and this side do not agree on TLS", "look at sslmode and sslrootcert in the dsn, and at ssl of the server"),
    "FATAL": ("lets nobody in so", "look at [store] dsn, at where the password is kept, and at its pg_hba.conf"),
    "57P03": ("is starting or leaving, or is being recovered", "wait until it is ready"),
    "25006": ("does not write", "name the primary server in the dsn, or add target_session_attrs=read-write"),
    "2BP01": ("does not remove what something else there depends on", "drop that first"),
    "28000": ("does not let this user in", "look at the user in the dsn (createuser NAME makes one), and at pg_hba.conf of the server"),
    "28P01": ("does not take the password", "it is read from ~/.pgpass, or from the file that passfile=PATH in the dsn names"),
    "3D000": ("has no such database", "make it: createdb NAME"),
    "3F000": ("has lost the schema of this journal", "put a backup of it back (pg_restore)"),
    "42501": (
        "does not allow that",
        "let an administrator make the schema for this user: create schema NAME authorization USER",
    ),
    "42P01": ("has lost a table of this journal", "put a backup of the schema back (pg_restore)"),
    "53300": ("has no connection left", "raise max_connections there, or lower [store] connections"),
    "55P03": ("did not get to it in time", "another process has been writing for too long; try again, and if it stays so, end that process"),
    "57014": ("did not get to it in time", "another process has been writing for too long, or [store] statement_timeout is too short"),
}
_STATES = (  # libpq tells no code of a server that did not let it in, but what that said
    (r"starting up|shutting down|in recovery mode|not (yet )?accepting connections|terminating connection", "57P03"),
    (r"too many (clients|connections)|remaining connection slots", "53300"),
    (r"no password supplied|password authentication failed|empty password", "28P01"),
    (r'FATAL: +database ".*" does not exist', "3D000"),
    (r'FATAL: +role ".*" (does not exist|is not permitted to log in)|no pg_hba.conf entry|(peer|ident|cert\w*) authentication failed', "28000"),
    (r"session is (read-only|not read-write)|server is in hot standby", "25006"),
    (r"does not support SSL|certificate|SSL error", "TLS"),
    (r"connection to server.*FATAL", "FATAL"),
)
_LOOK = "look at the log of that server"
_LEAVE_OUT = "a text in it has a NUL or half of a character, or something in it is too long; leave that out"


def is_away(cause: Exception) -> bool:
    """Whether the server is gone, or this connection to it: another may be had sooner or later."""
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = _state(cause)
    if cause.sqlstate is None and state == "53300":
        return True  # somebody else's connection may end at any moment
    return state == "" or state in _AWAY or state.startswith("08")


def in_our_words(cause: psycopg.Error | UnicodeEncodeError, place: str) -> SendoffError:
    """The error of ours that says what this one means for the journal at ``place``."""
    if isinstance(cause, UnicodeEncodeError | psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
        return StoreRefused(f"{place}: the database cannot hold this: {_first_line(cause)}", hint=_LEAVE_OUT, unkept=True)
    state, said = _state(cause), _first_line(cause)
    if state in _FULL:
        return JournalFull(f"{place}: there is no room left on the server's disk: {said}")
    if state in _CURES:
        what, cure = _CURES[state]
        return StoreRefused(f"{place}: the server {what}: {said}", hint=cure)
    if is_away(cause):
        return StoreRefused(f"{place}: the server does not answer: {said}", hint="see that it runs, and that [store] dsn says where")
    return StoreRefused(f"{place}: {state or type(cause).__name__}: {said}", hint=_LOOK)


def _state(cause: psycopg.Error) -> str:
    """PostgreSQL's own code, or what stands for it; empty when there is none."""
    if cause.sqlstate is not None or not isinstance(cause, psycopg.OperationalError):
        return cause.sqlstate or ""
    return next((state for words, state in _STATES if re.search(words, str(cause))), "")


def _first_line(cause: Exception) -> str:
    primary = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    if isinstance(cause, psycopg.errors.DependentObjectsStillExist):  # only the detail names them
        primary = cause.diag.message_detail
    lines = [line.strip() for line in str(primary or cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__
