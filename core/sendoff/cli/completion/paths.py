"""Files and folders, where a shell does not name them itself."""

from __future__ import annotations

import os


def listed(start: str, *, only_folders: bool) -> list[str]:
    """What lies where ``start`` leads; a folder with its ``/``, and what begins with a dot only when asked for."""
    begun = start.rpartition("/")[2]
    lead = start.removesuffix(begun)
    try:
        found = sorted((one.name, one.is_dir()) for one in os.scandir(os.path.expanduser(lead) or "."))
    except OSError:
        return []
    return [
        f"{lead}{name}{'/' if is_folder else ''}"
        for name, is_folder in found
        if name.startswith(begun) and (begun or not name.startswith(".")) and (is_folder or not only_folders)
    ]
