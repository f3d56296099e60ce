import subprocess
import sys

import pytest
import sendoff
from sendoff.drivers import PORTS, Drivers
from sendoff.errors import ConfigurationError, DriverBroken, DriverMissing, InvalidArgument, UnsupportedScheme

from tests.core.conftest import TRANSPORT


def test_the_drivers_of_this_project_are_found_by_name():
    found = {kind: set(Drivers().names(kind)) for kind in PORTS}

    assert {"env", "file"} <= found["credentials"]
    assert {"log", "command"} <= found["sinks"]
    assert {"always-online", "routes"} <= found["networks"]
    assert "http" in found["transports"]
    assert "sqlite" in found["stores"]


def test_only_the_module_that_is_named_is_imported(transport):
    transport("one", ("one",))
    transport("two", ("two",))

    assert Drivers().load("transports", "one").__name__ == "Strange"
    assert "strange_one" in sys.modules
    assert "strange_two" not in sys.modules


def test_what_was_installed_a_moment_ago_is_seen(transport):
    drivers = Drivers()
    assert "late" not in drivers.names("transports")
    transport("late", ("late",))

    assert drivers.load("transports", "late").schemes == ("late",)


@pytest.mark.fault(75)
def test_a_missing_driver_is_named_with_what_to_install_and_where():
    with pytest.raises(DriverMissing) as caught:
        Drivers().load("sinks", "comand")

    assert f"no sink 'comand' is installed for {sys.executable}; did you mean 'command'?; installed: " in caught.value.message
    assert caught.value.hint == 'a package that has it names it in [project.entry-points."sendoff.sinks"]'


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [("transports", "http", "sendoff-http"), ("stores", "sqlite", "sendoff-sqlite"), ("credentials", "file", "sendoff-credentials-basic")],
)
def test_the_hint_names_the_package_of_this_project_and_no_other(kind, name, package, monkeypatch):
    monkeypatch.setattr("sendoff.distributions.entry_points", lambda group: ())
    with pytest.raises(DriverMissing) as caught:
        Drivers().load(kind, name)
    assert caught.value.hint == f"install {package} from the same checkout as sendoff"

    with pytest.raises(DriverMissing) as caught:
        Drivers().load(kind, "somebody-elses")
    assert "checkout" not in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_this_name", "does not load: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("raise SystemExit(3)", "does not load: SystemExit: 3"),
        ("raise KeyboardInterrupt", "does not load: KeyboardInterrupt"),
        ("class Anything(BaseException): ...\nraise Anything('boom')", "does not load: Anything: boom"),
        ("1 / 0", "does not load: ZeroDivisionError"),
        ("", "does not load: AttributeError"),
        ("def Strange(): ...", "is not a class derived from sendoff.Transport"),
        ("class Strange: ...", "is not a class derived from sendoff.Transport"),
        ("from sendoff import Transport\nclass Strange(Transport): ...", "lacks send, target, Settings, schemes"),
        (TRANSPORT.format(name="Strange", schemes="'gopher'"), "has schemes that are no tuple of words"),
    ],
)
@pytest.mark.fault(77, 100)
def test_a_broken_driver_is_named_with_its_distribution_and_the_cause(install, text, said):
    install("strange-broken", "[sendoff.transports]\nbroken = strange_broken:Strange\n", "strange_broken", text, version="2.1")

    with pytest.raises(DriverBroken) as caught:
        Drivers().load("transports", "broken")
    assert caught.value.message.startswith("the transport 'broken' of strange-broken 2.1 ")
    assert said in caught.value.message


@pytest.mark.fault(76)
def test_two_drivers_of_one_name_are_both_named_and_neither_is_loaded(transport):
    transport("twin", ("twin",), "strange-a", "strange_a")
    transport("twin", ("twin",), "strange-b", "strange_b")

    with pytest.raises(DriverBroken, match=r"two distributions bring the transport 'twin': strange-a 1\.0 and strange-b 1\.0"):
        Drivers().load("transports", "twin")
    assert {"strange_a", "strange_b"} & set(sys.modules) == set()
    assert [one["state"] for one in Drivers().describe() if one["name"] == "twin"] == ["broken", "broken"]


@pytest.mark.fault(76)
def test_of_two_of_one_name_the_configuration_may_disable_one(transport):
    transport("twin", ("twin",), "strange-a", "strange_a")
    transport("twin", ("twin",), "strange-b", "strange_b")

    drivers = Drivers(disabled=["strange-a"])

    assert drivers.load("transports", "twin").__module__ == "strange_b"
    assert {one["distribution"]: one["state"] for one in drivers.describe() if one["name"] == "twin"} == {"strange-a": "disabled", "strange-b": "ok"}


@pytest.mark.parametrize(
    ("requires", "wanted"),
    [
        (["sendoff>=2,<3", "pydantic"], ">=2,<3"),
        (["Sendoff (<0.1)"], "<0.1"),
        (['sendoff>=1; python_version >= "3.11"'], ">=1"),
        (["not a requirement at all !!", "sendoff~=0.2.0"], "~=0.2.0"),
    ],
)
def test_a_driver_that_was_made_for_another_version_is_refused_with_both(install, requires, wanted):
    install(
        "strange-gopher", "[sendoff.transports]\ngopher = strange_gopher:Strange\n", "strange_gopher",
        TRANSPORT.format(name="Strange", schemes=("gopher",)), version="3.1", requires=requires,
    )  # fmt: skip

    with pytest.raises(DriverBroken) as caught:
        Drivers().load("transports", "gopher")
    asked = f"strange-gopher 3.1 asks for sendoff {wanted}; this is {sendoff.__version__}"
    assert caught.value.message == f"the transport 'gopher' was made for another version: {asked}"
    assert "strange_gopher" not in sys.modules
    (told,) = [one for one in Drivers().describe() if one["name"] == "gopher"]
    assert (told["state"], told["reason"]) == ("broken", caught.value.message)


@pytest.mark.parametrize(
    "requires",
    [["sendoff>=0.1,<0.2"], ["sendoff"], ['sendoff>=2; extra == "later"'], ["sendoff-http>=7"], ["sendoff>=2; os_name ~= 'x'", "pydantic; os_name ~= 'x'"], []],
)
def test_a_driver_that_does_not_rule_this_version_out_is_loaded(install, requires):
    install(
        "strange-gopher", "[sendoff.transports]\ngopher = strange_gopher:Strange\n", "strange_gopher",
        TRANSPORT.format(name="Strange", schemes=("gopher",)), requires=requires,
    )  # fmt: skip

    assert Drivers().load("transports", "gopher").__name__ == "Strange"


def test_what_each_kind_can_do_beyond_its_port_is_told():
    told = {(one["kind"], one["name"]): one["capabilities"] for one in Drivers().describe()}

    assert told["transports", "sftp"] == ["Aborting", "Bundling", "Probing", "Trusting"]
    assert "Sweeping" in told["transports", "s3"]
    assert told["stores", "sqlite"] == ["Salvaging"]
    assert told["http_protocols", "tus"] == ["SessionProtocol"]
    assert told["credentials", "file"] == ["Writable"]
    assert "Watching" in told["networks", "networkmanager"]


def test_a_scheme_leads_to_the_transport_that_lists_it(transport):
    transport("gopher", ("gopher", "gophers"))

    assert Drivers().transport_for("gopher") == "gopher"
    assert Drivers().transport_for("GOPHERS") == "gopher"


@pytest.mark.fault(76)
def test_of_two_that_claim_a_scheme_always_the_same_is_taken_and_the_other_named(transport, caplog):
    transport("alpha", ("gophers",))
    transport("gopher", ("gopher", "gophers"))

    assert Drivers().transport_for("gophers") == "gopher"
    assert "gophers:// is carried by gopher; also by alpha" in caplog.text


@pytest.mark.fault(76)
def test_a_transport_called_like_the_scheme_is_taken_first(transport):
    transport("alpha", ("gopher",))
    transport("gopher", ("gopher",))

    assert Drivers().transport_for("gopher") == "gopher"


def test_a_broken_transport_does_not_hide_the_others(install, transport, caplog):
    install("strange-broken", "[sendoff.transports]\nalpha = strange_broken:Strange\n", "strange_broken", "1 / 0")
    transport("gopher", ("gophers",))

    assert Drivers().transport_for("gophers") == "gopher"
    assert "strange-broken 1.0" in caplog.text


def test_an_unknown_scheme_is_told_with_those_that_are_installed(transport):
    transport("gopher", ("gopher",))

    with pytest.raises(UnsupportedScheme) as caught:
        Drivers().transport_for("gofer")
    assert "no installed transport carries to gofer://; did you mean 'gopher'?" in caught.value.message
    assert "gopher://" in caught.value.message.partition("installed: ")[2]


@pytest.mark.parametrize("scheme", ["ftp", "FTPS", "ftpes", "tftp"])
def test_no_driver_brings_ftp_back(transport, scheme):
    transport(scheme.lower(), (scheme.lower(),))

    with pytest.raises(UnsupportedScheme, match=r"is not supported: .* use sftp:// or https:// instead"):
        Drivers().transport_for(scheme)
    assert f"strange_{scheme.lower()}" not in sys.modules


def test_a_transport_that_could_never_be_used_is_not_shown_as_working(transport):
    transport("ftps", ("ftps", "FTP"))
    transport("gopher", ("gopher", "ftp"))

    told = {one["name"]: one for one in Drivers().describe() if one["kind"] == "transports"}
    assert told["ftps"]["state"] == "broken"
    assert told["ftps"]["reason"].endswith("carries only to ftps://, FTP://, which is refused")
    assert told["gopher"]["state"] == "ok"


def test_a_disabled_driver_is_not_there_and_the_error_says_why(transport):
    transport("gopher", ("gopher",))

    for word in ("gopher", "strange-gopher"):
        drivers = Drivers(disabled=[word])
        assert "gopher" not in drivers.names("transports")
        with pytest.raises(DriverMissing, match="'gopher' is disabled in the configuration"):
            drivers.load("transports", "gopher")
        with pytest.raises(UnsupportedScheme):
            drivers.transport_for("gopher")
    assert "strange_gopher" not in sys.modules


def test_settings_are_the_drivers_own(transport):
    transport("gopher", ("gopher",))

    found = Drivers().settings("transports", "gopher", {"part_size": "7", "existing": "fail", "verify": "digest", "digest": "none"})

    assert found.part_size == 7


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"part_sise": 1}, "[destinations.a] unknown key 'part_sise'; did you mean 'part_size'? (driver gopher)"),
        ({"part_size": "big"}, "[destinations.a] 'part_size' = 'big': it should be a valid integer, unable to parse string as an integer (driver gopher)"),
        ({"secret_key": "canary"}, "[destinations.a] 'secret_key': it should be a valid integer, unable to parse string as an integer (driver gopher)"),
        ({"x": 1, "y": 2}, "[destinations.a] unknown key 'x' (and 1 more) (driver gopher)"),
    ],
)
def test_a_fault_in_settings_names_section_key_and_driver(transport, options, said):
    transport("gopher", ("gopher",))

    with pytest.raises(ConfigurationError) as caught:
        Drivers().settings("transports", "gopher", options, section="destinations.a")
    assert caught.value.message == said
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_what_a_transport_may_be_asked_is_no_key_of_a_sink():
    with pytest.raises(ConfigurationError, match=r"\[sinks\.log\] unknown key 'existing'"):
        Drivers().settings("sinks", "log", {"existing": "fail"})


def test_settings_that_fail_in_their_own_way_are_told_by_type_only(install):
    text = TRANSPORT.format(name="Strange", schemes=("gopher",)) + "\ndef refuse(**options):\n    raise TypeError('canary')\nStrange.Settings = refuse\n"
    install("strange-gopher", "[sendoff.transports]\ngopher = strange_gopher:Strange\n", "strange_gopher", text)

    with pytest.raises(ConfigurationError) as caught:
        Drivers().settings("transports", "gopher", {"key": "canary"})
    assert "canary" not in caught.value.message


@pytest.mark.fault(75, 77, 100)
def test_everything_installed_is_described_the_broken_and_disabled_too(install, transport):
    transport("gopher", ("gopher",))
    transport("quiet", ("quiet",))
    install("strange-broken", "[sendoff.sinks]\nbroken = strange_broken:Strange\n", "strange_broken", "1 / 0")

    found = {(one["kind"], one["name"]): one for one in Drivers(disabled=["quiet"]).describe()}

    assert found["transports", "gopher"] == {
        "kind": "transports", "name": "gopher", "distribution": "strange-gopher", "version": "1.0",
        "capabilities": ["Aborting"], "schemes": ["gopher"], "state": "ok", "reason": None,
    }  # fmt: skip
    assert (found["transports", "quiet"]["state"], found["transports", "quiet"]["reason"]) == ("disabled", "disabled in the configuration")
    assert found["sinks", "broken"]["state"] == "broken"
    assert "strange-broken 1.0 does not load: ZeroDivisionError" in found["sinks", "broken"]["reason"]
    assert found["credentials", "env"]["distribution"] == "sendoff-credentials-basic"


@pytest.mark.parametrize("name", ["Plugins", "sinks;", ""])
def test_a_kind_that_does_not_exist_is_an_error(name):
    with pytest.raises(InvalidArgument, match="there is no kind of driver"):
        Drivers().names(name)


def test_stevedores_cache_of_yesterday_is_not_believed(transport, tmp_path):
    """It keeps entry points on disk for a while; whoever asks again within it would get the old ones."""
    transport("gopher", ("gopher",))
    code = "from sendoff.drivers import Drivers; print(*Drivers().names('transports'), Drivers().load('transports', '{}').__name__)"
    for name in ("gopher", "gofer"):
        about = tmp_path / "strange_gopher-1.0.dist-info" / "entry_points.txt"
        about.write_text(f"[sendoff.transports]\n{name} = strange_gopher:Strange\n")
        environment = {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": ""}
        done = subprocess.run([sys.executable, "-c", code.format(name)], env=environment, capture_output=True, text=True, timeout=60)

        assert done.returncode == 0, done.stderr
        assert name in done.stdout.split()


def test_asking_for_names_again_reads_nothing(monkeypatch):
    drivers = Drivers()
    before = drivers.names("sinks")
    monkeypatch.setattr("sendoff.distributions.entry_points", lambda group: pytest.fail("read again"))

    assert drivers.names("sinks") == before
