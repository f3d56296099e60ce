"""Mail, to a real server."""

import socket

import pytest
from sendoff import Credential, Permanent, Secret, Transient

from plugins.transports.http.tests.authority import Authority, server_context

PASSWORD = "CANARY-password"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def refused(sink, notice, kind):
    with pytest.raises(kind) as caught:
        sink.deliver(notice)
    return caught.value


def test_a_letter_says_what_there_is_to_read(office, sink, told):
    place = office()
    sink(place.url()).deliver(told("Upload failed: b\u00fccher.iso", "no space is left\nretry: sendoff retry 7", failed=True))

    assert place.read() == [("Upload failed: b\u00fccher.iso", "no space is left\nretry: sendoff retry 7")]
    (letter,) = place.letters
    assert (letter["from"], letter["to"], letter["x-application"]) == ("me@here.example", "you@here.example", "sendoff")


@pytest.mark.fault(80)
def test_a_name_of_a_file_writes_no_headers(office, sink, told):
    place = office()
    sink(place.url()).deliver(told("a\r\nBcc: all@here.example\r\n\r\nBuy", "text"))

    (letter,) = place.letters
    assert letter["bcc"] is None and letter["subject"] == "a Bcc: all@here.example Buy"


@pytest.mark.fault(79)
@pytest.mark.parametrize("answer", ["421 going down", "451 try later"])
def test_a_server_that_has_no_time_is_asked_again(office, sink, told, answer):
    place = office(answer)
    one = sink(place.url())
    assert f"E-Mail (the 1st of urls) did not take the notice now (it said {answer[:3]})" == refused(one, told(), Transient).message
    one.deliver(told())
    assert len(place.letters) == 1


@pytest.mark.parametrize("answer", ["550 no such user", "554 spam"])
def test_a_server_that_says_no_is_left_alone(office, sink, told, answer):
    error = refused(sink(office(answer, answer).url()), told(), Permanent)
    assert error.message == f"E-Mail (the 1st of urls) refused the notice (it said {answer[:3]})"


@pytest.mark.parametrize(("answer", "kind"), [("550 no such user", Permanent), ("450 greylisted", Transient)])
def test_a_reader_who_is_not_known_is_said_so(office, sink, told, answer, kind):
    place = office(to={"other@here.example": answer})
    assert answer[:3] in refused(sink(place.url(to="other@here.example")), told(), kind).message


@pytest.mark.fault(79)
def test_a_server_that_is_down_is_worth_another_try(sink, told):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"mailto://127.0.0.1:{taken.getsockname()[1]}?from=a@h.example&to=b@h.example"
        assert "could not be reached" in refused(sink(url), told(), Transient).message


@pytest.mark.fault(79)
def test_a_server_that_says_nothing_is_waited_for_no_longer_than_that(sink, told):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"mailto://127.0.0.1:{silent.getsockname()[1]}?from=a@h.example&to=b@h.example"
        assert refused(sink(url, timeout="2s"), told(), Transient).message == "the 1st of the sink's urls was not through within 2 s"


@pytest.mark.fault(91)
@pytest.mark.parametrize("password", [PASSWORD, "CANARY-wrong"])
def test_who_we_are_is_proved_and_never_shown(office, sink, told, credentials, authority, password, caplog, capfd):
    caplog.set_level("DEBUG", logger="")
    place = office(login=("me", PASSWORD), tls=server_context(authority.issue("mail")))
    credentials["file:mail"] = Credential(kind="bearer", secret=Secret(place.url(scheme="mailtos", login=f"me:{password}@")))
    one, said = sink("file:mail", ca_file=str(authority.file)), None
    if password == PASSWORD:
        one.deliver(told())
    else:
        said = refused(one, told(), Permanent)
        assert "it said 535" in said.message
    assert place.logins and len(place.letters) == (password == PASSWORD)
    assert "CANARY" not in repr((said and (said.message, said.hint, said.facts), caplog.text, capfd.readouterr(), one.settings))


def test_it_trusts_whom_it_was_told_to_trust(office, sink, told, authority):
    place = office(tls=server_context(authority.issue("mail")))
    error = refused(sink(place.url(scheme="mailtos")), told(), Transient)
    assert "could not prove who it is" in error.message and "ca_file" in error.hint
    assert place.letters == []

    sink(place.url(scheme="mailtos"), ca_file=str(authority.file)).deliver(told())
    assert len(place.letters) == 1
