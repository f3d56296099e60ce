"""Asking a server without sending anything."""

from __future__ import annotations

import stat

from sendoff import Destination, Probe, Rejected, public_url

from sendoff_sftp import files
from sendoff_sftp.address import folder_of, path_of, shown
from sendoff_sftp.files import Files
from sendoff_sftp.wire import Said


def probed(at: Files, destination: Destination) -> Probe:
    """Whether the folder is there and what the server offers. Whether we may write in it is seen only by writing."""
    url = destination.url
    folder = folder_of(path_of(url)) if destination.exact else path_of(f"{url.rstrip('/')}/-").removesuffix(b"-")
    name = shown(folder.rstrip(b"/") or (folder or b"."))
    try:
        found = at.stat(folder or b".")
    except Said as said:
        raise Rejected(f"{public_url(url)}: logged in, but {name} cannot be looked at ({said})") from said
    if found is None:
        return Probe(reachable=True, writable=None, resumable=True, detail=f"logged in; there is no folder {name} yet")
    if found.mode is not None and not stat.S_ISDIR(found.mode):
        return Probe(reachable=True, writable=False, resumable=True, detail=f"{name} is no folder")
    means = [word for word, name_ in (("replaces files in one step", files.RENAME_OVER), ("puts them onto its disk", files.FSYNC)) if at.offers(name_)]
    return Probe(reachable=True, writable=None, resumable=True, detail=f"logged in, {name} is there; it can resume{''.join(f', {one}' for one in means)}")
