"""CRC32 as S3 writes it, and the CRC of a whole from those of its parts."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache

_POLYNOMIAL = 0xEDB88320  # of zlib's CRC32, reflected

Matrix = tuple[int, ...]


def written(crc: int) -> str:
    """As a header has it: base64 of four bytes, big end first (Amazon S3 user guide, "Checking object integrity")."""
    return b64encode(struct.pack(">I", crc)).decode()


def read(text: str | None) -> int | None:
    """The CRC32 that a header tells; None where it tells none of a whole object."""
    try:
        (crc,) = struct.unpack(">I", b64decode(text or "", validate=True))
    except (struct.error, Base64Error, ValueError):
        return None
    return int(crc)


def joined(first: int, second: int, length: int) -> int:
    """The CRC32 of two pieces one after the other; length: bytes of the second. As zlib's ``crc32_combine`` does it: appending zeros is a matrix over GF(2)."""
    if length == 0:
        return first
    return _times(_zeros(length), first) ^ second


@lru_cache(maxsize=8)
def _zeros(length: int) -> Matrix:
    """What appending so many zero bytes makes of a CRC."""
    power = _square(_square(_square((_POLYNOMIAL, *(1 << bit for bit in range(31))))))  # one byte
    found: Matrix | None = None
    while length:
        if length & 1:
            found = power if found is None else tuple(_times(power, row) for row in found)
        power = _square(power)
        length >>= 1
    return found or ()


def _square(matrix: Matrix) -> Matrix:
    return tuple(_times(matrix, row) for row in matrix)


def _times(matrix: Matrix, vector: int) -> int:
    total = 0
    for row in matrix:
        if not vector:
            break
        if vector & 1:
            total ^= row
        vector >>= 1
    return total
