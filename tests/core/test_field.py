"""``-F`` is read as curl reads it, and what curl would drop with a warning is refused with the word itself."""

import pytest
from sendoff.cli.post.field import Field, field, literal
from sendoff.errors import InvalidArgument


def read(word):
    """What was understood, without the word itself."""
    return field(word)._replace(word="")


def as_asked(name, how, value, **more):
    return Field(name, how, value, "", **more)


@pytest.mark.parametrize(
    ("word", "understood"),
    [
        ("a=b", as_asked("a", "text", "b")),
        ("a=", as_asked("a", "text", "")),
        ("a=b=c", as_asked("a", "text", "b=c")),
        ("a b=c d", as_asked("a b", "text", "c d")),
        ("a=  b  ", as_asked("a", "text", "b")),
        ("a=é中", as_asked("a", "text", "é中")),
        ("a=b@c<d", as_asked("a", "text", "b@c<d")),
        ("a=b,c", as_asked("a", "text", "b,c")),
        ("a=b;type=text/plain", as_asked("a", "text", "b", type="text/plain")),
        ("a=b; type=text/plain; charset=utf-8", as_asked("a", "text", "b", type="text/plain; charset=utf-8")),
        ("a=@b;type=x/y;z=1;filename=c", as_asked("a", "file", "b", type="x/y;z=1", filename="c")),
        ("a=b;TYPE=text/plain;filename=c", as_asked("a", "text", "b", type="text/plain", filename="c")),
        ('a="b;c";type=x/y', as_asked("a", "text", "b;c", type="x/y")),
        (r'a=" b \"c\" \\ "', as_asked("a", "text", r' b "c" \ ')),
        ('a="b', as_asked("a", "text", '"b')),
        ("a=@b.jpg", as_asked("a", "file", "b.jpg")),
        ("a=@b.jpg;type=image/jpeg;filename=x y.jpg", as_asked("a", "file", "b.jpg", type="image/jpeg", filename="x y.jpg")),
        ('a=@"b,c;d";filename="e;f"', as_asked("a", "file", "b,c;d", filename="e;f")),
        ("a=@-", as_asked("a", "file", "-")),
        ("a=<b.txt;type=text/markdown", as_asked("a", "content", "b.txt", type="text/markdown")),
        ("a=<-", as_asked("a", "content", "-")),
        ('a=b;headers="X-One: 1; 2";headers=X-Two: 3', as_asked("a", "text", "b", headers=(("X-One", "1; 2"), ("X-Two", "3")))),
    ],
)
def test_a_word_is_understood_as_curl_does(word, understood):
    assert read(word) == understood


def test_headers_of_a_part_may_come_from_a_file(tmp_path):
    (tmp_path / "h").write_text("# of the part\nX-One: 1\n\nX-Two: 2\n")

    assert read(f"a=b;headers=@{tmp_path}/h").headers == read(f"a=b;headers=<{tmp_path}/h").headers == (("X-One", "1"), ("X-Two", "2"))


@pytest.mark.parametrize("value", ["@b", "<b", "b;type=c", '"b"', " b ", "(b", "b=c"])
def test_form_string_takes_a_value_as_it_stands(value):
    assert literal(f"a={value}")._replace(word="") == as_asked("a", "text", value)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("a", "write it as NAME=VALUE"),
        ("=b", "write it as NAME=VALUE"),
        ("a=@", "no file is named"),
        ("a=<", "no file is named"),
        ("a=@;type=x/y", "no file is named"),
        ("a=@b,c", "a comma names several files"),
        ("a=@b;type=x/y,c", "a comma names several files"),
        ("a=(b", "forms in forms"),
        ("a=b;c", "'c' is none of"),
        ("a=b;", "'' is none of"),
        ("a=b;encoder=base64", "is none of"),
        ("a=b;type=jpeg", "is not a type like"),
        ("a=b;type=", "is not a type like"),
        ('a="b"c', "behind the closing quote"),
        ("a=<b;filename=c", "has no filename"),
        ("a=b;headers=@-", "not from standard input"),
    ],
)
def test_what_is_no_field_is_refused_with_the_word_itself(word, why):
    with pytest.raises(InvalidArgument) as refused:
        field(word)

    assert repr(word) in refused.value.message and why in refused.value.message
    assert "\n" not in refused.value.message


def test_a_header_of_a_part_that_is_none_is_refused():
    with pytest.raises(InvalidArgument, match="write it as 'Name: value'"):
        field("a=b;headers=nothing")
