"""What can be shown without a server: checksums, plans, addresses, settings, the table of servers."""

import random
import zlib
from pathlib import PurePosixPath

import pytest
from sendoff import InvalidArgument, TooLarge
from sendoff_s3 import Settings, checksum
from sendoff_s3.address import below, place_of
from sendoff_s3.plan import Plan
from sendoff_s3.servers import MIB, SERVERS, server_for

AWS = SERVERS["aws"]
GIB = 2**30


def test_the_crc_of_a_whole_is_made_of_those_of_its_parts():
    chance = random.Random(1)
    for lengths in [(0, 0), (1, 0), (0, 1), (1, 1), (7, 100_003), (MIB, MIB - 1), (5 * MIB, 3)]:
        first, second = (chance.randbytes(length) for length in lengths)
        assert checksum.joined(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_a_checksum_is_read_as_it_was_written_and_one_of_parts_is_none():
    assert checksum.read(checksum.written(0xDEADBEEF)) == 0xDEADBEEF
    assert [checksum.read(text) for text in (None, "", "AAAA", "!!", "AAAAAA==-3")] == [None] * 5


@pytest.mark.parametrize(
    ("size", "part", "count"),
    [
        (0, 8 * MIB, 1),
        (8 * MIB, 8 * MIB, 1),
        (8 * MIB + 1, 8 * MIB, 2),
        (512 * MIB, 8 * MIB, 64),
        (1024 * GIB, 106 * MIB, 9893),
        (48 * 1024 * GIB, 5085 * MIB, 9899),
    ],
)
def test_parts_grow_with_the_file(size, part, count):
    plan = Plan.of(size, Settings(), AWS)

    assert (plan.part, plan.count) == (part, count)
    assert sum(plan.length(number) for number in range(1, plan.count + 1)) == size


@pytest.mark.parametrize(("name", "part"), [("storj", 64 * MIB), ("scaleway", 1166 * MIB)])
def test_parts_are_such_that_the_server_takes_them(name, part):
    assert Plan.of(1024 * GIB if name == "scaleway" else GIB, Settings(), SERVERS[name]).part == part


def test_a_server_without_multipart_gets_one_piece():
    assert Plan.of(GIB, Settings(), SERVERS["fastly"]).count == 1


def test_what_no_server_can_take_is_said_before_a_byte_is_sent():
    with pytest.raises(TooLarge, match="10000 parts of 5 GiB"):
        Plan.of(60 * 1024 * GIB, Settings(), AWS)


KEYS = ["plain", "a/b c", "ünï", "👩‍🚀", "a+b&c=d", "100%", "%41", "?#;:@", "\u202eright to left", "e\u0301 and é", "'\"<>", "tab\there", "x" * 1024, "~$*(),!"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_at_the_server_what_it_was_here(key):
    assert place_of(below("s3://bucket/", PurePosixPath(key))).key == key
    assert place_of(below("s3://bucket/in/", PurePosixPath(key[:900]))).key == f"in/{key[:900]}"


@pytest.mark.parametrize("url", ["s3://bucket/a?versionId=3", "s3://bucket/", "s3://bucket/%FF", "s3://bucket/" + "x" * 1025, "s3://bucket/" + "ü" * 513])
def test_what_no_key_can_be_is_refused(url):
    with pytest.raises(InvalidArgument):
        place_of(url)


def test_a_name_that_is_not_utf_8_is_refused_with_the_cure():
    with pytest.raises(InvalidArgument, match="not UTF-8"):
        below("s3://bucket/", PurePosixPath("caf\udce9"))


@pytest.mark.parametrize("bucket", ["ab", "Bucket", "a..b", "-ab", "ab-", "10.0.0.1", "a" * 64, "a b", "bücket", "user@bucket", "bucket:9000"])
def test_what_no_bucket_can_be_called_is_refused(bucket):
    with pytest.raises(InvalidArgument):
        below(f"s3://{bucket}/", PurePosixPath("key"))


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        (None, "aws"),
        ("https://s3.eu-west-1.amazonaws.com", "aws"),
        ("https://abc.r2.cloudflarestorage.com", "r2"),
        ("https://s3.us-west-004.backblazeb2.com", "b2"),
        ("https://storage.googleapis.com", "gcs"),
        ("http://127.0.0.1:9000", "other"),
        ("https://r2.cloudflarestorage.com.evil.example", "other"),
    ],
)
def test_a_server_is_recognized_by_its_address(endpoint, name):
    assert server_for("auto", endpoint) is SERVERS[name]


def test_each_row_of_the_table_names_its_source():
    assert all(row.said for row in SERVERS.values())


WRONG = [
    {"endpoint_url": "ftp://x"},
    {"endpoint_url": "https://user:secret@x"},
    {"server": "aws2"},
    {"metadata": {"a b": "c"}},
    {"metadata": {"a": "ü"}},
    {"expected_bucket_owner": "123"},
    {"client_key": "k"},
    {"sse_kms_key_id": "k"},
    {"sse": "AES256", "sse_customer_key_file": "k"},
    {"part_size": "1M"},
    {"part_size": 1},
    {"tags": "a"},
    {"nonsense": 1},
]


@pytest.mark.parametrize("words", WRONG, ids=",".join)
def test_settings_that_cannot_be_are_refused(words):
    with pytest.raises(ValueError):
        Settings(**words)


def test_settings_take_what_a_command_line_says():
    settings = Settings(part_size="16M", tags="a=b,c=d=e", connect_timeout="5s")

    assert (settings.part_size, settings.tags, settings.connect_timeout) == (16 * MIB, {"a": "b", "c": "d=e"}, 5.0)
