# SPDX-License-Identifier: Apache-2.0
"""Segment files: entries one after the other, each chained to the one before.

A file is a header and frames; docs/formats/ledger.md has every byte. The chain shows
edits in the entries that no checkpoint covers yet.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wardkeep.ledger.entry import MAX_ENTRY_BYTES

MAGIC = b"WARDKEEP"
VERSION = 1
CHAIN_BYTES = 32
FIRST_CHAIN = bytes(CHAIN_BYTES)
_HEADER = struct.Struct(">8sIQ32s")
_FRAME = struct.Struct(">I32s")
HEADER_BYTES = _HEADER.size
FRAME_OVERHEAD_BYTES = _FRAME.size
_NAME = re.compile(r"segment-(\d{20})\.ledger")
_sha256 = hashlib.sha256


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment says of itself."""

    first_index: int
    chain_before: bytes


class Frame(msgspec.Struct, frozen=True):
    """One entry as it lies in a segment."""

    offset: int
    chain: bytes
    entry: bytes


class FrameFault(msgspec.Struct, frozen=True):
    """Where a segment cannot be read on, and why."""

    offset: int
    wrong: str
    is_torn: bool
    """The file ends before the frame does: a write that was cut short."""


def segment_path(folder: Path, first_index: int) -> Path:
    return folder / f"segment-{first_index:020d}.ledger"


def segments_in(folder: Path) -> list[tuple[int, Path]]:
    """(first index by its name, path) of every segment, in order."""
    found = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match:
            found.append((int(match.group(1)), path))
    return sorted(found)


def header_bytes(header: Header) -> bytes:
    return _HEADER.pack(MAGIC, VERSION, header.first_index, header.chain_before)


def read_header(raw: bytes) -> Header | None:
    """The header; None where these bytes are none of ours."""
    if len(raw) < HEADER_BYTES:
        return None
    magic, version, first_index, chain_before = _HEADER.unpack_from(raw)
    if magic != MAGIC or version != VERSION:
        return None
    return Header(first_index=first_index, chain_before=chain_before)


def next_chain(chain: bytes, entry: bytes) -> bytes:
    return _sha256(chain + entry).digest()


def frame_bytes(chain: bytes, entry: bytes) -> bytes:
    """A frame; `chain` already includes the entry."""
    return _FRAME.pack(len(entry), chain) + entry


def read_frames(raw: bytes | memoryview) -> Iterator[Frame | FrameFault]:
    """Every frame after the header; a fault ends the segment."""
    offset, end = HEADER_BYTES, len(raw)
    while offset < end:
        if end - offset < FRAME_OVERHEAD_BYTES:
            yield FrameFault(offset, "the file ends inside a frame", is_torn=True)
            return
        length, chain = _FRAME.unpack_from(raw, offset)
        if not 0 < length <= MAX_ENTRY_BYTES:
            yield FrameFault(offset, f"a frame of {length} bytes", is_torn=False)
            return
        start = offset + FRAME_OVERHEAD_BYTES
        if start + length > end:
            yield FrameFault(offset, "the file ends inside a frame", is_torn=True)
            return
        yield Frame(offset, chain, bytes(raw[start : start + length]))
        offset = start + length
