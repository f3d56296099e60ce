"""Answers as they come over a socket, whole or broken."""

import socket
import threading

import pytest
from sendoff.desk import codec
from sendoff.desk.client import DeskClient
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.exchange import Exchange, Reply, quoted
from sendoff.desk.place import find_place
from sendoff.errors import HostUnavailable
from sendoff.model.operation import Request
from sendoff.model.query import Created, Order, Query, Selection


@pytest.mark.parametrize("size", [1, 2, 5, 64, 10_000])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nh\r\nA\r\nello world\r\n0\r\n\r\n",
    ],
)
def test_an_answer_is_read_in_whatever_pieces_it_comes(answer, size):
    reply, body = Reply(), b""

    for start in range(0, len(answer), size):
        assert not body.endswith(b"world") or start > len(answer) - 10
        body += reply.feed(answer[start : start + size])

    assert (reply.status, body, reply.complete) == (200, b"hello world", True)


def test_an_answer_without_a_body_is_complete_with_its_head():
    reply = Reply()

    assert reply.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == b""
    assert reply.complete


def test_quoting_is_undone_by_the_host():
    from urllib.parse import unquote

    text = 'a&b=c "ü" +%/\udcff'

    assert unquote(quoted(text), errors="surrogateescape") == text
    assert set(quoted(text)) <= set("%0123456789ABCDEFabcdefghijklmnopqrstuvwxyz")


def serve_once(folder, answer):
    """A host that says this to whoever comes first, and hangs up."""
    listener = Endpoint(find_place({}, state_dir=folder), {}).bind()

    def serve():
        accepted, _ = listener.accept()
        with accepted, listener:
            accepted.recv(65536)
            accepted.sendall(answer)
            accepted.shutdown(socket.SHUT_WR)
            while accepted.recv(65536):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 21\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nInternal Server Error",
        b"nonsense\r\n\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(tmp_path, answer):
    thread = serve_once(tmp_path, answer)
    desk = DeskClient(find_place({}, state_dir=tmp_path), environment={}, spawn=False)

    with pytest.raises(HostUnavailable):
        desk.order(Order(verb="pause"), Selection())
    thread.join()


@pytest.mark.parametrize("both_ways", [False, True])
def test_a_host_that_says_nothing_is_not_waited_for_without_end(both_ways):
    ours, theirs = socket.socketpair()
    exchange = Exchange(ours, "/state", 0.1)

    with theirs, pytest.raises(HostUnavailable, match=r"host of /state has said nothing for 0\.1 seconds") as error:
        list(exchange.both_ways([b"x" * 10_000_000])) if both_ways else exchange.head()
    exchange.close()

    assert "lost" not in error.value.facts, "the next try would be as long"


def test_who_hangs_up_after_the_words_went_out_leaves_the_caller_unsure():
    ours, theirs = socket.socketpair()
    exchange = Exchange(ours, "/state", 5)
    theirs.close()

    with pytest.raises(HostUnavailable) as error:
        list(exchange.both_ways([b"x"]))
    exchange.close()

    assert error.value.hint == "what was asked may have been done; look with: sendoff list"


class Hosts:
    """The way to hosts that say these things, one after the other, and hang up."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def connection(self):
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=self.say, args=(theirs, self.answers.pop(0)))
        thread.start()
        return ours

    def say(self, connection, answer):
        with connection:
            head = connection.recv(65536)
            self.asked.append(head.split(b" ")[1])
            if b"100-continue" in head:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.recv(65536)
            connection.sendall(answer)

    def wait_gone(self):
        raise AssertionError("nobody is asked to stop")


WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"items":[],"next":"n1"}'
CUT_SHORT = [b"", WHOLE[:-5], b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops"]


@pytest.mark.parametrize("cut_short", CUT_SHORT)
def test_a_question_whose_answer_is_cut_short_is_asked_of_the_next_host(tmp_path, cut_short):
    hosts = Hosts(cut_short, WHOLE)

    page = DeskClient(find_place({}, state_dir=tmp_path), environment={}, way=hosts).page(Query())

    assert page.next == "n1"
    assert len(hosts.asked) == 2 and len(set(hosts.asked)) == 1


@pytest.mark.parametrize("cut_short", CUT_SHORT)
def test_an_order_whose_answer_is_cut_short_is_given_once(tmp_path, cut_short):
    hosts = Hosts(cut_short, WHOLE)

    with pytest.raises(HostUnavailable) as error:
        DeskClient(find_place({}, state_dir=tmp_path), environment={}, way=hosts).order(Order(verb="pause"), Selection())

    assert error.value.hint == "what was asked may have been done; look with: sendoff list"
    assert len(hosts.asked) == 1


def cut_off(*answers):
    """The beginning of the answer to a create: these were answered, and there the host died."""
    lines = b"".join(codec.created_line(one) for one in answers)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(lines), lines)


def test_a_create_in_which_each_was_answered_needs_no_more_of_its_host(tmp_path):
    one, two = (Created(id=name, number=number, batch="b", url="http://h/") for number, name in enumerate("ab", 1))
    desk = DeskClient(find_place({}, state_dir=tmp_path), environment={}, way=Hosts(cut_off(one, two), cut_off(one)))
    asked = [Request(source="/a", destination="http://h/"), Request(source="/b", destination="http://h/")]

    assert list(desk.create(asked)) == [one, two]
    answers = desk.create(asked)
    assert next(answers) == one
    with pytest.raises(HostUnavailable):
        next(answers)
