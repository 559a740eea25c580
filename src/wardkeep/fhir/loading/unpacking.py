# SPDX-License-Identifier: Apache-2.0
"""Unpacking with a limit: at most so many bytes are ever held, whatever a file says.

A bzip2 file of 1 kB can hold gigabytes, a .zip petabytes (the "zip bomb"), so every
stream is read in pieces and left as soon as it passes its limit.
"""

import bz2
import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.loading.limits import MIB, Limits

ENDINGS = (".json", ".json.gz", ".json.bz2", ".ndjson", ".ndjson.gz", ".ndjson.bz2")
_PIECE_BYTES = MIB
_ENCRYPTED = 0x1
_BROKEN = (EOFError, OSError, zlib.error, zipfile.BadZipFile, RuntimeError)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file within a .zip, as its directory describes it."""

    name: str
    unpacked_bytes: int


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(".zip")


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile | Problem]:
    """The .zip, or why it is none."""
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, ValueError) as error:
        yield _broken(str(path), error)
        return
    with archive:
        yield archive


def members(
    archive: zipfile.ZipFile, place: str, limits: Limits
) -> list[Member | Problem] | Problem:
    """What a .zip says it holds, each file good or refused; or why none is read."""
    listed = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(listed) > limits.archive_files:
        return Problem(
            place=place,
            wrong=f"it holds more than {limits.archive_files:,} files",
            mend="Split it.",
        )
    if sum(entry.file_size for entry in listed) > limits.archive_bytes:
        return Problem(
            place=place,
            wrong=f"its files unpack to more than {limits.archive_bytes:,} bytes",
            mend="Split it, or unpack it and name the folder.",
        )
    names: set[str] = set()
    found: list[Member | Problem] = []
    for entry in listed:
        found.append(_judge(entry, place, limits, is_again=entry.filename in names))
        names.add(entry.filename)
    return found


def _judge(
    entry: zipfile.ZipInfo, place: str, limits: Limits, *, is_again: bool
) -> Member | Problem:
    wrong = ""
    parts = entry.filename.replace("\\", "/").split("/")
    is_large = entry.file_size > MIB
    if is_again:
        wrong = "the archive has two files of this name"
    elif ".." in parts or parts[0] == "" or ":" in parts[0] or "\\" in entry.filename:
        wrong = "its name leads out of the archive"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        wrong = "it is a symbolic link"
    elif entry.flag_bits & _ENCRYPTED:
        wrong = "it is locked with a password"
    elif is_large and entry.file_size > limits.archive_ratio * entry.compress_size:
        wrong = f"it unpacks to more than {limits.archive_ratio} times its size"
    if wrong:
        mend = "Make the archive anew from the original files."
        return Problem(
            place=f"{place}!{_shown(entry.filename)}", wrong=wrong, mend=mend
        )
    return Member(name=entry.filename, unpacked_bytes=entry.file_size)


def _shown(name: str) -> str:
    """A name from outside, without what would upset a terminal or fill a screen."""
    return "".join(c if c.isprintable() else "?" for c in name[:200])


def read(path: Path, member: str, limits: Limits) -> bytes | Problem:
    """The unpacked bytes of a file, or of one member of a .zip."""
    place = f"{path}!{member}" if member else str(path)
    try:
        if member:
            with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
                return _drain(cast("BinaryIO", stream), member, place, limits)
        if path.stat().st_size > limits.document_bytes:
            return _too_large(place, limits)
        with path.open("rb") as stream:
            return _drain(stream, path.name, place, limits)
    except (*_BROKEN, ValueError, KeyError, RuntimeError) as error:
        return _broken(place, error)


def _drain(stream: BinaryIO, name: str, place: str, limits: Limits) -> bytes | Problem:
    with _unpacked(stream, name) as plain:
        held = bytearray()
        while piece := plain.read(_PIECE_BYTES):
            held += piece
            if len(held) > limits.document_bytes:
                return _too_large(place, limits)
    return bytes(held)


@contextmanager
def _unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    lower = name.lower()
    if lower.endswith(".gz"):
        with gzip.GzipFile(fileobj=stream, mode="rb") as plain:
            yield cast("BinaryIO", plain)
    elif lower.endswith(".bz2"):
        with bz2.BZ2File(stream, mode="rb") as unpacked:
            yield cast("BinaryIO", unpacked)
    else:
        yield stream


def _too_large(place: str, limits: Limits) -> Problem:
    return Problem(
        place=place,
        wrong=f"unpacked it is larger than {limits.document_bytes:,} bytes",
        mend="Split it into one file a patient.",
    )


def _broken(place: str, error: Exception) -> Problem:
    if isinstance(error, PermissionError):
        wrong, mend = "it may not be read", "Let the importing user read it."
    elif isinstance(error, EOFError):
        wrong, mend = "it is cut short", "Copy the file again from where it came."
    else:
        wrong = "it is damaged, or not what its name says"
        mend = "Copy the file again from where it came."
    return Problem(place=place, wrong=wrong, mend=mend)
