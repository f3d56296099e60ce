"""How a form looks on the wire: multipart bodies by RFC 2046 section 5.1, ``multipart/form-data`` by RFC 7578 as browsers write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sendoff.errors import InvalidArgument
from sendoff.model.header import is_secret_header
from sendoff.model.source import Form, Part

FORM_DATA = "form-data"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 section 5.1.1
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNFIT_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
MOST_KEPT = 64 * 1024  # bytes that the values of a form may have in all; longer ones are files or copies
OWN_TYPE = "a form has its own, which names its boundary; leave it out (a part's type is said with ;type=)"


def content_type(form: Form) -> str:
    """The value of the header that says how the body is to be taken apart."""
    boundary = form.boundary if _TOKEN.fullmatch(form.boundary) else f'"{form.boundary}"'
    return f"multipart/{form.subtype}; boundary={boundary}"


def check_own_type(names: Iterable[str]) -> None:
    """Nobody else says the type of a form's body; ``InvalidArgument``."""
    for name in names:
        if name.lower() == "content-type":
            raise InvalidArgument(f"header {name}: {OWN_TYPE}")


def checked_boundary(text: str) -> str:
    """A boundary that may stand between parts; ``InvalidArgument`` says what is wrong with it."""
    if not _BOUNDARY.fullmatch(text):
        raise InvalidArgument(f"boundary {text!r}: it has 1 to 70 of the characters that RFC 2046 section 5.1.1 names, and does not end with a blank")
    return text


def checked_subtype(text: str) -> str:
    """What stands behind ``multipart/``."""
    if not _TOKEN.fullmatch(text):
        raise InvalidArgument(f"multipart/{text}: a subtype is a word like form-data, mixed or related")
    return text


def disposition(name: str, filename: str | None) -> str:
    """``form-data; name="..."; filename="..."``: UTF-8, in which only the quote and line breaks are encoded (RFC 7578 section 4.2, WHATWG HTML)."""
    named = "" if filename is None else f'; filename="{filename.translate(_ESCAPES)}"'
    return f'form-data; name="{name.translate(_ESCAPES)}"{named}'


def is_secret_part(name: str | None) -> bool:
    """Whether what a part holds is a secret because of its name, by the rule for headers; fields are written with an underscore as well."""
    return name is not None and is_secret_header(name.replace("_", "-"))


def checked_name(text: str, what: str) -> str:
    """A name that can stand in a header; ``InvalidArgument``. what: it is, for the message."""
    if _UNFIT.search(text):
        raise InvalidArgument(f"{what} {text!r}: it contains a control character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{what} {text!r}: it cannot be written as UTF-8") from None
    return text


def base_name(filename: str) -> str:
    """A file's name without the folders before it, whichever way they are written: nobody is told where it lay (RFC 7578 section 4.2)."""
    return re.split(r"[/\\]", filename)[-1]


def checked_field(name: str, value: str) -> tuple[str, str]:
    """A header of a part, which may hold any UTF-8 (RFC 7578 section 5.1); ``InvalidArgument`` says what is wrong with it."""
    if not _TOKEN.fullmatch(name):
        raise InvalidArgument(f"part header {name!r}: only letters, digits and -!#$%&'*+.^_`|~ may stand in its name")
    if _UNFIT_VALUE.search(value):
        raise InvalidArgument(f"part header {name}: its value contains a line break or another control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"part header {name}: its value cannot be written as UTF-8") from None
    return name, value


def block(part: Part, own: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The whole header block of a part: what its names say first, unless its own headers say that themselves."""
    given = tuple(own)
    said = any(name.lower() == "content-disposition" for name, _ in given)
    if part.name is None or said:
        return given
    return (("Content-Disposition", disposition(part.name, part.filename)), *given)


def openings(form: Form) -> Iterator[bytes]:
    """What stands before the content of each part."""
    for place, part in enumerate(form.parts):
        fields = "".join(f"{name}: {value}\r\n" for name, value in part.headers)
        before = "\r\n" if place else ""
        yield f"{before}--{form.boundary}\r\n{fields}\r\n".encode()


def closing(form: Form) -> bytes:
    """What stands behind the last one."""
    return f"\r\n--{form.boundary}--\r\n".encode()


def size_of(form: Form) -> int:
    """Bytes of the whole body."""
    return sum(map(len, openings(form))) + sum(part.size for part in form.parts) + len(closing(form))
