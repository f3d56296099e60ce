"""Asking about a destination, and taking away what was left there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from sendoff import Destination, Leftover, Probe, SessionLost

from sendoff_s3.address import Place, check_bucket, place_of
from sendoff_s3.answers import ABSENT, Refusal
from sendoff_s3.leftovers import KIND, Uploads, remove
from sendoff_s3.service import Service
from sendoff_s3.thing import Thing
from sendoff_s3.wire import TimeLimits, Wire

LONGEST = 15.0  # seconds: whoever asks sits there and waits


def aborted(service: Service, leftover: Leftover) -> None:
    """Nothing of the upload is left when this returns."""
    if leftover.session.kind != KIND:
        raise SessionLost(f"the half-done upload was begun in another way than {KIND}")
    wire = _wire(service, leftover.url)
    thing = Thing(service, place_of(leftover.url), wire)
    with service.translated(wire):
        upload = leftover.session.data["id"] or Uploads(thing).orphan(leftover.session)
        if upload is not None:
            remove(thing, str(upload))


def found(service: Service, destination: Destination) -> Iterator[Leftover]:
    """Unfinished uploads below the destination's address."""
    parts = urlsplit(destination.url)
    wire = _wire(service, destination.url)
    thing = Thing(service, Place(check_bucket(destination.url), unquote(parts.path.removeprefix("/"))), wire)
    with service.translated(wire):
        for leftover in Uploads(thing).all(f"s3://{parts.netloc}/"):
            if not destination.exact or leftover.url == destination.url or leftover.url.startswith(f"{destination.url.rstrip('/')}/"):
                yield leftover


def probed(service: Service, destination: Destination) -> Probe:
    """HeadBucket, and a look at unfinished uploads, which whoever may upload may usually see."""
    bucket = check_bucket(destination.url)
    wire = _wire(service, destination.url, deadline=service.toolkit.clock.monotonic() + LONGEST)
    owner: dict[str, Any] = {"ExpectedBucketOwner": service.settings.expected_bucket_owner} if service.settings.expected_bucket_owner else {}
    with service.translated(wire):
        try:
            service.call(wire, "head_bucket", Bucket=bucket, **owner)
        except Refusal as refusal:
            if refusal.code in ABSENT:
                return Probe(reachable=True, writable=False, resumable=True, detail=f"there is no bucket {bucket}")
            if refusal.status == 403:
                return Probe(reachable=True, resumable=True, detail=f"{bucket} is there; this identity may not look into it (s3:ListBucket)")
            raise
    return Probe(reachable=True, resumable=True, detail=f"{bucket} is there; whether it takes uploads was not tried")


def _wire(service: Service, url: str, deadline: float = float("inf")) -> Wire:
    return Wire(service.toolkit.clock, TimeLimits.of(service.settings, service.toolkit.rules), where=url, deadline=deadline)
