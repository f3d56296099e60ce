"""A host follows its configuration."""

from sendoff.desk.place import find_place
from sendoff.errors import ConfigurationError, JournalFull
from sendoff.host.owner import Host


class Work:
    """Reads its configuration anew; raises what is next in ``raises``."""

    def __init__(self, *raises):
        self.raises, self.read = list(raises), 0

    def reconfigure(self):
        self.read += 1
        if self.raises:
            raise self.raises.pop(0)


def host_with(tmp_path, work):
    host = Host(find_place({}, state_dir=tmp_path / "state", config=tmp_path / "sendoff.toml"), lambda **_: work, {})
    host._work = work
    (tmp_path / "sendoff.toml").write_text("# another\n")
    return host


def test_what_the_journal_did_not_take_is_read_again_with_the_next_look(tmp_path):
    work = Work(JournalFull("no space is left"))
    host = host_with(tmp_path, work)
    host._reread()
    assert host.facts()["configuration_error"]["message"] == "no space is left"
    host._reread()
    host._reread()
    assert (work.read, host.facts()["configuration_error"]) == (2, None)


def test_a_mistake_in_it_is_told_once(tmp_path):
    work = Work(ConfigurationError("limits: what is that?"))
    host = host_with(tmp_path, work)
    host._reread()
    host._reread()
    assert (work.read, host.facts()["configuration_error"]["message"]) == (1, "limits: what is that?")
