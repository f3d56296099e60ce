"""Who uploads: whose credentials, from where, and what happens when they expire in the middle."""

import logging
import os
import sys
import time

import pytest
from sendoff import ConfigurationError, Credential, CredentialNeeded, Permanent, Secret
from sendoff.errors import to_json
from sendoff.model.delivery import Demand
from sendoff.model.destination import Destination
from sendoff.runtime.child import in_child
from sendoff.testing.shipment import Wallet, loose_toolkit
from sendoff_s3 import S3Transport, Settings
from sendoff_s3.chain import looked_up
from sendoff_s3.line import translated

from plugins.transports.s3.tests.conftest import MIB

PROCESS = """
import json, os, sys, datetime
number = len(os.listdir({folder!r})) + 1
open(os.path.join({folder!r}, str(number)), "w").close()
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds={seconds})
print(json.dumps({{"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "s", "SessionToken": f"token-{{number}}", "Expiration": expires.isoformat()}}))
"""

FIXED = "expires = datetime.datetime.fromtimestamp({at}, datetime.timezone.utc)"  # the same whenever it is asked


def session(number, expires_in=None):
    """A login with a session token, as a credential that a destination names."""
    expires = None if expires_in is None else round((time.time() + expires_in) * 1e6)
    return Credential(username="test", secret=Secret(f"secret token-{number}"), expires_at=expires)


@pytest.fixture
def chained(lab):
    """A transport that asks boto3's own chain, as the submitter's environment and files say."""
    made = []

    def make(server, environment=None, **settings):
        from dataclasses import replace

        toolkit = replace(loose_toolkit(environment=environment), child=in_child)
        words = {"endpoint_url": server.url, "part_size": MIB, **settings}
        made.append(S3Transport(Destination(url="s3://bucket/", transport="s3"), Settings(**words), toolkit))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_submitters_environment_is_who_uploads_and_this_process_has_no_part_in_it(lab, chained, monkeypatch):
    server = lab.server(keys={"theirs": "their-token"})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the host's own")
    monkeypatch.setenv("AWS_PROFILE", "the host's own")
    environment = {"AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "their-token", "AWS_REGION": "eu-north-1"}
    transport = chained(server, environment)

    transport.send(lab.shipment(transport, 10))

    assert "/eu-north-1/s3/" in server.seen[-1].headers["authorization"]
    assert "theirs" not in os.environ.values()


def test_nobody_at_all_is_told_what_to_do(lab, chained, tmp_path):
    server = lab.server()
    transport = chained(server, {"AWS_EC2_METADATA_DISABLED": "true"})

    with pytest.raises(CredentialNeeded, match="no AWS credentials") as caught:
        transport.send(lab.shipment(transport, 10))

    assert "aws configure" in caught.value.hint
    assert server.seen == []


def test_a_profile_brings_its_own_region_and_address(lab, chained, tmp_path):
    server = lab.server(keys={"of-work": None})
    config = tmp_path / "config"
    config.write_text(f"[profile work]\naws_access_key_id = of-work\naws_secret_access_key = s\nregion = eu-west-2\nendpoint_url = {server.url}\n")
    transport = chained(server, {"AWS_CONFIG_FILE": str(config)}, profile="work", endpoint_url=None, addressing_style="path", part_size="auto")

    transport.send(lab.shipment(transport, 10))

    assert "/eu-west-2/s3/" in server.seen[-1].headers["authorization"]


def test_a_profile_that_does_not_exist_is_a_mistake_in_the_configuration(lab, chained):
    transport = chained(lab.server(), {}, profile="nobody")

    with pytest.raises(ConfigurationError, match="nobody"):
        transport.send(lab.shipment(transport, 10))


@pytest.mark.fault(52)
def test_what_a_credential_process_gives_is_renewed_in_the_middle_of_an_upload(lab, chained, tmp_path):
    server = lab.server(keys={"test": "token-1"})
    (tmp_path / "asked").mkdir()
    (tmp_path / "process.py").write_text(PROCESS.format(folder=str(tmp_path / "asked"), seconds=3600))
    (tmp_path / "config").write_text(f"[profile work]\ncredential_process = {sys.executable} {tmp_path / 'process.py'}\n")
    transport = chained(server, {"AWS_CONFIG_FILE": str(tmp_path / "config")}, profile="work")
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "call", then=lambda: server.keys.update(test="token-2"))

    transport.send(shipment)

    assert server.body("thing") == shipment.path.read_bytes()
    assert len(list((tmp_path / "asked").iterdir())) == 2


def test_a_login_that_is_about_to_expire_is_renewed_before_it_does(lab):
    server = lab.server(keys={"test": "token-2"})
    transport = lab.transport(server, wallet=Wallet(session(1, expires_in=10), session(2), session(3)))
    first = lab.shipment(transport, 10)

    transport.send(first)

    assert server.body("thing") == first.path.read_bytes()


@pytest.mark.fault(52)
def test_an_expired_token_is_renewed_once_and_then_waits_for_a_person(lab):
    server = lab.server(keys={"test": "token-1"})
    transport = lab.transport(server, wallet=Wallet(session(1), session(2), session(3)))
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "call", then=lambda: server.keys.update(test="expired"))

    with pytest.raises(CredentialNeeded, match="expired") as caught:
        transport.send(shipment)

    assert caught.value.http_status == 400
    assert len(server.uploads) == 1, "the session was given up"
    server.keys.update(test="token-3")
    again = lab.transport(server, wallet=Wallet(session(3)))
    again.send(lab.again(again, shipment))
    assert server.operations("create") == ["create"]
    assert server.body("thing") == shipment.path.read_bytes()


@pytest.mark.fault(52)
@pytest.mark.parametrize("logins", [(session(1), session(2)), (session(1),)])
def test_a_session_that_expired_before_the_first_look_is_renewed_or_waits(lab, logins):
    """The first request is a HEAD, whose refusal has no words."""
    server = lab.server(keys={"test": "token-2"})
    transport = lab.transport(server, wallet=Wallet(*logins), conditional="yes")
    shipment = lab.shipment(transport, 10, demand=Demand(existing="fail"))

    if len(logins) == 1:
        with pytest.raises(CredentialNeeded):
            transport.send(shipment)
    else:
        transport.send(shipment)
        assert server.body("thing") == shipment.path.read_bytes()


def test_a_source_that_has_no_newer_login_is_not_asked_at_each_request(lab, chained, tmp_path):
    server = lab.server(keys={"test": None})
    (tmp_path / "asked").mkdir()
    script = tmp_path / "process.py"
    script.write_text(
        PROCESS.format(folder=str(tmp_path / "asked"), seconds=100).replace(
            "expires = datetime.datetime.now(datetime.timezone.utc)", FIXED.format(at=int(time.time()))
        )
    )
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    transport = chained(server, {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_REGION": "us-east-1"})

    transport.send(lab.shipment(transport, 10, name="first"))
    asked = len(list((tmp_path / "asked").iterdir()))
    for number in range(3):
        transport.send(lab.shipment(transport, 10, name=str(number)))

    assert len(list((tmp_path / "asked").iterdir())) == asked


def test_a_source_that_gives_what_has_expired_needs_a_person(lab, chained, tmp_path):
    server = lab.server(keys={"test": None})
    (tmp_path / "asked").mkdir()
    script = tmp_path / "process.py"
    script.write_text(PROCESS.format(folder=str(tmp_path / "asked"), seconds=-100))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    transport = chained(server, {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_REGION": "us-east-1"})

    with pytest.raises(CredentialNeeded, match="still expired"):
        transport.send(lab.shipment(transport, 10))

    assert server.seen == []


KINDS = {"AWS_ACCESS_KEY_ID": "access key", "AWS_SECRET_ACCESS_KEY": "secret key", "AWS_SESSION_TOKEN": "session token"}


def shown(caught, caplog):
    return f"{to_json(caught.value)} {caught.value!r} {caplog.text}"


@pytest.mark.fault(91)
@pytest.mark.parametrize("broken", ["canary\nx", "canary\x7f"])
@pytest.mark.parametrize("variable", KINDS)
def test_a_login_of_the_environment_that_cannot_be_sent_waits_for_a_person_and_is_not_quoted(lab, chained, caplog, variable, broken):
    caplog.set_level(logging.DEBUG)
    server = lab.server(keys={"AKID": None})
    transport = chained(server, {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", variable: broken})

    with pytest.raises(CredentialNeeded, match=f"the {KINDS[variable]} of the environment") as caught:
        transport.send(lab.shipment(transport, 10))

    assert variable in caught.value.hint and "canary" not in shown(caught, caplog)
    assert server.seen == []


@pytest.mark.fault(91)
@pytest.mark.parametrize("secret", ["canary\nx", "key canary\nx", "key canary canary", "key canary\u20ac"])
def test_a_credential_that_cannot_be_sent_waits_for_a_person_and_is_not_quoted(lab, caplog, secret):
    caplog.set_level(logging.DEBUG)
    server = lab.server()
    transport = lab.transport(server, Credential(username="test", secret=Secret(secret)))

    with pytest.raises(CredentialNeeded, match="the destination's credential cannot be used") as caught:
        transport.send(lab.shipment(transport, 10))

    assert "canary" not in shown(caught, caplog)
    assert server.seen == []


@pytest.mark.fault(91)
def test_what_a_credential_process_complains_is_not_quoted(lab, chained, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    script = tmp_path / "process.py"
    script.write_text("import sys; sys.exit('log in with canary')")
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    transport = chained(lab.server(), {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_REGION": "us-east-1"})

    with pytest.raises(CredentialNeeded, match="credential_process gives none") as caught:
        transport.send(lab.shipment(transport, 10))

    assert "canary" not in shown(caught, caplog)


@pytest.mark.fault(91)
def test_a_login_that_the_chain_cannot_ask_for_a_role_with_is_not_quoted(lab, chained, tmp_path, caplog):
    """The server that knows roles is asked with the session token of the environment."""
    (tmp_path / "config").write_text("[profile role]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\nregion = us-east-1\n")
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "canary\nx", "AWS_ENDPOINT_URL_STS": lab.server().url}
    transport = chained(lab.server(), {"AWS_CONFIG_FILE": str(tmp_path / "config"), **environment}, profile="role")

    with pytest.raises(CredentialNeeded, match="chain of credentials broke") as caught:
        transport.send(lab.shipment(transport, 10))

    assert "canary" not in shown(caught, caplog)


@pytest.mark.fault(91)
def test_a_header_that_cannot_be_sent_is_for_good_and_is_not_quoted(lab):
    """Whatever it is that urllib3 does not send."""
    wire = type("Where", (), {"where": "s3://bucket/thing"})()

    error = translated(ValueError("Invalid header value b'canary\\nx'"), wire)

    assert isinstance(error, Permanent) and "canary" not in str(to_json(error)) and "s3://bucket/thing" in str(error)


def test_a_child_sees_the_environment_that_it_is_given_and_leaves_none_behind():
    found = in_child(looked_up, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "r"}, profile=None)

    assert (found["credentials"]["access_key"], found["credentials"]["secret_key"], found["region"]) == ("a", "b", "r")
    assert "AWS_ACCESS_KEY_ID" not in os.environ


def test_an_error_of_a_child_is_raised_here():
    with pytest.raises(ConfigurationError, match="nobody"):
        in_child(looked_up, {}, profile="nobody")
