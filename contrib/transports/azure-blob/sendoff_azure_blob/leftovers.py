"""Blocks that wait at a server and become nothing: finding them, and making sure that nothing of them is left.

Azure has no request that takes blocks away. They go when a blob is put under their name or deleted from it, and by themselves a week after the last of
them came. To delete what has no blob yet would do; but it cannot be asked for on the condition that there is still none, and might take away what somebody
has put there this moment. So where no blob lies under the name, an empty one is put there if there is still none, and deleted at once if it is still this
one. Where a blob lies under it, that is never touched: then they are the server's to drop.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from urllib.parse import quote

from azure.storage.blob import BlobProperties
from sendoff import Leftover, Session, Transient

from sendoff_azure_blob.address import Place
from sendoff_azure_blob.answers import ABSENT, EXISTS, Refusal
from sendoff_azure_blob.names import owner_of
from sendoff_azure_blob.thing import Thing, mark_of

KIND = "azure-blocks/1"
REMOVING = "removing"  # the mark of the empty blob that takes blocks away
_LATER = 6 * 3600.0  # seconds until it is looked again whether the server has dropped what only it can drop


def remove(thing: Thing, id: str) -> None:
    """Returns when the server was seen to hold nothing more of a session's blocks. Errors: ``Refusal``, ``Transient`` while only the server can drop them."""
    cleared(thing)
    owners = _owners(thing)
    if id not in owners:
        return
    if owners != {id}:
        raise Transient(f"{thing.wire.where}: blocks of another upload wait under the same name; with them the server drops these", retry_after=_LATER)
    try:
        etag = thing.put_nothing(REMOVING)
    except Refusal as refusal:
        if refusal.code not in EXISTS:
            raise
        if id not in _owners(thing):
            return
        text = f"{thing.wire.where}: the blob there is not touched; the server drops the blocks that wait beside it a week after the last of them"
        raise Transient(text, retry_after=_LATER) from refusal
    _delete(thing, etag)


def cleared(thing: Thing) -> BlobProperties | None:
    """What lies there, once the empty blob of a removal that was broken off between its two requests is taken away. Errors: ``Refusal``."""
    held = thing.head()
    if held is None or mark_of(held) != REMOVING or held.size != 0 or held.etag is None:
        return held
    _delete(thing, held.etag)
    return None


def waiting(thing: Thing, place: Place, root: str) -> Iterator[Leftover]:
    """What waits under one name, a row for each upload. root: ``azure://account/container/``."""
    _, blocks = thing.lists()
    for id, of_one in groupby(sorted(blocks, key=lambda one: owner_of(one.id)), key=lambda one: owner_of(one.id)):
        session = Session(kind=KIND, data={"id": id}, leaves=True)
        yield Leftover(url=f"{root}{quote(place.name)}", session=session, began_at=None, size=sum(one.size for one in of_one))


def _owners(thing: Thing) -> set[str]:
    return {owner_of(one.id) for one in thing.lists()[1]}


def _delete(thing: Thing, etag: str) -> None:
    try:
        thing.delete(etag)
    except Refusal as refusal:
        if refusal.code not in ABSENT | EXISTS:  # somebody has put something else there, or it is gone
            raise
