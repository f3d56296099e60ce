"""Secrets of an operation: sealed with it, used for it, and gone when it needs them no more."""

import threading
from dataclasses import replace

import pytest
from sendoff.errors import CredentialNeeded, InvalidState, Transient
from sendoff.model.operation import Request
from sendoff.model.query import Created
from sendoff.runtime.secrets import NOTE, holds_sealed
from sendoff.testing.memory_transport import SessionTransport
from sendoff.testing.receiver import Answer, Rule

from tests.core.owned import QUICK, Owned, eventually

ENVIRONMENT = {"AWS_SECRET_ACCESS_KEY": "canary-of-the-environment", "PATH": "/bin", "TOKEN": "canary-of-a-name"}


class Seeing(SessionTransport):
    """Tells in whose environment it sends."""

    def send(self, shipment):
        self.settings["seen"].append(dict(self.toolkit.environment))
        return super().send(shipment)


@pytest.fixture
def seeing(tmp_path):
    """An owner, and the environments in which it has sent so far."""
    seen = []
    with Owned(tmp_path, own={("transports", "session"): (Seeing, lambda _options: {"server": made.server, "seen": seen})}, start=False) as made:
        made.open()
        yield made, seen


def key_of(owned):
    (found,) = (owned.config.parent / "keys").iterdir()
    return found


def environments(owned):
    return owned.store.notes(NOTE).items


def waits_for_its_key(owned, id):
    view = owned.until(id, "paused_recoverable", reason="credential_needed")
    assert view["needs"] == {"what": "credential", "command": f"sendoff resume {view['number']}"}
    assert "cannot be had" in view["reason_text"]
    return view


def started_without_its_key(owned, receiver):
    """An operation whose key was lost before it was started; where the key was, and what it held."""
    id = owned.put(owned.file(), f"{receiver.url}x", start=False, secret_headers=(("X-A", "canary-value"),))
    key = key_of(owned)
    text = key.read_text()
    owned.close()
    key.unlink()
    owned.open()
    owned.order("start", id)
    return id, key, text


# -- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_is_in_the_configuration_folder_and_never_in_the_state_folder(owned, receiver):
    owned.done(owned.put(owned.file(), f"{receiver.url}x", secret_headers=(("X-A", "canary-value"),)))
    key = key_of(owned)
    assert key.stat().st_mode & 0o777 == 0o600
    text = key.read_bytes().strip()
    for path in owned.state.rglob("*"):
        assert not path.is_file() or (text not in path.read_bytes() and bytes.fromhex(text.decode()) not in path.read_bytes()), path


def test_without_secrets_no_key_is_made(owned, receiver):
    owned.done(owned.put(owned.file(), f"{receiver.url}x", headers=(("X-A", "1"),)))
    assert not (owned.config.parent / "keys").exists()


def test_secrets_that_were_sealed_before_forms_could_be_are_read(owned):
    id = owned.put(owned.file(), "http://127.0.0.1:9/x", start=False, secret_headers=(("X-A", "canary-value"),))
    secrets, record = owned.owner._secrets, owned.record(id)
    old = b'{"url": null, "headers": [["X-A", "canary-value"]], "references": []}'

    sealed = secrets.open(replace(record, sealed=secrets.vault.seal(old, f"operation {id}")))

    assert (sealed.headers, sealed.parts) == ((("X-A", "canary-value"),), ())


def test_a_lost_key_is_waited_for_and_no_second_one_is_made(owned, receiver):
    id, key, text = started_without_its_key(owned, receiver)

    view = waits_for_its_key(owned, id)
    assert str(key) in view["reason_text"]
    with pytest.raises(CredentialNeeded, match="cannot be had"):
        owned.put(owned.file(), f"{receiver.url}y", secret_headers=(("X-A", "another"),))
    assert not key.exists()
    assert receiver.requests == ()

    key.touch(0o600)
    key.write_text(text)
    owned.order("resume", id)
    owned.until(id, "completed")
    assert receiver.requests[0].header("X-A") == "canary-value"


def test_while_a_key_stays_lost_nothing_is_tried_again_and_when_it_is_back_all_go_on(owned, receiver):
    id, key, text = started_without_its_key(owned, receiver)
    waits_for_its_key(owned, id)
    tried = owned.record(id).tally.attempts

    threading.Event().wait(7)
    assert owned.record(id).tally.attempts == tried
    key.touch(0o600)
    key.write_text(text)
    owned.until(id, "completed")


def test_a_key_that_becomes_readable_for_others_is_waited_for_too(owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}x", start=False, secret_headers=(("X-A", "canary-value"),))
    owned.close()
    key_of(owned).chmod(0o644)
    owned.open()
    owned.order("start", id)
    assert "chmod 600" in owned.until(id, "paused_recoverable", reason="credential_needed")["error"]["hint"]
    key_of(owned).chmod(0o600)
    owned.order("resume", id)
    owned.until(id, "completed")


def test_once_nothing_sealed_is_left_a_lost_key_stands_in_nobodys_way(owned, receiver):
    owned.done(owned.put(owned.file(), f"{receiver.url}x", secret_headers=(("X-A", "canary-value"),)))
    owned.close()
    key_of(owned).unlink()
    owned.open()
    owned.done(owned.put(owned.file(), f"{receiver.url}x", secret_headers=(("X-A", "another"),)))
    assert [request.header("X-A") for request in receiver.requests] == ["canary-value", "another"]


def test_a_key_in_memory_is_gone_with_its_owner_and_new_secrets_still_work(tmp_path, receiver):
    with Owned(tmp_path, config=QUICK + '[secrets]\nseal = "memory"\n') as owned:
        id = owned.put(owned.file(), f"{receiver.url}x", start=False, secret_headers=(("X-A", "canary-value"),))
        owned.reopen()
        owned.order("start", id)
        assert "nowhere on disk" in waits_for_its_key(owned, id)["reason_text"]
        assert not (owned.config.parent / "keys").exists()

        owned.done(owned.put(owned.file(), f"{receiver.url}y", secret_headers=(("X-A", "another"),)))
        owned.order("cancel", id)
        assert owned.until(id, "canceled")


# -- environments -----------------------------------------------------------------------------------------------------


def test_an_environment_is_stored_once_per_content_and_sealed(owned):
    for number in range(3):
        owned.put(owned.file(), f"plain://10.0.0.1/{number}", start=False, environment=ENVIRONMENT)
    owned.put(owned.file(), "plain://10.0.0.1/x", start=False, environment=ENVIRONMENT | {"AWS_PROFILE": "other"})
    owned.put(owned.file(), "plain://10.0.0.1/y", start=False, environment={"PATH": "/bin"})
    assert len(environments(owned)) == 2
    assert len({record.environment for record in owned.records()}) == 3
    assert "canary" not in repr(environments(owned))


def test_an_environment_survives_its_owner_even_if_it_was_only_checked_before(owned, receiver):
    request = Request(source=str(owned.file()), destination=f"{receiver.url}x", secret_headers=(("X-A", "env:TOKEN"),))
    owned.create(request, environment=ENVIRONMENT, dry_run=True)
    assert environments(owned) == []
    (created,) = owned.create(request, environment=ENVIRONMENT, start=False)
    owned.reopen()
    owned.order("start", created.id)
    owned.done(created.id)
    assert receiver.requests[0].header("X-A") == "canary-of-a-name"


def test_an_environment_goes_when_the_last_that_needs_it_has_ended(owned):
    one, other = (owned.put(owned.file(), f"plain://10.0.0.1/{name}", start=False, environment=ENVIRONMENT) for name in "ab")
    owned.order("start", one)
    owned.done(one)
    assert (owned.record(one).environment, len(environments(owned))) == (None, 1)
    owned.order("start", other)
    owned.done(other)
    eventually(lambda: not environments(owned), "the environment's end")
    assert not holds_sealed(owned.store)

    id = owned.put(owned.file(), "plain://10.0.0.1/c", start=False, environment=ENVIRONMENT)
    assert [note.key for note in environments(owned)] == [owned.record(id).environment]


def test_what_is_not_about_identity_is_not_kept(owned):
    id = owned.put(owned.file(), "plain://10.0.0.1/x", environment={"PATH": "/bin", "HOME": "/", "MY_PASSWORD": "canary"})
    assert owned.record(id).environment is None


# -- the end of secrets -----------------------------------------------------------------------------------------------


def test_they_are_erased_when_it_is_completed(owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}x", secret_headers=(("X-A", "canary-value"),), environment=ENVIRONMENT)
    owned.done(id)
    record = owned.record(id)
    assert (record.sealed, record.environment) == (None, None)
    assert record.spec.headers == (("X-A", "***"),)


def test_they_are_erased_when_it_is_canceled_and_nothing_is_left_at_the_server(owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}x", start=False, secret_headers=(("X-A", "canary-value"),), environment=ENVIRONMENT)
    assert owned.record(id).sealed is not None
    owned.order("cancel", id)
    assert (owned.record(id).sealed, owned.record(id).environment) == (None, None)
    with pytest.raises(InvalidState, match="the value of X-A was erased"):
        owned.order("retry", id)


def test_they_are_kept_as_long_as_something_is_left_at_the_server(owned):
    def broken(point, _operation):
        if point in ("finish", "abort"):
            raise Transient("not now")

    owned.server.point = broken
    id = owned.put(owned.file(), "session://10.0.0.1/x", secret_headers=(("X-A", "canary-value"),))
    eventually(lambda: "attempt_failed" in owned.types(id))
    owned.order("cancel", id)
    owned.until(id, "canceled")
    eventually(lambda: [todo for todo in owned.store.todos(2**62, kind="abort") if todo.tries], "a try to abort")
    assert owned.record(id).sealed is not None and not owned.owner.idle()

    owned.server.point = lambda *_: None
    eventually(lambda: not owned.store.todos(2**62), "the abort")
    assert (owned.server.uploads, owned.record(id).sealed) == ({}, None)


def test_those_of_a_failed_one_are_kept_for_another_round_until_it_is_acknowledged(owned, receiver):
    receiver.script.add(Rule(do=Answer(403), times=2))
    id = owned.put(owned.file(), f"{receiver.url}x", secret_headers=(("X-A", "canary-value"),), environment=ENVIRONMENT)
    owned.until(id, "error")
    owned.order("retry", id)
    owned.until(id, "error")
    assert [request.header("X-A") for request in receiver.requests] == ["canary-value"] * 2
    assert owned.record(id).sealed is not None

    owned.order("acknowledge", id)
    assert (owned.record(id).sealed, owned.record(id).environment) == (None, None)
    with pytest.raises(InvalidState, match="put the file again"):
        owned.order("retry", id)
    eventually(lambda: not environments(owned))


def test_a_session_is_sealed_in_the_checkpoint(owned):
    def broken(point, _operation):
        if point == "finish":
            raise Transient("not now")

    owned.server.point = broken
    id = owned.put(owned.file(), "session://10.0.0.1/x", patience=0, attempts=1)
    owned.until(id, "error")
    checkpoint = owned.store.checkpoint(owned.record(id).number)
    assert checkpoint.confirmed == 1000
    assert b"memory" not in checkpoint.session and b"u1" not in checkpoint.session
    assert holds_sealed(owned.store)


def test_a_canceled_one_whose_environment_was_erased_goes_out_again_as_whoever_retries_it(seeing):
    owned, seen = seeing
    id = owned.put(owned.file(), "session://10.0.0.1/x", start=False, environment=ENVIRONMENT)
    owned.order("cancel", id)
    assert owned.record(id).environment is None

    owned.order("retry", id, environment={"AWS_PROFILE": "of whoever retries", "PATH": "/bin"})

    owned.done(id)
    assert seen == [{"AWS_PROFILE": "of whoever retries"}]


def test_a_canceled_one_keeps_its_own_environment_as_long_as_something_is_left_at_the_server(seeing):
    owned, seen = seeing

    def broken(point, _operation):
        if point in ("finish", "abort"):
            raise Transient("not now")

    owned.server.point = broken
    id = owned.put(owned.file(), "session://10.0.0.1/x", environment={"AWS_PROFILE": "theirs"})
    eventually(lambda: "attempt_failed" in owned.types(id))
    owned.order("cancel", id)
    owned.until(id, "canceled")
    del seen[:]

    owned.order("retry", id, environment={"AWS_PROFILE": "of whoever retries"})

    assert eventually(lambda: seen)[0] == {"AWS_PROFILE": "theirs"}
    owned.server.point = lambda *_: None
    owned.done(id)


# -- what is a secret -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Authorization", "cookie", "Proxy-Whatever", "X-Api-Key", "X-Auth-Token", "X-My-Secret", "X-Upload-Password"])
def test_a_header_that_is_secret_by_its_name_is_sealed_without_being_asked(name, owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}x", headers=((name, "canary-value"),))
    owned.done(id)
    assert owned.view(id)["headers"] == [[name, "***"]]
    assert receiver.requests[0].header(name) == "canary-value"


def test_a_secret_header_of_a_destination_is_sealed_and_the_callers_takes_its_place(tmp_path, receiver):
    config = f'[destinations.d]\nurl = "{receiver.url}"\nheaders = {{ Authorization = "canary-of-the-file", X-A = "1" }}\n'
    with Owned(tmp_path, config=config) as owned:
        first, second = owned.put(owned.file(), "d:x"), owned.put(owned.file(), "d:y", headers=(("authorization", "canary-of-the-caller"),))
        for id in (first, second):
            owned.done(id)
            assert "canary" not in repr(owned.record(id))
    sent = {request.path: (request.header("Authorization"), request.header("X-A")) for request in receiver.requests}
    assert sent == {"/x": ("canary-of-the-file", "1"), "/y": ("canary-of-the-caller", "1")}


def test_a_signed_address_goes_out_as_it_is_and_is_shown_without_its_signature(owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}x?a=1&X-Amz-Signature=canary-value")
    owned.done(id)
    assert receiver.requests[0].path == "/x?a=1&X-Amz-Signature=canary-value"
    shown = owned.view(id)
    assert (shown["url"], shown["receipt"]["url"]) == (f"{receiver.url}x?a=1&X-Amz-Signature=***",) * 2
    assert "canary" not in repr(owned.record(id)) + repr(owned.events())


def test_two_requests_in_one_call_share_an_environment(owned):
    answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "ab"), environment=ENVIRONMENT)
    assert all(isinstance(one, Created) for one in answers)
    for one in answers:
        owned.done(one.id)
