"""The how-to pages and the example configurations: what stands in them, which test runs which, and somebody who follows them to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES, EXAMPLES = DOCS / "how-to", DOCS / "examples"
MIB = 2**20
LONG_AGO = 1_600_000_000
ADDRESS = "https://uploads.example/archive/"  # of `archive`, as the pages have it

RUN_BY = {
    "bad-link.md": ("tests/end_to_end/test_how_to_bad_link.py",),
    "bandwidth.md": ("tests/end_to_end/test_limit.py",),
    "ci-container.md": ("tests/end_to_end/test_how_to.py",),
    "credentials.md": ("tests/end_to_end/test_how_to_credentials.py",),
    "desktop-progress.md": ("tests/end_to_end/test_how_to_desktop.py",),
    "examples.md": ("tests/end_to_end/test_examples.py",),
    "folder-tree.md": ("tests/end_to_end/test_how_to.py",),
    "form-post.md": ("tests/end_to_end/test_how_to.py",),
    "from-rclone.md": ("tests/end_to_end/test_how_to_rclone.py",),
    "jump-host.md": ("tests/end_to_end/test_how_to_jump_host.py",),
    "move-state.md": ("tests/end_to_end/test_how_to_move_state.py",),
    "networks.md": ("tests/end_to_end/test_how_to_networks.py",),
    "nightly-cron.md": ("tests/end_to_end/test_how_to.py",),
    "notices.md": ("tests/end_to_end/test_how_to_notices.py",),
    "resumable-http.md": ("tests/end_to_end/test_how_to.py",),
    "s3-bucket.md": ("tests/end_to_end/test_how_to.py",),
    "sftp.md": ("tests/end_to_end/test_how_to_sftp.py",),
    "tus-tokens.md": ("tests/end_to_end/test_how_to_tus_tokens.py",),
    "shell-completion.md": ("tests/end_to_end/test_shell_completion.py",),
    "verify-delete.md": ("tests/end_to_end/test_how_to_verify_delete.py",),
    "watch.md": ("tests/core/test_watch_console.py", "tests/end_to_end/test_how_to.py"),
    "web-service.md": ("tests/end_to_end/test_how_to.py",),
}


def blocks(page, language):
    """What stands between the fences of one language, in order."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no {language}"
    return found


def shows(block, said):
    """Every line of the block is one of what was said, in this order; ``...`` stands for anything, and blanks do not count."""
    lines = iter(_plain(said).splitlines())
    for wanted in _plain(block).splitlines():
        pattern = ".*".join(re.escape(piece) for piece in wanted.split("..."))
        assert any(re.fullmatch(pattern, line) for line in lines), f"no line {wanted!r} in order in:\n{said}"


def _plain(text):
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


class Person:
    """Somebody with a home, a configuration and a shell. environment: of what runs here. within: words before every command."""

    def __init__(self, home, within=()):
        self.home, self.within = home, within
        self.environment = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8"}

    @property
    def config(self):
        return self.home / ".config" / "sendoff" / "sendoff.toml"

    def configured(self, url):
        """What the pages ask to be written before the first upload."""
        return self.writes(blocks("folder-tree.md", "toml")[0].replace(ADDRESS, url))

    def writes(self, text):
        """More of the configuration."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text((self.config.read_text() if self.config.exists() else "") + text)
        return self

    def file(self, name, content=b"", at=LONG_AGO):
        """A file in the home, last changed at that second."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or name.encode())
        os.utime(path, (at, at))

    def runs(self, text, fine=(0,)):
        """A piece of a page, by the shell."""
        done = subprocess.run([*self.within, "sh", "-c", text], cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=100)
        assert done.returncode in fine, (text, done)
        return done

    def begins(self, text):
        """A piece of a page on its way."""
        return subprocess.Popen(
            [*self.within, "sh", "-c", f"exec {text}"], cwd=self.home, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip

    def leaves(self):
        """Whatever was started in the background ends."""
        subprocess.run([*self.within, "sendoff", "host", "stop"], cwd=self.home, env=self.environment, capture_output=True, timeout=60)


def landed(receiver, folder="archive"):
    """The paths below a folder that arrived whole, as often as they did."""
    return sorted(row.path.removeprefix(f"/{folder}/") for row in receiver.requests if row.complete and row.status in (200, 201, 204))
