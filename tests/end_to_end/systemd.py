"""A real systemd that looks after one user's services, in namespaces of its own, so that nothing of this machine is touched."""

import os
import shutil
import subprocess
import time
from pathlib import Path

HIERARCHIES = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
PROGRAM = Path("/lib/systemd/systemd")

# a group of its own in every hierarchy that systemd uses, a /run of its own, and the manager as it runs for each user
BOOT = """
for place in $GROUPS_OF_IT; do echo $$ > $place/cgroup.procs || exit 1; done
mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p /run/systemd/system $XDG_RUNTIME_DIR && chmod 700 $XDG_RUNTIME_DIR || exit 1
/lib/systemd/systemd --user --log-target=console --log-level=info &
wait
"""


class Manager:
    """Runs while the block does. home: of the user. reason: why there can be none here, or None."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.log = folder, folder / "home", folder / "manager.log"
        self.home.mkdir()
        self._groups = [place / f"sendoff-{os.getpid()}-{folder.name}" for place in HIERARCHIES if (place / "cgroup.procs").exists()]
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("SENDOFF_", "XDG_"))}
        self.environment |= {"HOME": str(self.home), "XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}", "GROUPS_OF_IT": " ".join(map(str, self._groups))}

    @property
    def reason(self):
        if os.geteuid() != 0 or not PROGRAM.exists() or shutil.which("unshare") is None or shutil.which("nsenter") is None:
            return "no systemd can be run here: it takes root, systemd and util-linux"
        if not self._groups:
            return "no systemd can be run here: there are no control groups"
        return None

    def __enter__(self):
        try:
            for group in self._groups:
                group.mkdir()
            with open(self.log, "w") as log:
                words = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--cgroup", "--kill-child", "sh", "-c", BOOT]
                self._process = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log)
        except OSError as cause:
            self._say_no(str(cause))
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            if self.run("systemctl", "--user", "is-system-running", check=False).stdout.strip() in ("running", "degraded"):
                return self
            time.sleep(0.05)
        self.__exit__()
        return self._say_no(self.log.read_text()[-300:])

    def _say_no(self, why):
        self._remove_groups()
        import pytest

        pytest.skip(f"no systemd can be run here: {why}")

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._remove_groups()

    def _remove_groups(self):
        end = time.monotonic() + 10
        for group in self._groups:
            for place in [*sorted((one for one in group.rglob("*") if one.is_dir()), reverse=True), group]:
                while place.exists() and time.monotonic() < end:
                    try:
                        place.rmdir()
                    except OSError:  # somebody in it is still dying
                        time.sleep(0.02)

    @property
    def _child(self):
        return (Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split() or ["1"])[0]

    def run(self, *words, check=True, **environment):
        """A command inside."""
        inside = ["nsenter", "--target", self._child, "--mount", "--pid", "--cgroup", "--wd=/"]
        done = subprocess.run([*inside, *words], env=self.environment | environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 or not check, (words, done.returncode, done.stdout, done.stderr, self.log.read_text()[-2000:])
        return done
