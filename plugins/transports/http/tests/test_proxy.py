"""Proxies: which one, through it, and what its refusal means."""

import socket
import threading

import pytest
from sendoff import ConfigurationError, Permanent, Unreachable
from sendoff.testing.receiver import Answer, Rule
from sendoff.testing.shipment import Wallet
from sendoff_http.proxy import bypassed, proxy_for
from sendoff_s3.tls import proxy_for as proxy_of_s3

from plugins.transports.http.tests.authority import Authority, server_context

ENVIRONMENT = {"HTTP_PROXY": "http://one:1", "https_proxy": "http://two:2", "NO_PROXY": "example.org, .inside.example,10.0.0.0/8,host:8080"}


@pytest.mark.parametrize(
    ("url", "configured", "environment", "wanted"),
    [
        ("http://h/", None, ENVIRONMENT, "http://one:1"),
        ("https://h/", None, ENVIRONMENT, "http://two:2"),
        ("https://h/", "http://mine:3", ENVIRONMENT, "http://mine:3"),
        ("https://h/", "none", ENVIRONMENT, None),
        ("https://h/", None, {}, None),
        ("https://h/", None, {"ALL_PROXY": "all:4"}, "http://all:4"),
        ("http://127.0.0.1/", None, ENVIRONMENT, None),
        ("http://example.org/", None, ENVIRONMENT, None),
        ("http://www.example.org/", None, ENVIRONMENT, None),
        ("http://notexample.org/", None, ENVIRONMENT, "http://one:1"),
        ("http://a.inside.example/", None, ENVIRONMENT, None),
        ("http://10.1.2.3/", None, ENVIRONMENT, None),
        ("http://11.1.2.3/", None, ENVIRONMENT, "http://one:1"),
        ("http://host:8080/", None, ENVIRONMENT, None),
        ("http://host:9090/", None, ENVIRONMENT, "http://one:1"),
    ],
)
def test_the_proxy_is_the_configured_one_else_the_environments(url, configured, environment, wanted):
    assert proxy_for(url, configured, environment) == wanted


def test_a_star_means_never():
    assert bypassed("anything.example", 80, "*")


def test_a_kind_of_proxy_that_is_not_spoken_is_refused():
    with pytest.raises(ConfigurationError, match="socks5"):
        proxy_for("http://h/", None, {"ALL_PROXY": "socks5://user:pw@h:1"})


UNREADABLE = [
    "http://me:zq1/zq2@h:1", "http://me:zq1?zq2@h:1", "http://me:zq1#zq2@h:1", "http://me:zq1\n@h:1", "http://me:zq1 zq2@h:1", "me:zq1/zq2@h:1",
    "http://me:zq1\u2100@h:1", "https://me:zq1/zq2@h:1", "http://h:zq1", "http://[zq1:1", "http://:1",
]  # fmt: skip


@pytest.mark.fault(91)
@pytest.mark.parametrize("address", UNREADABLE)
@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("way", [proxy_for, proxy_of_s3])
def test_an_address_of_a_proxy_that_cannot_be_read_is_not_quoted(way, address, configured):
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        way("http://h/", address if configured else None, {} if configured else {"ALL_PROXY": address})

    assert "zq" not in f"{caught.value}{caught.value.hint}" and "%2F" in caught.value.hint


class Tunnel:
    """A proxy that opens tunnels (CONNECT) to loopback and counts them. authorization: what it wants to see first, and answers 407 without."""

    def __init__(self, authorization=None):
        self.authorization = authorization
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.heads = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        with near:
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(65536)
            self.heads.append(head.decode())
            if self.authorization is not None and f"Proxy-Authorization: {self.authorization}\r\n" not in self.heads[-1]:
                near.sendall(b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
                return
            port = int(head.split(b" ")[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as far:
                near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
                back.start()
                self._copy(near, far)
                back.join(10)

    @staticmethod
    def _copy(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_a_plain_request_goes_through_the_proxy_with_its_whole_address(lab):
    proxy = lab.receiver(Rule(do=Answer(201)), folder=None)
    transport = lab.transport("http://far.example/root/", proxy=proxy.url)

    transport.send(lab.shipment(transport))

    assert proxy.requests[0].path == "http://far.example/root/thing"
    assert proxy.requests[0].header("Host") == "far.example"


@pytest.mark.parity("F158")
def test_an_encrypted_request_goes_through_a_tunnel_and_its_secrets_stay_inside(lab, tmp_path):
    authority, tunnel = Authority(tmp_path), Tunnel()
    receiver = lab.receiver(tls=server_context(authority.issue("server")))
    words = {"proxy": tunnel.url.replace("http://", "http://me:pw@"), "ca_file": str(authority.file), "credential": Wallet()}
    transport = lab.transport(receiver.url, **words)
    shipment = lab.shipment(transport, 2**20)

    transport.send(shipment)
    transport.send(lab.shipment(transport, 0, name="empty"))

    tunnel.close()
    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert [head.split("\r\n")[0] for head in tunnel.heads] == [f"CONNECT localhost:{receiver.port} HTTP/1.1"]
    assert "Proxy-Authorization: Basic bWU6cHc=" in tunnel.heads[0]
    assert receiver.requests[0].header("Proxy-Authorization") is None


@pytest.mark.parametrize("url", ["http://far.example/", "https://far.example/"])
def test_a_proxy_that_wants_a_login_is_trouble_of_the_network(lab, url):
    proxy = lab.receiver(Rule(do=Answer(407, headers=(("Proxy-Authenticate", "Basic"),)), times=None), folder=None)
    transport = lab.transport(url, proxy=proxy.url)
    shipment = lab.shipment(transport, 0)

    with pytest.raises(Unreachable, match="proxy") as caught:
        transport.send(shipment)

    assert (caught.value.http_status, caught.value.facts.get("side", caught.value.side)) == (407, "network")


def test_a_proxy_that_is_not_there_is_unreachable(lab):
    transport = lab.transport("https://far.example/", proxy="http://127.0.0.1:1")

    with pytest.raises(Unreachable):
        transport.send(lab.shipment(transport))


def test_tls_inside_is_verified_all_the_same(lab, tmp_path):
    authority, tunnel = Authority(tmp_path), Tunnel()
    receiver = lab.receiver(tls=server_context(authority.issue("server")))
    transport = lab.transport(receiver.url, proxy=tunnel.url)

    with pytest.raises(Permanent, match="trusts"):
        transport.send(lab.shipment(transport))

    tunnel.close()
    assert receiver.requests == ()
