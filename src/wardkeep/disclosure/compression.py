# SPDX-License-Identifier: Apache-2.0
"""Compression before encryption: zstd (RFC 8878) with a dictionary of our own.

The dictionary holds text it was trained on, so it is trained on fictional people only
(tools/train_dictionary.py) and shipped with the package. A body names the dictionary
that it needs in its first byte. Lengths are padded, because the length of a
ciphertext tells of its content.
"""

from functools import cache
from importlib.resources import files

import zstandard

LEVEL = 3
PAD_BYTES = 16
MAX_BODY_BYTES = 64 * 1024 * 1024
NO_DICTIONARY = 0
CURRENT_DICTIONARY = 1
_DICTIONARY_FILES = {CURRENT_DICTIONARY: "fhir-1.zstd-dictionary.bin"}


class UnknownDictionaryError(Exception):
    """The body was written by a newer Wardkeep, with a dictionary not shipped here."""


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    name = _DICTIONARY_FILES.get(number)
    if name is None:
        raise UnknownDictionaryError
    raw = files("wardkeep.disclosure").joinpath(name).read_bytes()
    return zstandard.ZstdCompressionDict(raw)


@cache
def _compressor() -> zstandard.ZstdCompressor:
    dictionary = _dictionary(CURRENT_DICTIONARY)
    dictionary.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(
        level=LEVEL, dict_data=dictionary, write_dict_id=False, write_checksum=False
    )


@cache
def _decompressor(number: int) -> zstandard.ZstdDecompressor:
    if number == NO_DICTIONARY:
        return zstandard.ZstdDecompressor()
    return zstandard.ZstdDecompressor(dict_data=_dictionary(number))


def compress(text: bytes) -> bytes:
    """One byte naming the dictionary, one zstd frame, zeros up to a multiple of 16."""
    packed = bytes((CURRENT_DICTIONARY,)) + _compressor().compress(text)
    return packed + bytes(-len(packed) % PAD_BYTES)


def decompress(packed: bytes) -> bytes:
    """Undo `compress`.

    Raises:
        UnknownDictionaryError: for a body of a newer version.
        zstandard.ZstdError: for a damaged frame.
    """
    # Data behind the frame, here its padding, is allowed unless forbidden.
    return _decompressor(packed[0]).decompress(packed[1:], MAX_BODY_BYTES)
