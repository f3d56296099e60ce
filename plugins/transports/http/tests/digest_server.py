"""A server that wants digest authentication, written from RFC 7616, and keeps what is put."""

import hashlib
import re
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class DigestServer:
    """``url``; ``requests``: (method, path, ``Authorization``, body bytes, status).

    algorithms: of the challenges, in order; unknown ones are only offered. uses: how often a nonce counts. basic: offers that, too.
    """

    def __init__(self, user="me", password="right", *, algorithms=("SHA-256",), uses=1000, basic=False, qop='qop="auth"'):
        self.user, self.password, self.algorithms, self.uses, self.basic, self.qop = user, password, algorithms, uses, basic, qop
        self.requests, self.stored, self._nonces = [], {}, {}
        self._lock = Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                owner.serve(self)

            do_PUT = do_HEAD = do_POST = do_GET = answer

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        proof = handler.headers["Authorization"]
        with self._lock:
            good, stale = self.judge(handler.command, handler.path, proof)
            found = len(self.stored.get(handler.path, b""))
            status = 401 if not good else 201 if handler.command in ("PUT", "POST") else 200 if found else 404
            self.requests.append((handler.command, handler.path, proof, len(body), status))
            if good and handler.command in ("PUT", "POST"):
                self.stored[handler.path] = body
            handler.send_response(status)
            for challenge in () if good else self.challenges(stale):
                handler.send_header("WWW-Authenticate", challenge)
        handler.send_header("Content-Length", str(found if status == 200 else 0))
        handler.end_headers()

    def challenges(self, stale):
        """A fresh nonce each, RFC 7616 section 3.3."""
        nonce = secrets.token_hex(8)
        self._nonces[nonce] = set()
        more = ", stale=true" if stale else ""
        made = [f'Digest realm="a, room", nonce="{nonce}", {self.qop}, algorithm={name}, opaque="o{nonce}"{more}' for name in self.algorithms]
        return [*(['Basic realm="room"'] if self.basic else []), *made]

    def judge(self, method, target, proof):
        """Whether a proof is right, and if it is right but its nonce too old; section 3.4."""
        if not (proof or "").startswith("Digest "):
            return False, False
        said = {key: quoted or bare for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', proof)}
        made = HASHES.get(said.get("algorithm", "MD5"))
        if made is None or said["nonce"] not in self._nonces or said["uri"] != target or said["opaque"] != f"o{said['nonce']}":
            return False, said.get("nonce") not in self._nonces

        def h(text):
            return made(text.encode()).hexdigest()

        first, second = h(f"{self.user}:{said['realm']}:{self.password}"), h(f"{method}:{target}")
        wanted = h(f"{first}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{second}")
        used = self._nonces[said["nonce"]]
        if said["username"] != self.user or said["response"] != wanted or said["nc"] in used:
            return False, False
        used.add(said["nc"])
        return len(used) <= self.uses, len(used) > self.uses
