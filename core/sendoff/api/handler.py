"""The process in which a completion handler runs."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sendoff.api.client import default
from sendoff.api.completion import CompletionDetails
from sendoff.api.connection import Connection
from sendoff.api.operation import UploadOperation
from sendoff.errors import Json
from sendoff.model.query import Query

_LONGEST = 16 * 1024  # characters of an error; whoever reads it takes out what is secret before showing less


def serve(asked: Mapping[str, Json]) -> None:
    """Find the handler, call it unless it was only to be found, and report once it has ended."""
    error: str | None = None
    _keep_to_ourselves(asked["report"])
    try:
        handler = found(asked["function"])
        if not asked.get("check"):
            call(handler, default()._connection, asked["batch"], asked["key"])
    except BaseException as cause:  # noqa: BLE001 - a stranger's code, which may also end its process: that is no success
        traceback.print_exc()
        error = f"{type(cause).__name__}: {cause}"[:_LONGEST]
    os.write(asked["report"], json.dumps({"error": error}).encode() + b"\n")
    os.close(asked["report"])


def found(function: str) -> Callable[[CompletionDetails], object]:
    """What ``module:function`` names; whatever its import raises, ``AttributeError``, or ``TypeError`` for what cannot be called."""
    module, _, name = function.partition(":")
    named: Any = import_module(module)
    for part in name.split("."):
        named = getattr(named, part)
    if not callable(named):
        raise TypeError(f"{function} is a {type(named).__name__}, which cannot be called")
    if any(map(_is_generator, (named, type(named).__call__))):
        raise TypeError(f"{function} has a yield in it, and what is behind a yield would never run: write it without")
    return named  # type: ignore[no-any-return]


def call(handler: Callable[[CompletionDetails], object], connection: Connection, batch: str, key: str) -> None:
    """Hand it every operation of the batch, and come back when it has ended; whatever it raises."""
    uploads = [UploadOperation(connection, view["id"], view=view) for view in connection.everything(Query(batch=batch))]
    result = handler(CompletionDetails(uploads=uploads, key=key))
    if inspect.isawaitable(result):
        asyncio.run(_ended(result))
    elif inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("it gave a generator, of which nothing has run: write it without yield")


def _is_generator(function: object) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


async def _ended(result: Any) -> None:
    await result


def _keep_to_ourselves(report: int) -> None:
    """What it starts has no part in how we are watched; whoever started us is watched by us: when that is gone, so are we."""
    os.set_inheritable(report, False)
    watched, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process


def _end_with(watched: int) -> None:
    while os.read(watched, 4096):
        pass
    os.killpg(0, signal.SIGKILL)
