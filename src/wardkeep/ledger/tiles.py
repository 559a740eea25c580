# SPDX-License-Identifier: Apache-2.0
"""Tiles and entry bundles on disk, by the paths of C2SP tlog-tiles.

https://c2sp.org/tlog-tiles: `tile/<level>/<index>[.p/<width>]` holds hashes, and
`tile/entries/<index>[.p/<width>]` the entries, each behind a 16-bit length. They are
written behind the append and can be made anew from the segments.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

_LENGTH = struct.Struct(">H")
_GROUP = 1000
_BESIDE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def index_path(index: int) -> str:
    """An index in groups of three digits: 1234067 is x001/x234/067."""
    groups = [f"{index % _GROUP:03d}"]
    rest = index // _GROUP
    while rest:
        groups.append(f"x{rest % _GROUP:03d}")
        rest //= _GROUP
    return "/".join(reversed(groups))


def tile_path(folder: Path, level: int | str, index: int, width: int = 0) -> Path:
    """Where a tile lies; `width` is that of a partial tile, 0 for a full one."""
    full = folder / "tile" / str(level) / index_path(index)
    return full if not width else full.with_name(f"{full.name}.p") / str(width)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte: a disk that fills up takes a part before it refuses."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_file(path: Path, content: bytes) -> None:
    """Write whole or not at all: beside it first, then in its place."""
    beside = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(beside, _BESIDE, 0o600)
    except FileNotFoundError:
        # One folder for a thousand tiles: it is there already, but for once.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, _BESIDE, 0o600)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)


def sync_folder(folder: Path) -> None:
    """Put names on the disk: what was made or renamed in the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_partials(folder: Path, level: int | str, index: int, keep: int) -> None:
    """Remove partial tiles of an index but for the one of width `keep` (0: none)."""
    partials = tile_path(folder, level, index, 1).parent
    if not partials.is_dir():
        return
    for path in partials.iterdir():
        if path.name != str(keep):
            path.unlink()
    if not keep:
        partials.rmdir()


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle."""
    return b"".join(_LENGTH.pack(len(entry)) + entry for entry in entries)


def unbundle(raw: bytes) -> Iterator[bytes]:
    """The entries of a bundle; stops early where it is damaged."""
    offset = 0
    while offset + _LENGTH.size <= len(raw):
        (length,) = _LENGTH.unpack_from(raw, offset)
        offset += _LENGTH.size
        yield raw[offset : offset + length]
        offset += length
