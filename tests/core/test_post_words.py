"""What the words of ``post`` ask, and which of them contradict each other."""

import pytest
from sendoff.cli.text import name_of

from tests.core.small_desk import SmallDesk

URL = "https://h/up"


class Taker(SmallDesk):
    """Remembers what it was asked."""

    asked, spool, copied = (), None, ()

    def create(self, requests, **more):
        requests = list(requests)
        self.asked = (*self.asked, *requests)
        sources = [part.source for one in requests if one.form for part in one.form.parts if part.source]
        self.copied = tuple((self.spool / one.path).read_bytes() for one in sources if one.kind == "spool")
        return super().create(requests, **more)


@pytest.fixture
def desk(tmp_path):
    made = Taker()
    made.spool = tmp_path / "state" / "spool" / "incoming"
    return made


def parts(desk):
    return [(part.name, part.filename, part.source.path if part.source else part.content) for part in desk.asked[-1].form.parts]


def test_fields_come_in_their_order_and_bare_files_last(desk, told):
    answer = told("post", "-F", "a=1", "/x/b.jpg", "--form-string", "c=@d", "/x/e.jpg", "-F", "f=@/x/g", URL)

    assert (answer.code, answer.out) == (0, "new-0\n")
    assert parts(desk) == [
        ("a", None, "MQ=="),
        ("c", None, "QGQ="),
        ("f", "g", "/x/g"),
        ("file", "b.jpg", "/x/b.jpg"),
        ("file", "e.jpg", "/x/e.jpg"),
    ]


def test_a_post_goes_to_its_url_by_post_and_bare_files_may_be_called_otherwise(desk, told):
    told("post", "--part", "photo", "/x/b.jpg", URL, "--label", "mine", "--idempotency-key", "--retry-unsafe", "--meta", "k=v")

    (request,) = desk.asked
    assert (request.method, request.whole, request.destination, request.label) == ("POST", True, URL, "mine")
    assert (request.idempotency_key, request.retry_unsafe, request.metadata) == ("Idempotency-Key", True, {"k": "v"})
    assert parts(desk) == [("photo", "b.jpg", "/x/b.jpg")]


def test_a_raw_post_is_the_file_itself(desk, told):
    told("post", "--raw", "/x/b.jpg", URL, "--method", "patch")

    (request,) = desk.asked
    assert (request.source, request.form, request.method, request.whole) == ("/x/b.jpg", None, "PATCH", True)


def test_what_a_type_a_filename_and_headers_say_goes_along(desk, told):
    told("post", "-F", "a=@/x/b;filename=c.jpg;type=image/jpeg;headers=X-One: 1", URL)

    (part,) = desk.asked[0].form.parts
    assert (part.filename, part.headers) == ("c.jpg", (("X-One", "1"), ("Content-Type", "image/jpeg")))


def test_a_dry_run_says_what_would_be_posted_and_with_json_as_an_object(desk, told):
    answer = told("post", "-F", "a=1", "-F", "b=2", URL, "--dry-run")

    assert (answer.out, desk.views) == (f"would post a form of 2 parts to {URL}\n", {})
    assert told("post", "-F", "a=1", URL, "--dry-run", "--json").objects == [{"schema": 1, "dry_run": True, "source": None, "url": URL}]


def test_with_json_a_post_is_one_object(told):
    (found,) = told("post", "-F", "a=1", URL, "--json").objects

    assert found == {
        "schema": 1, "id": "new-0", "number": 0, "batch": "b-new", "batch_number": None, "source": None, "url": URL, "existing": False,
    }  # fmt: skip


def test_the_value_of_a_secret_on_the_command_line_is_warned_about_and_not_repeated(told):
    answer = told("post", "-F", "api_token=hunter2", URL)

    assert answer.code == 0
    assert "api_token=<FILE" in answer.err and "hunter2" not in answer.err


def test_the_content_of_a_file_is_taken_over_and_warned_about_by_nobody(desk, told, tmp_path):
    (tmp_path / "token").write_text("t0ken")

    answer = told("post", "-F", f"token=<{tmp_path}/token", URL)

    assert parts(desk) == [("token", None, "dDBrZW4=")]
    assert "command line" not in answer.err


def test_the_content_of_a_long_file_goes_through_the_spool_and_is_a_value_all_the_same(desk, told, tmp_path):
    (tmp_path / "story").write_bytes(b"long " * 20_000)

    assert told("post", "-F", f"story=<{tmp_path}/story", URL).code == 0

    (part,) = desk.asked[-1].form.parts
    assert (part.name, part.filename, part.content, part.headers) == ("story", None, None, ())
    assert desk.copied == (b"long " * 20_000,)
    assert list(desk.spool.iterdir()) == []


FORM = {
    "kind": "form",
    "parts": [
        {"name": "a", "filename": None, "type": None, "kind": "value", "path": None, "size": 1},
        {"name": "b", "filename": "p", "type": None, "kind": "spool", "path": None, "size": 9},
        {"name": "c", "filename": "x.jpg", "type": "image/jpeg", "kind": "file", "path": "/x/film.mp4", "size": 5},
    ],
    "size": 100,
}


def test_a_form_is_shown_part_by_part_and_called_by_its_first_file(desk, told):
    desk.add("0198-form", source=FORM)

    shown = told("show", "0198-form").out

    assert "a form of 3 parts" in shown and "/x/film.mp4, image/jpeg, 5 B" in shown and "a copy, 9 B" in shown and "a value, 1 B" in shown
    assert name_of(desk.views["0198-form"]) == "film.mp4"
    assert name_of({**desk.views["0198-form"], "source": {**FORM, "parts": FORM["parts"][:2]}}) == "0198-form"


def test_a_canceled_form_whose_copies_went_with_it_is_not_to_be_retried(desk, told):
    desk.add("0198-form", source=FORM, status="canceled")
    desk.add("0198-values", source={**FORM, "parts": FORM["parts"][:1]}, status="canceled")

    assert "put the file again" in told("show", "0198-form").out
    assert "sendoff retry 2" in told("show", "0198-values").out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "needs a URL"),
        ((URL,), "needs something to send"),
        (("--raw", URL), "there are 0"),
        (("--raw", "/a", "/b", URL), "there are 2"),
        (("--raw", "/a", "-F", "a=1", URL), "without -F"),
        (("--raw", "/a", "--part", "a", URL), "--part"),
        (("--part", "a", "-F", "b=1", URL), "there is none"),
        (("-F", "a", URL), "'a'"),
        (("-F", "a=@-", "-F", "b=<-", URL), "only once"),
        (("-F", "a=@-", "--header", "@-", URL), "only once"),
        (("-", "-F", "a=@-", URL), "only once"),
        (("--raw", "-", "--header", "@-", URL), "only once"),
        (("", URL), "is empty"),
        (("-F", "a=<", URL), "no file is named"),
        (("-F", "a=<nothing-of-this-name", URL), "there is no file nothing-of-this-name"),
        (("-F", "a=</", URL), "is a directory"),
        (("-F", "a=\udcff", URL), "UTF-8"),
        (("\udcff", URL), "UTF-8"),
        (("-r", "/a", URL), "no option -r"),
        (("--files-from", "/a", URL), "no option --files-from"),
        (("--only-new", "/a", URL), "no option --only-new"),
        (("--existing", "skip", "/a", URL), "no option --existing"),
    ],
)
def test_words_that_make_no_sense_are_exit_code_2_in_one_sentence(words, why, desk, told):
    answer = told("post", *words)

    assert (answer.code, answer.out, desk.asked) == (2, "", ())
    assert why in answer.err.splitlines()[0] and answer.err.startswith("sendoff: ")
