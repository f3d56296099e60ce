"""The resources that are uploaded to: what they make of a whole representation, and what they give back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.servers.rufh import digest
from tests.servers.rufh.answer import Answer, Refused, problem
from tests.servers.rufh.exchange import Exchange
from tests.servers.rufh.shelf import Shelf, Taken
from tests.servers.rufh.upload import Upload

METHODS = "OPTIONS, GET, HEAD, PUT, POST"


def process(shelf: Shelf, upload: Upload) -> Answer:
    """What the target answers to the whole representation, by the method and fields of the first request; published only if all is right."""
    state = upload.state
    expected = {name: bytes.fromhex(value) for name, value in state.digests.items()}
    found = digest.of_file(upload.data, {*expected, *state.wanted})
    if any(found[name] != value for name, value in expected.items()):
        upload.data.unlink()
        return problem(400, "the representation is not what its Repr-Digest says")
    try:
        path, new = shelf.publish(upload.data, state.path, replace=state.method == "PUT" and not state.only_new, rename=not state.only_new)
    except Taken as cause:
        upload.data.unlink()
        return problem(412 if state.only_new else 409, str(cause))
    more = (("Repr-Digest", digest.field({name: found[name] for name in state.wanted})),) if state.wanted else ()
    return _stored(shelf, path, new, state.method).plus(*more)


def early(exchange: Exchange, path: Path) -> None:
    """What a target can refuse before it has anything."""
    if exchange.header("if-none-match") == "*" and path.exists():
        raise Refused(problem(412, f"{exchange.path} is there already"))
    if path.is_dir():
        raise Refused(problem(409, f"{exchange.path} is a folder"))
    if not all(parent.is_dir() for parent in path.parents if parent.exists()):
        raise Refused(problem(409, f"a file stands in the way to {exchange.path}"))


def given(exchange: Exchange, path: Path) -> Answer:
    """What is there, to GET and HEAD; with a ``Repr-Digest`` if one is wanted."""
    if not path.is_file():
        raise Refused(problem(404, f"nothing is at {exchange.path}"))
    names = digest.wanted(exchange.header("want-repr-digest"))
    more = (("Repr-Digest", digest.field(digest.of_file(path, names))),) if names else ()
    return Answer(200, (("ETag", _etag(path)), ("Content-Type", "application/octet-stream"), *more), file=path)


def _stored(shelf: Shelf, path: Path, new: bool, method: str) -> Answer:
    if method == "PUT":
        return Answer(201 if new else 204, (("ETag", _etag(path)),))
    told = {"path": shelf.address(path), "size": path.stat().st_size}
    about = (("ETag", _etag(path)), ("Location", told["path"]), ("Content-Type", "application/json"))
    return Answer(201, tuple((name, str(value)) for name, value in about), json.dumps(told).encode())


def _etag(path: Path) -> str:
    seen = path.stat()
    return f'"{seen.st_size:x}-{seen.st_mtime_ns:x}"'
