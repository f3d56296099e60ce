"""An independent server: nginx with its DAV module."""

import shutil
import socket
import subprocess
import time
from pathlib import PurePosixPath

import pytest
from sendoff import Demand, NoSpace, Rejected, TooLarge

pytestmark = pytest.mark.needs_server

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/temp; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2;
  uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4; client_max_body_size 4m; default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
            location /full/ {{ return 507; }} }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "root").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = "user root;" if folder.owner() == "root" else ""
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, port=port, user=user))
    with subprocess.Popen([program, "-c", folder / "conf", "-e", folder / "log"], stderr=subprocess.PIPE) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}/", folder / "root"
        finally:
            server.terminate()


def wait_for(port, server):
    until = time.monotonic() + 10
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)  # a foreign program tells nobody that it listens
    server.kill()
    raise RuntimeError(f"nginx did not start: {server.stderr.read().decode()}")


@pytest.mark.parametrize("size", [0, 1, 2**20 + 1])
def test_bytes_arrive_unchanged(lab, nginx, size):
    url, root = nginx
    transport = lab.transport(f"{url}in/")
    shipment = lab.shipment(transport, size, name=f"a b/ü{size}")

    delivery = transport.send(shipment)

    assert delivery.size == size
    assert root.joinpath(PurePosixPath(f"in/a b/ü{size}")).read_bytes() == shipment.path.read_bytes()


@pytest.mark.parametrize("verify", ["size", "read-back"])
def test_what_landed_is_seen(lab, nginx, verify):
    transport = lab.transport(nginx[0])

    assert transport.send(lab.shipment(transport, 2**20, demand=Demand(verify=verify))).verified == verify


def test_too_large_is_told_before_the_file_has_gone_out(lab, nginx):
    transport = lab.transport(nginx[0])
    shipment = lab.shipment(transport, 24 * 2**20)

    with pytest.raises(TooLarge):
        transport.send(shipment)

    assert shipment.read < shipment.size


def test_no_space_needs_a_person(lab, nginx):
    transport = lab.transport(f"{nginx[0]}full/")

    with pytest.raises(NoSpace):
        transport.send(lab.shipment(transport))


def test_a_method_that_is_not_known_is_told(lab, nginx):
    transport = lab.transport(nginx[0])

    with pytest.raises(Rejected, match="does not know this method"):
        transport.send(lab.shipment(transport, method="POST"))
