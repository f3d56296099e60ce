"""Asking about a destination, and taking away what was left there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azure.storage.blob import BlobProperties, BlobServiceClient
from sendoff import Destination, Leftover, Probe, SessionLost

from sendoff_azure_blob.address import Place, folder_of, place_of
from sendoff_azure_blob.answers import Refusal
from sendoff_azure_blob.leftovers import KIND, remove, waiting
from sendoff_azure_blob.service import Service
from sendoff_azure_blob.thing import Thing
from sendoff_azure_blob.wire import TimeLimits, Wire

LONGEST = 15.0  # seconds: whoever asks sits there and waits
_PAGE = 1000  # names; a page has to fit into an answer


def aborted(service: Service, leftover: Leftover) -> None:
    """Nothing of the upload is left when this returns."""
    if leftover.session.kind != KIND:
        raise SessionLost(f"the half-done upload was begun in another way than {KIND}")
    wire = _wire(service, leftover.url)
    with service.translated(wire):
        remove(Thing(service, place_of(leftover.url), wire), str(leftover.session.data["id"]))


def found(service: Service, destination: Destination) -> Iterator[Leftover]:
    """Names below the destination's address under which blocks wait and no blob is."""
    folder = folder_of(destination.url)
    root = f"azure://{folder.account}/{folder.container}/"
    wire = _wire(service, destination.url)
    with service.translated(wire):
        for listed in _listed(service, wire, folder):
            if listed.size or not _inside(listed.name, folder.name, exact=destination.exact):
                continue  # whatever has a size is a blob; beside one nothing is looked for
            place = replace(folder, name=listed.name)
            for leftover in waiting(Thing(service, place, wire), place, root):
                began = listed.last_modified
                yield replace(leftover, began_at=round(began.timestamp() * 1_000_000) if began is not None else None)


def probed(service: Service, destination: Destination) -> Probe:
    """Asks for the container's properties, which a login for a single blob may not see."""
    folder = folder_of(destination.url)
    wire = _wire(service, destination.url, deadline=service.toolkit.clock.monotonic() + LONGEST)
    with service.translated(wire):
        try:
            service.call(wire, lambda client: client.get_container_client(folder.container).get_container_properties())
        except Refusal as refusal:
            if refusal.code == "ContainerNotFound":
                return Probe(reachable=True, writable=False, resumable=True, detail=f"there is no container {folder.container}")
            if refusal.unseen:
                return Probe(reachable=True, resumable=True, detail=f"the account is there; this login may not look at the container {folder.container}")
            raise
    return Probe(reachable=True, resumable=True, detail=f"{folder.container} is there; whether it takes uploads was not tried")


def _listed(service: Service, wire: Wire, folder: Place) -> Iterator[BlobProperties]:
    """Everything whose name begins like this, page by page."""
    marker: str | None = ""
    while marker is not None:
        page, marker = service.call(wire, lambda client, marker=marker: _page(client, folder, marker))  # type: ignore[misc]
        yield from page


def _page(client: BlobServiceClient, folder: Place, marker: str) -> tuple[list[BlobProperties], str | None]:
    names = client.get_container_client(folder.container).list_blobs(
        name_starts_with=folder.name or None, include=["uncommittedblobs"], results_per_page=_PAGE,
    )  # fmt: skip
    pages = names.by_page(marker or None)
    page = list(next(pages, []))
    return page, getattr(pages, "continuation_token", None) or None


def _inside(name: str, folder: str, *, exact: bool) -> bool:
    """Whether a name is what an exact address means, or lies below it."""
    return not exact or name == folder or name.startswith(f"{folder.rstrip('/')}/")


def _wire(service: Service, url: str, deadline: float = float("inf")) -> Wire:
    return Wire(service.toolkit.clock, TimeLimits.of(service.settings, service.toolkit.rules), where=url, deadline=deadline)
