"""A machine of somebody who has Python and pip, and of sendoff what its distributions hold: wheels that were made of this checkout."""

import fcntl
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[2]
MACHINE = dict(os.environ)
KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "LANG", "LC_", "TMPDIR")


def blocks(page, *languages):
    """What stands between the fences of these languages, in order: the language and the text."""
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def index_of_this_machine():
    """Where pip looks here."""
    asked = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    return MACHINE.get("PIP_INDEX_URL") or asked.stdout.strip() or "https://pypi.org/simple"


class Index(ThreadingHTTPServer):
    """A package index: what is in a folder of wheels is had from there alone, whoever else has the name, and all the rest from where this machine has it."""

    def __init__(self, wheels):
        self.wheels, self.elsewhere = wheels, index_of_this_machine().rstrip("/")
        super().__init__(("127.0.0.1", 0), _Asked)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/simple/"

    def __enter__(self):
        self._thread = Thread(target=self.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self):
        word = self.path.strip("/").rpartition("/")[2]
        ours = [one.name for one in self.server.wheels.glob("*.whl") if one.name.partition("-")[0].replace("_", "-") == word]
        if (self.server.wheels / word).is_file():
            self._answer((self.server.wheels / word).read_bytes(), "application/zip")
        elif ours:
            self._answer("".join(f'<a href="/{name}">{name}</a>' for name in ours).encode(), "text/html")
        else:
            self.send_response(302)
            self.send_header("Location", f"{self.server.elsewhere}/{word}/")
            self.end_headers()

    def _answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


class Stranger:
    """folder: where everything of theirs is. environment: of what runs there."""

    def __init__(self, folder):
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in MACHINE.items() if name.upper().startswith(KEPT)}
        self.environment = {**kept, "HOME": str(self.home), "PATH": f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"}

    @property
    def config(self):
        return self.home / ".config" / "sendoff" / "sendoff.toml"

    @contextmanager
    def served(self, shared):
        """Whoever asks for a distribution of sendoff, by whatever pip command, gets the one of this checkout. shared: where its wheels are kept."""
        with Index(wheels(shared)) as index:
            self.environment["PIP_INDEX_URL"] = index.url
            yield

    def entered(self, environment):
        """From now on the virtual environment's programs are found first."""
        self.environment["PATH"] = f"{environment / 'bin'}:{self.environment['PATH']}"

    def configured(self, text):
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text)

    def runs(self, text, *, at=None, fine=(0,)):
        """By the shell, which ends with the first command that fails."""
        done = subprocess.run(["sh", "-ec", text], cwd=at or self.folder, env=self.environment, capture_output=True, text=True, timeout=900)
        assert done.returncode in fine, f"{text}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def leaves(self):
        """No host of theirs stays behind."""
        subprocess.run(["sendoff", "host", "stop"], cwd=self.folder, env=self.environment, capture_output=True, timeout=60)


def shared(tmp_path_factory, worker_id):
    """A folder of all processes of this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def wheels(folder):
    """The folder with a wheel of each distribution that is promised, made by whoever asks first."""
    with alone(folder / "wheels"):
        if not (folder / "wheels" / "ready").exists():
            build = Stranger(folder / "wheels" / "build")
            leaves = [str(path.parent) for path in sorted(ROOT.glob("plugins/*/*/pyproject.toml"))]
            build.runs("python3 -m venv venv && venv/bin/python -m pip install -q hatchling")
            build.runs(" ".join(["venv/bin/python -m pip wheel -q --no-deps --no-build-isolation --wheel-dir ..", str(ROOT), *leaves]))
            (folder / "wheels" / "ready").touch()
    return folder / "wheels"


@contextmanager
def alone(folder):
    """Nobody else uses this folder meanwhile, of whatever process of a test run."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
