"""The servers that both sides send to."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROPFIND = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
ROOT = Path(__file__).parents[1]
NGINX = """
{user}load_module {module};
worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}; root {folder}/www;
    location / {{ dav_methods PUT DELETE MKCOL MOVE; dav_ext_methods PROPFIND; create_full_put_path on; }}
  }}
}}
"""


class Absent(Exception):
    """A peer is not installed; the message says how to get it."""


def program(name: str, how: str) -> str:
    """The path of a program, beside this interpreter or on the path."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        raise Absent(f"{name} is not installed: {how}")
    return found


@contextmanager
def sink() -> Iterator[str]:
    """The address of a server that throws everything away."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process, _ended(process):
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of an nginx that speaks DAV, and the folder where things land."""
    path = program("nginx", "apt-get install nginx-light libnginx-mod-http-dav-ext")
    if not PROPFIND.exists():
        raise Absent(f"{PROPFIND} is not installed: apt-get install libnginx-mod-http-dav-ext")
    (folder / "www").mkdir(parents=True)
    user = "user root; " if os.geteuid() == 0 else ""  # else its workers may not look into our folder
    port = _free_port()
    (folder / "nginx.conf").write_text(NGINX.format(user=user, module=PROPFIND, folder=folder, port=port))
    process = subprocess.Popen([path, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    with process, _ended(process):
        _await(port)
        yield f"http://127.0.0.1:{port}/", folder / "www"


@contextmanager
def _ended(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nginx does not answer on port {port}")
