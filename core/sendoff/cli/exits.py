"""What the exit code of a command says."""

from __future__ import annotations

from sendoff import errors

DONE = 0
FAILED = 1  # an upload failed or was canceled
USAGE = 2  # usage, configuration, bad input
GOES_ON = 3  # timed out or ended by TERM while the work goes on
UNKNOWN = 4  # no such operation
NO_HOST = 5  # no host could be reached or started, or it cannot use its journal
PERSON = 6  # only a person can help what is left
INTERRUPTED = 130  # Ctrl-C
READER_GONE = 141  # whoever read the results closed the pipe

_CODES: tuple[tuple[type[errors.SendoffError], int], ...] = (
    (errors.UnknownOperation, UNKNOWN),
    (errors.HostUnavailable, NO_HOST),
    (errors.StoreRefused, NO_HOST),
    (errors.JournalFull, NO_HOST),
    (errors.NeedsAttention, PERSON),
    (errors.NeedsPerson, PERSON),
    (errors.InvalidArgument, USAGE),
    (errors.InvalidState, USAGE),
    (errors.Refused, USAGE),
    (errors.ConfigurationError, USAGE),
    (errors.DriverMissing, USAGE),
    (errors.DriverBroken, USAGE),
)


def exit_code_of(error: errors.SendoffError) -> int:
    """The exit code for an error that ended a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
