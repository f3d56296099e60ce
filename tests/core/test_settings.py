import json
import traceback

import pytest
from sendoff.errors import ConfigurationError
from sendoff.model.configuration import Configuration
from sendoff.model.destination import Destination
from sendoff.model.limits import Limits, Retention, RetryRules
from sendoff.settings import explain, load

EVERYTHING = """
mode = "embedded"
disabled = ["one", "two"]
[store]
use = "other"
path = "journal.db"
[host]
idle_exit = "1h"
log_level = "debug"
[secrets]
seal = "memory"
[limits]
concurrency = 3
per_destination = 2
spool = "5G"
[retry]
patience = 0
attempts = 7
resend = 0
backoff = ["500ms", 90]
connect_timeout = "10s"
response_timeout = "20s"
stall_timeout = 30
[retention]
receipts = "1y"
finished = "7d"
[network]
use = "routes"
proc = "~/net"
[transports.http]
pool = 3
[credentials.media]
use = "command"
argv = ["./token", "--audience", "media"]
kind = "bearer"
[destinations.media]
url = "https://media.example/files/"
use = "http"
protocol = "tus"
credential = "media"
headers = { X-Project = "films" }
cleartext = true
existing = "fail"
verify = "digest"
ca_file = "ca.pem"
[policy]
allow_schemes = ["HTTPS", "sftp"]
allow_hosts = ["*.example"]
[[sinks]]
use = "log"
[[sinks]]
name = "ops"
use = "command"
argv = ["../notify"]
on = ["failed", "batch_completed"]
"""


@pytest.fixture
def write(tmp_path):
    """A configuration file of this text."""

    def write(text):
        path = tmp_path / "sendoff.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def fails(write):
    """The error of a file of this text, and that it is one sentence."""

    def fails(text, environ=None):
        with pytest.raises(ConfigurationError) as caught:
            load(write(text), environ or {})
        assert "\n" not in caught.value.message
        return caught.value

    return fails


def test_nothing_said_is_every_default():
    assert load(None, {}) == Configuration()


def test_a_missing_file_is_an_empty_one_unless_somebody_named_it(tmp_path):
    assert load(tmp_path / "no.toml", {}) == Configuration()

    with pytest.raises(ConfigurationError, match="does not exist"):
        load(tmp_path / "no.toml", {}, required=True)


def test_everything_said_is_in_force(write, tmp_path):
    found = load(write(EVERYTHING), {"HOME": "/home/me"})

    assert (found.mode, found.disabled, found.seal, found.idle_exit, found.log_level) == ("embedded", ("one", "two"), "memory", 3600.0, "debug")
    assert (found.store, found.store_options) == ("other", {"path": str(tmp_path / "journal.db")})
    assert (found.network, found.network_options) == ("routes", {"proc": "/home/me/net"})
    assert found.limits == Limits(concurrency=3, per_destination=2, spool=5 * 2**30)
    assert found.retry == RetryRules(
        patience=0, attempts=7, resend=0, first_pause=0.5, longest_pause=90, connect_timeout=10, response_timeout=20, stall_timeout=30
    )
    assert found.retention == Retention(finished=7 * 86400 * 10**6, receipts=365 * 86400 * 10**6)
    assert found.transports == {"http": {"pool": 3}}
    assert (found.allow_schemes, found.allow_hosts) == (("https", "sftp"), ("*.example",))
    assert found.path == str(tmp_path / "sendoff.toml")
    credential = found.credentials["media"]
    assert (credential.use, credential.kind) == ("command", "bearer")
    assert credential.options == {"argv": [str(tmp_path / "token"), "--audience", "media"]}
    assert [(sink.name, sink.use, sink.on, sink.options) for sink in found.sinks] == [
        ("log", "log", ("completed", "failed", "canceled", "needs_person", "batch_completed", "notification"), {}),
        ("ops", "command", ("failed", "batch_completed"), {"argv": [str(tmp_path.parent / "notify")]}),
    ]


def test_a_destination_keeps_what_belongs_to_its_driver(write, tmp_path):
    assert load(write(EVERYTHING), {}).destinations["media"] == Destination(
        name="media",
        url="https://media.example/files/",
        transport="http",
        credential="media",
        headers=(("X-Project", "films"),),
        cleartext=True,
        options={"protocol": "tus", "existing": "fail", "verify": "digest", "ca_file": str(tmp_path / "ca.pem")},
    )


@pytest.mark.parametrize(
    ("url", "exact", "kept"),
    [
        ("https://h.example/in/", False, "https://h.example/in/"),
        ("https://h.example", False, "https://h.example/"),
        ("s3://bucket", False, "s3://bucket/"),
        ("https://h.example/upload", True, "https://h.example/upload"),
        ("https://h.example/?sig=1", True, "https://h.example/?sig=1"),
    ],
)
def test_only_an_address_that_ends_in_a_slash_is_a_folder(write, url, exact, kept):
    found = load(write(f'[destinations.a]\nurl = "{url}"'), {}).destinations["a"]

    assert (found.exact, found.url, found.transport) == (exact, kept, "")


def test_an_argument_beats_a_variable_beats_the_file_beats_a_default(write):
    path = write("[limits]\nconcurrency = 2\nper_destination = 2\nspool = 2\n[retry]\nattempts = 2")
    environ = {"SENDOFF_LIMITS__PER_DESTINATION": "3", "SENDOFF_LIMITS__SPOOL": "3"}

    found = load(path, environ, arguments={"limits": {"spool": 4}})

    assert (found.limits, found.retry.attempts, found.retry.resend) == (Limits(concurrency=2, per_destination=3, spool=4), 2, RetryRules().resend)


def test_only_the_environment_that_is_handed_in_is_read(monkeypatch):
    monkeypatch.setenv("SENDOFF_MODE", "host")
    monkeypatch.setenv("SENDOFF_NONSENSE", "1")

    assert load(None, {}).mode == "auto"
    assert load(None, {"SENDOFF_MODE": "embedded"}).mode == "embedded"


@pytest.mark.parametrize(
    ("name", "value", "read", "found"),
    [
        ("SENDOFF_DISABLED", "a, b", lambda one: one.disabled, ("a", "b")),
        ("SENDOFF_DISABLED", '["a", "b"]', lambda one: one.disabled, ("a", "b")),
        ("SENDOFF_POLICY__ALLOW_SCHEMES", "https,s3", lambda one: one.allow_schemes, ("https", "s3")),
        ("SENDOFF_RETRY__BACKOFF", "1s,1m", lambda one: (one.retry.first_pause, one.retry.longest_pause), (1, 60)),
        ("SENDOFF_RETRY__PATIENCE", "1d", lambda one: one.retry.patience, 86400),
        ("SENDOFF_LIMITS__SPOOL", "1k", lambda one: one.limits.spool, 1024),
        ("SENDOFF_LIMITS", '{"concurrency": 5}', lambda one: one.limits.concurrency, 5),
        ("SENDOFF_STORE__PATH", "/j", lambda one: one.store_options, {"path": "/j"}),
        ("SENDOFF_TRANSPORTS__HTTP__POOL", "3", lambda one: one.transports, {"http": {"pool": "3"}}),
        ("SENDOFF_DESTINATIONS__A__URL", "s3://b/", lambda one: one.destinations["a"].url, "s3://b/"),
        ("SENDOFF_SINKS", '[{"use": "log"}]', lambda one: one.sinks[0].name, "log"),
    ],
)
def test_a_variable_reaches_every_key(name, value, read, found):
    assert read(load(None, {name: value})) == found


def test_a_variable_meets_a_name_that_the_file_writes_in_capitals(write):
    path = write('[destinations.Archive]\nurl = "https://h.example/"')

    found = load(path, {"SENDOFF_DESTINATIONS__ARCHIVE__URL": "https://other.example/"})

    assert [(name, one.url) for name, one in found.destinations.items()] == [("Archive", "https://other.example/")]


@pytest.mark.parametrize(
    "name", ["SENDOFF_CONFIG", "SENDOFF_STATE_DIR", "SENDOFF_APP", "SENDOFF_KEY_FILE", "SENDOFF_TRACE_HOOKS", "SENDOFF_NOTICE_ID", "HOME", "MODE"]
)
def test_a_variable_that_is_no_setting_is_passed_by(name):
    assert load(None, {name: "x"}) == Configuration()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SENDOFF_LIMITS_CONCURRENCY", "SENDOFF_LIMITS__CONCURRENCY"),
        ("SENDOFF_MOD", "SENDOFF_MODE"),
        ("SENDOFF_STATEDIR", "SENDOFF_STATE_DIR"),
        ("SENDOFF_RETRIES__PATIENCE", "SENDOFF_RETRY__PATIENCE"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest(name, meant):
    with pytest.raises(ConfigurationError) as caught:
        load(None, {name: "1"})

    assert caught.value.message == f"unknown variable {name}; did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\nconcurency = 3", "[limits] unknown key 'concurency'; did you mean 'concurrency'?"),
        ("[limit]\nconcurrency = 3", "unknown key 'limit'; did you mean 'limits'?"),
        ("mood = 1", "unknown key 'mood'; did you mean 'mode'?"),
        ("[limits]\nspeed = 1", "[limits] unknown key 'speed'"),
        ("[limits]\nbandwidth = 'fast'", "[limits] 'bandwidth': bandwidth: 'fast' is no rate; write 512k, 10M, 10M:1M (upload:download) or off"),
        ("[retry]\nxyz = 1\nabc = 2", "[retry] unknown key 'xyz' (and 1 more)"),
        ("[secrets]\nseals = 'auto'", "[secrets] unknown key 'seals'; did you mean 'seal'?"),
        ("mode = 'fast'", "'mode' = 'fast': it should be 'auto', 'host' or 'embedded'"),
        ("limits = 3", "'limits' = 3: it should be a table"),
        ("[limits]\nconcurrency = 0", "[limits] 'concurrency' = 0: it should be greater than or equal to 1"),
        ("[limits]\nlanes = 99999999999999999999999", "[limits] 'lanes' = 99999999999999999999999: it should be less than or equal to 65536"),
        ("[limits]\nbandwidth = '9000E'", "[limits] 'bandwidth': bandwidth: '9000E' is more than any network carries; write off for as fast as it goes"),
        ("[limits]\nconcurrency = 'many'", "[limits] 'concurrency' = 'many': it should be a valid integer, unable to parse string as an integer"),
        ("[limits]\nspool = '5 apples'", "[limits] 'spool': '5 apples' is not a size; write 4096, 512K, 256M or 20G"),
        ("[retry]\npatience = 'long'", "[retry] 'patience': 'long' is not a length of time; write 90, 90s, 5m, 12h or 3d"),
        ("[retry]\nbackoff = ['9s', '2s']", '[retry] \'backoff\': the first pause must be above 0 and not longer than the longest; write ["2s", "10m"]'),
        ("[destinations.a]\nuse = 'http'", "[destinations.a] 'url' is missing"),
        ("[destinations.a]\nulr = 'https://h/'", "[destinations.a] 'url' is missing, and 'ulr' is not known; did you mean 'url'?"),
        ("[destinations.a]\nurll = 'https://h/'\nuse = 'http'\nx = 1", "[destinations.a] 'url' is missing, and 'urll' is not known; did you mean 'url'?"),
        ("[destinations.'a b']\nurl = 'https://h/'", "[destinations] 'a b' is not a name; use letters, digits and . _ -"),
        ("[destinations.a]\nurl = 'https://h/'\ncredential = 'medai'\n[credentials.media]\nuse = 'env'",
         "[destinations.a] there is no [credentials.medai]; did you mean 'media'?"),
        ("[destinations.a]\nurl = 'https://h/'\nexisting = 'keep'", "[destinations.a] 'existing' = 'keep': it should be 'overwrite', 'skip' or 'fail'"),
        ("[credentials.a]\nkind = 'basic'", "[credentials.a] 'use' is missing"),
        ("[[sinks]]\nuse = 'log'\non = ['complete']", "[sinks.1] 'on': there is no event 'complete'; did you mean 'completed'?"),
        ("[[sinks]]\nuse = 'log'\ntext = 'now at {destinaton}'", "[sinks.1] 'text': there is nothing to put in {destinaton}; did you mean 'destination'?"),
        ("[[sinks]]\nuse = 'log'\ntitle = '{name!r}'", "[sinks.1] 'title': {name} stands for itself, without anything after a colon or a !"),
        ("[[sinks]]\nuse = 'log'\ntitle = '{name'",
         "[sinks.1] 'title': '{name' is not a template: expected '}' before end of string; a brace of its own is written twice"),
        ("[[sinks]]\nuse = 'log'\n[[sinks]]\nuse = 'log'", "[sinks.2] there are two sinks named 'log'; give each a name ="),
    ],
)  # fmt: skip
def test_a_fault_is_one_sentence_with_file_section_key_and_cure(fails, tmp_path, text, said):
    assert fails(text).message == f"{tmp_path / 'sendoff.toml'}: {said}"


def test_a_fault_of_a_variable_names_the_variable(fails):
    error = fails("[limits]\nspool = 1", {"SENDOFF_LIMITS__CONCURRENCY": "0"})

    assert error.message.startswith("SENDOFF_LIMITS__CONCURRENCY: [limits] 'concurrency'")


@pytest.mark.parametrize("name", ["SENDOFF_LIMITS", "SENDOFF_SINKS"])
def test_a_variable_that_should_be_json_and_is_not_is_named(name):
    with pytest.raises(ConfigurationError, match=f"the variable {name} is not JSON"):
        load(None, {name: "{", "SENDOFF_MODE": "auto"})


@pytest.mark.parametrize("scheme", ["ftp", "ftps", "ftpes", "tftp", "FTP"])
def test_ftp_is_refused_by_name_with_what_to_use_instead(fails, scheme):
    assert f"{scheme.lower()}:// is not supported" in fails(f'[destinations.a]\nurl = "{scheme}://h/x"').message
    assert "sftp://" in fails(f'[policy]\nallow_schemes = ["{scheme}"]').message


@pytest.mark.parametrize("url", ["h.example/x", "https://me:canary77@h.example/", "https://h.example/a b/?token=canary77", "https:///x", "https://h:99999/"])
def test_an_address_that_cannot_be_used_is_refused_without_its_secrets(fails, url):
    error = fails(f'[destinations.a]\nurl = "{url}"')

    assert "[destinations.a] 'url': " in error.message
    assert "canary77" not in "".join(traceback.format_exception(error))


def test_no_fault_repeats_a_secret(fails):
    for text in (
        "[destinations.a]\nurl = 'https://h/'\nheaders = { Authorization = 'canary77\\n' }",
        "[credentials.a]\nuse = 'env'\nkind = 3\nsecret = 'canary77'",
        "[destinations.a]\nsecret_key = 'canary77'",
        "[destinations.a]\nuri = 'https://h/?sig=canary77'",
    ):
        assert "canary77" not in "".join(traceback.format_exception(fails(text.replace("'canary77\\n'", '"canary77\\n"'))))


def test_broken_toml_is_told_with_path_line_and_column(fails, tmp_path):
    assert str(fails('mode = "auto"\n[limits\n')).startswith(f"{tmp_path / 'sendoff.toml'} is not TOML: ")
    assert "(at line 2, column 8)" in fails('mode = "auto"\n[limits\n').message


def test_a_file_that_cannot_be_read_is_told_with_its_path(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path, {})
    (tmp_path / "latin").write_bytes(b'mode = "\xe4"')

    with pytest.raises(ConfigurationError, match="is not UTF-8 text: byte 8"):
        load(tmp_path / "latin", {})


def test_a_loaded_configuration_does_not_change_with_the_file(write):
    path = write("[limits]\nconcurrency = 2")
    before = load(path, {})
    write("[limits]\nconcurrency = 3")

    assert (before.limits.concurrency, load(path, {}).limits.concurrency) == (2, 3)


def test_it_is_explained_where_each_value_came_from(write, tmp_path):
    path = write("[limits]\nconcurrency = 2\n[destinations.a]\nurl = 'https://h/?sig=canary77'\n[[sinks]]\nuse = 'log'")
    environ = {"SENDOFF_LIMITS__SPOOL": "3"}

    found = {key: (value, origin) for key, value, origin in explain(path, environ, arguments={"mode": "host"})}

    assert found["mode"] == ("host", "argument")
    assert found["limits.concurrency"] == (2, str(path))
    assert found["limits.spool"] == (3, "SENDOFF_LIMITS__SPOOL")
    assert found["limits.per_destination"] == (4, "default")
    assert found["sinks.0.use"] == ("log", str(path))
    assert found["sinks.0.on"] == (["completed", "failed", "canceled", "needs_person", "batch_completed", "notification"], "default")
    assert found["destinations.a.url"] == ("https://h/?sig=***", str(path))


@pytest.mark.fault(91)
def test_an_explanation_shows_no_secret(write):
    text = """
    [destinations.a]
    url = "https://h.example/"
    headers = { Authorization = "canary1x", X-Api-Key = "canary2x" }
    secret_access_key = "canary3x"
    password = ["canary4x"]
    proxy = "http://me:canary5x@proxy.example/"
    proxies = ["http://me:canary6x@proxy.example/"]
    nested = { token = "canary7x" }
    """

    assert "canary" not in repr(explain(write(text), {}))


@pytest.mark.fault(91)
@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("host=h user=me password=canary1x sslmode=require", "host=h user=me password=*** sslmode=require"),
        ("host=h password = 'canary2x canary3\\'x' dbname=d", "host=h password = *** dbname=d"),
        ("password=canary4x\\ canary5x host=h", "password=*** host=h"),
        ("sslpassword=canary6x://canary7x passfile=/p sslkey=/k", "sslpassword=*** passfile=/p sslkey=/k"),
        ("scram_client_key=canary8x", "scram_client_key=***"),
        ("postgresql://me:canary1x@h:5432/d", "postgresql://h:5432/d"),
        ("postgresql://me:can/ary2x@h:5432/d", "postgresql://***"),
        ("postgresql://me:12/canary3x@h:5432/d", "postgresql://***"),
        ("postgresql://me:canary4x/d", "postgresql://***"),
        ("postgresql://me@a:1,[::1]:2/d?sslmode=require", "postgresql://a:1,[::1]:2/d?sslmode=require"),
        ("https://h:8443/a?token=canary5x&page=2", "https://h:8443/a?token=***&page=2"),
    ],
)
def test_of_how_a_database_is_reached_all_is_shown_but_the_password(write, dsn, shown):
    found = {key: value for key, value, _ in explain(write(f"[store]\ndsn = {json.dumps(dsn)}"), {})}

    assert found["store.dsn"] == shown


@pytest.mark.fault(91)
def test_of_where_a_sink_tells_no_more_is_shown_than_the_server(write):
    text = """
    [[sinks]]
    use = "webhook"
    url = "https://me:canary1x@hooks.example:8443/services/canary2x?q=canary3x"
    [[sinks]]
    use = "apprise"
    urls = ["tgram://123456:canary4x/canary5x", "slack://canary6x", "https://hooks.example"]
    [[sinks]]
    use = "command"
    argv = ["curl", "--url=https://hooks.example/canary7x"]
    """

    found = {key: value for key, value, _ in explain(write(text), {})}

    assert "canary" not in repr(found)
    assert found["sinks.0.url"] == "https://hooks.example:8443/***"
    assert found["sinks.1.urls"] == ["tgram://***", "slack://***", "https://hooks.example"]
    assert found["sinks.2.argv"] == ["curl", "--url=https://hooks.example/***"]


def test_a_wrong_file_is_not_explained(write):
    with pytest.raises(ConfigurationError):
        explain(write("mood = 1"), {})
