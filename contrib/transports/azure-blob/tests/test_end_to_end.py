"""From the command to the blob at a real Azurite, with the host killed in between; and every byte that is written anywhere is searched for its secrets."""

import os
from urllib.parse import parse_qs

import pytest
from sendoff.testing.receiver import Lost, Reset, Rule

from tests.end_to_end.stage import MIB, Stage
from tests.end_to_end.traces import traces
from tests.servers.azurite import ACCOUNT, CONTAINER, KEY, block_of, blocks_taken, commits
from tests.servers.proxy import CountingProxy

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
LANES = 3
BLOCK = 4 * MIB
SIZE = 64 * MIB + 1  # seventeen blocks
PACE = 8 * MIB  # bytes a second on each connection


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


def known(stage, proxy, secret=KEY, **more):
    """A configuration that knows Azurite through the proxy as ``azure:``; the file with its secret."""
    words = stage.config.with_name("credentials.toml")
    words.write_text(f'[azure]\nkind = "basic"\nusername = "{ACCOUNT}"\nsecret = "{secret}"\n')
    words.chmod(0o600)
    stage.config.write_text(
        f'[host]\nlog_level = "debug"\n[limits]\nlanes = {LANES}\n[retry]\nbackoff = ["20ms", "100ms"]\n'
        f'[destinations.azure]\nurl = "azure://{ACCOUNT}/{CONTAINER}/{stage.folder.name}/"\ncredential = "file:azure"\n'
        f'endpoint_url = "http://127.0.0.1:{proxy.port}/{ACCOUNT}"\nblock_size = "4M"\n'
    )
    return words


def block_bytes(rows):
    return sum(row.received for row in rows if block_of(row) is not None)


@pytest.mark.campaign
@pytest.mark.fault(4, 6)
def test_an_upload_killed_three_times_sends_again_only_the_blocks_under_way(stage, azurite, say):
    source = stage.folder / "large.bin"
    source.write_bytes(os.urandom(SIZE))
    with CountingProxy("127.0.0.1", azurite.port, rate=PACE) as proxy:
        known(stage, proxy)
        (id,) = stage.put(str(source), "azure:large.bin")
        met = 0
        for moment in (9, 20, 34):
            at = moment * MIB + stage.random.randrange(3 * MIB)
            proxy.wait_until(lambda rows, at=at: block_bytes(rows) >= at, timeout=120)
            stage.kill_host()
            met += commits(proxy.requests) == []
            stage.run("list")
        stage.run("wait", id)
        rows = proxy.requests
    again = block_bytes(rows) - SIZE
    under_way = 3 * LANES * BLOCK
    say(f"{SIZE / MIB:.0f} MiB, {met} of 3 kill -9 amid the upload: {again / MIB:.1f} MiB sent again, {under_way / MIB:.0f} were under way at most")

    assert azurite.body(f"{stage.folder.name}/large.bin") == source.read_bytes()
    assert stage.ends(id) == ["completed"]
    assert met >= 2
    assert 0 <= again <= under_way
    assert sorted(blocks_taken(answered(rows))) == sorted(set(blocks_taken(answered(rows)))), "a block that was confirmed was sent again"
    assert len(commits(rows)) == 1
    receipt = stage.view(id)["receipt"]
    assert (receipt["size"], receipt["verified"]) == (SIZE, "part-digests")
    assert azurite.waiting(f"{stage.folder.name}/large.bin") == []


def answered(rows):
    """Requests whose answer a living process has heard."""
    return [row for row in rows if row.answered_at is not None and row.broken is None]


@pytest.mark.fault(8)
def test_a_canceled_upload_leaves_nothing_at_the_server(stage, azurite):
    source, _ = stage.file(32 * MIB)
    name = f"{stage.folder.name}/canceled"
    with CountingProxy("127.0.0.1", azurite.port, rate=4 * MIB) as proxy:
        known(stage, proxy)
        (id,) = stage.put(source, "azure:canceled")
        proxy.wait_until(lambda rows: len(blocks_taken(rows)) >= 1)
        stage.kill_host()
        assert azurite.waiting(name) != []
        stage.run("cancel", id)
        stage.run("host", "status")
        proxy.wait_until(lambda rows: any(row.method == "DELETE" and row.answered_at for row in rows))
    assert (azurite.waiting(name), azurite.body(name)) == ([], None)


@pytest.mark.campaign
def test_gc_takes_away_what_a_failed_upload_has_left_and_of_others_only_when_told(stage, azurite):
    source, _ = stage.file(32 * MIB)
    with CountingProxy("127.0.0.1", azurite.port, rate=4 * MIB) as proxy:
        known(stage, proxy)
        (id,) = stage.put(source, "azure:failing")
        proxy.wait_until(lambda rows: len(blocks_taken(rows)) >= 1)
        stage.kill_host()
        with open(source, "ab") as file:
            file.write(b"more")
        azurite.leave(f"{stage.folder.name}/of somebody else", b"theirs")
        stage.run("wait", id, fine=(1,))
        stage.run("gc", "--remote", "azure:")
        kept = azurite.unfinished(f"{stage.folder.name}/")
        stage.run("gc", "--remote", "azure:", "--others")
        left = azurite.unfinished(f"{stage.folder.name}/")
    assert (kept, left) == ([f"{stage.folder.name}/of somebody else"], [])


def leaks(stage, credentials, said, *secrets):
    """Where a secret was found, however it is written."""
    looks = {trace for secret in secrets for trace in traces(secret)}
    written = {path: path.read_bytes() for path in stage.folder.rglob("*") if path.is_file() and not path.is_socket() and path != credentials}
    found = [str(where) for where, data in written.items() if any(look in data for look in looks)]
    assert b"".join(data for path, data in written.items() if path.suffix == ".log").count(b" DEBUG urllib3") > 3, "the library had its say, too"
    return found + [one.args for one in said if any(look in (one.stdout + one.stderr).encode() for look in looks)]


@pytest.mark.campaign
@pytest.mark.fault(91)
@pytest.mark.parametrize("kind", ["key", "sas"])
def test_no_secret_is_written_or_printed_whatever_becomes_of_an_upload(stage, azurite, kind):
    signature = azurite.sas("rwdlc")
    secret = KEY if kind == "key" else signature
    source, _ = stage.file(12 * MIB)
    with CountingProxy("127.0.0.1", azurite.port) as proxy:
        credentials = known(stage, proxy, secret)
        said = []
        for rule in (None, Rule(do=Reset(), at=1000, times=3), Rule(do=Lost(), times=2)):
            if rule:
                proxy.add(rule)
            said.append(stage.run("put", "--wait", "-v", source, f"azure:{len(said)}"))
        credentials.write_text(credentials.read_text().replace(secret[:40], secret[:40][::-1]))
        stage.run("host", "stop")  # what a host has been given it uses until it is refused
        (id,) = stage.put(source, "azure:refused")
        said += [stage.run("wait", id, fine=(6,)), stage.run("show", id), stage.run("events", id), stage.run("check", "azure:", fine=(0, 1, 6))]
        rows = proxy.requests
    stage.run("host", "stop")

    looks = (secret,) if kind == "key" else (parse_qs(secret)["sig"][0], secret.partition("sig=")[2].partition("&")[0])
    assert leaks(stage, credentials, said, *looks) == []
    assert any("sig=" in row.path for row in rows) == (kind == "sas")
