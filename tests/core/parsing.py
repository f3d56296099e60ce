"""Two independent readers of multipart/form-data, and what both make of a body."""

import io
from typing import NamedTuple

from python_multipart import FormParser
from python_multipart.multipart import File
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header


class Seen(NamedTuple):
    """A part as a server sees it. filename: None where it is a field and no file. type: its Content-Type, where the reader tells it."""

    name: str
    filename: str | None
    content: bytes
    type: str | None = None


ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def named(text):
    """A name as it went out, whatever of the browsers' three escapes a reader undoes."""
    return None if text is None else text.translate(ESCAPED)


def by_python_multipart(body, content_type):
    """As Starlette and FastAPI see it."""
    seen = []

    def on_field(one):
        seen.append(Seen(named(one.field_name.decode()), None, one.value or b""))

    def on_file(one: File):
        one.file_object.seek(0)
        seen.append(Seen(named(one.field_name.decode()), named(one.file_name.decode()), one.file_object.read()))
        one.close()

    _, options = parse_options_header(content_type)
    parser = FormParser("multipart/form-data", on_field, on_file, boundary=options["boundary"].encode(), config={"MAX_MEMORY_FILE_SIZE": 2**30})
    for start in range(0, len(body), 8192):
        parser.write(body[start : start + 8192])
    parser.finalize()
    parser.close()
    return seen


def by_werkzeug(body, content_type):
    """As Flask sees it: fields and files apart, each in order."""
    _, options = parse_options_header(content_type)
    parser = MultiPartParser(max_form_memory_size=None, stream_factory=lambda *_, **__: io.BytesIO())
    fields, files = parser.parse(io.BytesIO(body), options["boundary"].encode(), len(body))
    seen = [Seen(named(name), None, value.encode()) for name, values in fields.lists() for value in values]
    return seen + [_file(name, one) for name, several in files.lists() for one in several]


def _file(name: str, one: FileStorage) -> Seen:
    return Seen(named(name), named(one.filename), one.read(), one.content_type)
