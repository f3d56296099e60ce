"""Documents written the fast way are those that everybody reads."""

import json
from dataclasses import fields, replace

import pytest
from sendoff import InvalidArgument, Record, Source, SourceIdentity, Spec, TransferStatus, decode, encode
from sendoff.testing.store_sample import full_sample, sample
from sendoff_sqlite.row import COLUMNS, FIELDS, cell, column
from sendoff_sqlite.spec_text import SpecText


def test_a_document_reads_back_as_it_was_whatever_came_before_it():
    plain, full = sample("plain").spec, full_sample("full").spec
    specs = [plain, full, plain, replace(full, url="https://b.example/"), replace(plain, metadata={"a": 1}), replace(plain, metadata={"a": True})]
    write = SpecText()

    assert [decode(Spec, json.loads(write(spec))) for spec in specs] == specs
    assert json.loads(write(specs[-1]))["metadata"]["a"] is True


def test_no_field_of_a_document_is_forgotten():
    """A field that the model gains is written without anybody thinking of it."""
    full = full_sample("full").spec
    shown = json.loads(SpecText()(full))

    assert set(encode(full)) == {one.name for one in fields(Spec)}, "the sample has a value of its own in every field"
    assert set(shown) == {one.name for one in fields(Spec)}
    assert set(shown["source"]) == {one.name for one in fields(Source)}
    assert set(shown["source"]["identity"]) == {one.name for one in fields(SourceIdentity)}


def test_every_field_of_a_record_has_its_column():
    assert set(FIELDS) == {one.name for one in fields(Record)}
    assert COLUMNS.count(",") == len(FIELDS) - 1


@pytest.mark.parametrize("name", ["number", "id", "version", "nonsense"])
def test_what_is_not_a_field_to_update_is_refused(name):
    with pytest.raises(InvalidArgument, match=name):
        column(name)


def test_a_cell_holds_plain_values():
    cells = [cell("status", TransferStatus.ERROR), cell("open", True), cell("needs", {"what": "space"}), cell("error", None), cell("due", 5)]

    assert cells == [7, 1, '{"what":"space"}', None, 5]
    assert [type(one) for one in cells[:2]] == [int, int]
