"""A desktop with nobody at it: a session bus, a screen in memory, and dunst, which shows notifications there."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack

HOW = "apt-get install dunst xvfb dbus"
PATIENCE = 20.0
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
<busconfig>
  <type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>{more}</policy>
</busconfig>
"""
DUNSTRC = """[global]
history_length = 1000
stack_duplicates = false
notification_limit = 0
markup = {markup}
[urgency_normal]
format = "normal"
[urgency_critical]
format = "critical"
"""  # the history keeps how it was drawn, and nothing else of how urgent it was
SERVICE = "[D-BUS Service]\nName=org.freedesktop.Notifications\nExec={command}\n"


def missing():
    """None, or how to install what is missing."""
    return None if all(map(shutil.which, ("dunst", "Xvfb", "dbus-daemon", "dbus-send"))) else HOW


class Desk:
    """folder: everything is below it; it becomes ``XDG_RUNTIME_DIR``, where a login has its bus."""

    def __init__(self, folder, *, more=""):
        self.folder = folder
        (folder / "services").mkdir(parents=True)
        (folder / "bus.conf").write_text(BUS.format(folder=folder, more=more))
        self.environment = {"XDG_RUNTIME_DIR": str(folder), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"}
        self._running = {}
        with ExitStack() as undone:
            undone.callback(self.close)
            self.open_bus()
            undone.pop_all()

    def open_bus(self):
        self._begin("bus", "dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.folder}/bus.conf")
        until((self.folder / "bus").exists)

    def close_bus(self):
        """As when somebody logs out."""
        self.end("bus")
        (self.folder / "bus").unlink(missing_ok=True)

    def start_dunst(self, markup="full"):
        """Somebody who shows notifications."""
        self._light_up()
        self._begin("dunst", *self._dunst(markup))
        until(lambda: self.count("displayed") is not None)

    def offer_dunst(self, markup="full"):
        """Nobody shows notifications yet; whoever asks for it has dunst started."""
        self._light_up()
        script = self.folder / "start"
        script.write_text(f"#!/bin/sh\nDISPLAY={self.environment['DISPLAY']} exec {' '.join(self._dunst(markup))}\n")
        script.chmod(0o700)
        (self.folder / "services" / "notifications.service").write_text(SERVICE.format(command=script))
        self._say("org.freedesktop.DBus", "/", "org.freedesktop.DBus.ReloadConfig")

    def shown(self):
        """What was shown so far, oldest first: title, text, and how."""
        until(self._put_away)
        (rows,) = json.loads(self._ask("dunstctl", "history"))["data"]
        return sorted(({key: value["data"] for key, value in row.items()} for row in rows), key=lambda row: row["timestamp"])

    def _put_away(self):
        """Whether nothing is left on the screen; one may appear meanwhile."""
        self._ask("dunstctl", "close-all")
        return self.count("waiting") == self.count("displayed") == 0

    def count(self, which):
        """How many; None = nobody is there to be asked."""
        said = self._ask("dunstctl", "count", which)
        return int(said) if said.strip().isdigit() else None

    def hang(self, name):
        """A part is there and does nothing any more."""
        self._running[name].send_signal(signal.SIGSTOP)

    def end(self, name):
        """A part is gone."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE)

    def close(self):
        """The end of all, the bus the last."""
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)  # one that hangs keeps the others from ending
        for name in reversed(list(self._running)):
            self.end(name)

    def _light_up(self):
        """A screen of its own, of which the server chooses the number."""
        if "DISPLAY" not in self.environment:
            reading, writing = os.pipe()
            self._begin("screen", "Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp", pass_fds=(writing,))
            os.close(writing)
            with open(reading) as said:
                self.environment["DISPLAY"] = f":{said.readline().strip()}"

    def _dunst(self, markup):
        config = self.folder / "dunstrc"
        config.write_text(DUNSTRC.format(markup=markup))
        return "dunst", "-conf", str(config)

    def _begin(self, name, *command, **words):
        with (self.folder / f"{name}.log").open("ab") as out:
            self._running[name] = subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=out, stderr=out, **words)

    def _ask(self, *command):
        return subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True, text=True).stdout

    def _say(self, whom, where, method):
        self._ask("dbus-send", "--session", "--print-reply", f"--dest={whom}", where, method)


def until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "the desktop did not come about"
        time.sleep(0.02)
