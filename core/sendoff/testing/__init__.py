"""What proves a driver or an application: contract suites, real counterparts, a client in memory; no part of the product imports it.

Suites and fixtures need pytest; the rest does not. ``client`` is fetched when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendoff.testing.rehearsal import client as client

__all__ = ["client"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sendoff.testing' has no attribute {name!r}")
    from sendoff.testing.rehearsal import client

    return client
