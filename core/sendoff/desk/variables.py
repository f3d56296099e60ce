"""``SENDOFF_`` variables of a client that only its host can honor."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "SENDOFF_"
NO_SETTINGS = frozenset({"SENDOFF_CONFIG", "SENDOFF_STATE_DIR", "SENDOFF_APP", "SENDOFF_KEY_FILE", "SENDOFF_TRACE_HOOKS"})
OF_A_NOTICE = "SENDOFF_NOTICE_"  # what a program is told that a sink starts; it may call sendoff in its turn
_OWN = NO_SETTINGS | {"SENDOFF_MODE"}


def for_the_host(environment: Mapping[str, str]) -> dict[str, str]:
    """Their names, each with a digest of its value: enough to see whether two environments wish the same, and no value goes anywhere."""
    found = {name: value for name, value in environment.items() if name.startswith(PREFIX) and name not in _OWN and not name.startswith(OF_A_NOTICE)}
    if not found:
        return {}
    from hashlib import blake2b

    return {name: blake2b(value.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest() for name, value in found.items()}
