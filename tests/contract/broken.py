"""Drivers that each break one promise of their contract; the suites must notice every one."""

from tests.contract import broken_small, broken_store_reading, broken_stores, broken_transports

__all__ = ["broken_small", "broken_store_reading", "broken_stores", "broken_transports"]
