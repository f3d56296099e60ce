"""The small pieces, one by one."""

import hashlib

import pytest
from sendoff import TooLarge
from sendoff_azure_blob import Settings
from sendoff_azure_blob.lanes import Lanes
from sendoff_azure_blob.names import OTHERS, Name, owner_of
from sendoff_azure_blob.plan import LARGEST, MOST, Plan

MIB = 2**20
ID = "0123456789abcdef"


@pytest.mark.parametrize(
    ("size", "block", "count"), [(0, 8 * MIB, 1), (8 * MIB, 8 * MIB, 1), (8 * MIB + 1, 8 * MIB, 2), (2**40, 22 * MIB, 47663), (190 * 2**40, 3993 * MIB, 49895)]
)  # fmt: skip
def test_blocks_grow_with_the_file_and_are_never_too_many(size, block, count):
    plan = Plan.of(size, Settings())

    assert (plan.block, plan.count) == (block, count)
    assert sum(plan.length(number) for number in (1, plan.count)) <= size + block
    assert plan.count <= MOST
    assert plan.start(plan.count) + plan.length(plan.count) == size


def test_a_file_that_no_blob_can_hold_is_refused():
    with pytest.raises(TooLarge):
        Plan.of(MOST * LARGEST + 1, Settings())


def test_a_block_size_of_ones_own_gives_way_to_the_most_blocks():
    assert Plan.of(MOST * MIB + 1, Settings(block_size=MIB)).block == MIB + 1


def test_a_name_tells_whose_which_and_what_and_all_are_equally_long():
    names = [Name.of(ID, number, hashlib.md5(bytes([number % 256])).digest()) for number in (1, 999, MOST)]

    assert [Name.read(str(name)) for name in names] == names
    assert {len(str(name)) for name in names} == {54}
    assert len({name.digest for name in names}) == 3


@pytest.mark.parametrize("text", ["", "theirs-0001", f"sendoff-{ID}-000001", f"sendoff-{ID}-00001-{'x' * 22}", f"sendoff-{ID}-000001-{'x' * 23}", "AAAA="])
def test_other_names_are_somebody_elses(text):
    assert (Name.read(text), owner_of(text)) == (None, OTHERS)


def test_one_error_ends_the_taking_and_the_one_that_matters_most_is_raised():
    taken = []

    def send(number):
        taken.append(number)
        raise TooLarge(str(number))

    with pytest.raises(TooLarge):
        Lanes(1).run(iter(range(10)), send)

    assert taken == [0]
