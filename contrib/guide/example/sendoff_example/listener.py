"""Told of every upload that ends: a line of the host's log each. Installing it is enough."""

from __future__ import annotations

import logging

from sendoff import Failure, Receipt, Record, hookimpl

log = logging.getLogger("sendoff_example")


@hookimpl
def sendoff_completed(receipt: Receipt) -> None:
    """The file is there. A hook has more arguments than this; a listener takes those that it needs."""
    log.info("%s is there: %d bytes after %d tries", receipt.url, receipt.size, receipt.attempts)


@hookimpl
def sendoff_failed(operation: Record, error: Failure) -> None:
    """It failed for good."""
    log.warning("%s failed: %s", operation.id, error.message)
