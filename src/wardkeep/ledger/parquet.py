# SPDX-License-Identifier: Apache-2.0
"""Closed segments as Parquet: one row a patient in an entry, for questions over all.

A Parquet file is an index and no evidence: it names the SHA-256 of its segment, can be
made anew from it at any time, and whoever needs proof reads the entry. DuckDB writes
and reads it, in a process that has no keys: https://duckdb.org/docs/stable/data/parquet
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wardkeep.ledger import segment
from wardkeep.ledger.entry import Entry, decode
from wardkeep.ledger.segment import Frame
from wardkeep.ledger.tiles import sync_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDER = "parquet"
MAKING = ".making-"
"""How the name of a folder begins in which a file is being made."""
VERSION = "1"
MEMORY = "512MB"
THREADS = 1
REFUSAL = "refusal:"
COLUMNS = {
    "entry": "UBIGINT",
    "part": "USMALLINT",
    "at": "BIGINT",
    "organisation": "UINTEGER",
    "account": "VARCHAR",
    "session": "VARCHAR",
    "role": "VARCHAR",
    "purpose": "VARCHAR",
    "reason": "VARCHAR",
    "action": "VARCHAR",
    "request": "VARCHAR",
    "patient": "VARCHAR",
    "tier": "VARCHAR",
    "relationship": "VARCHAR",
    "resources": "UINTEGER",
    "types": "VARCHAR",
    "refused_by": "VARCHAR",
    "software": "VARCHAR",
}
"""`at` is UTC microseconds since 1970; `types` reads `Condition:1 Observation:3`."""
_SHAPE = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
_WRITE = f"""
    copy (select * from read_json($1, format = 'newline_delimited', columns = {_SHAPE},
                                  maximum_object_size = 1048576)
           order by organisation, account, entry, part)
      to '%s' (format parquet, compression zstd, row_group_size 122880,
               kv_metadata {{segment: '%s', sha256: '%s', version: '{VERSION}'}})
"""  # noqa: S608 - names of ours and hexadecimal digits alone


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One patient in one entry; entries about nobody have one row as well."""

    entry: int
    part: int
    at: int
    organisation: int
    account: str
    session: str
    role: str
    purpose: str
    reason: str
    action: str
    request: str
    patient: str
    tier: str
    relationship: str
    resources: int
    types: str
    refused_by: str
    """The code of the refusal; empty where it was granted."""
    software: str


def rows_of(position: int, entry: Entry) -> Iterator[Row]:
    refused_by = entry.outcome.removeprefix(REFUSAL)
    named = [
        (
            one.patient,
            one.tier,
            one.relationship,
            {type_: len(found) for type_, found in one.packed_resources.items()},
        )
        for one in entry.subjects
    ] or [("", "", "", {})]
    for part, (patient, tier, relationship, counted) in enumerate(named):
        yield Row(
            entry=position,
            part=part,
            at=entry.at,
            organisation=entry.organisation,
            account=entry.account,
            session=entry.session,
            role=entry.role,
            purpose=entry.purpose,
            reason=entry.reason,
            action=entry.action,
            request=entry.request,
            patient=patient,
            tier=tier,
            relationship=relationship,
            resources=sum(counted.values()),
            types=" ".join(f"{type_}:{n}" for type_, n in sorted(counted.items())),
            refused_by="" if refused_by == "grant" else refused_by,
            software=entry.software,
        )


def parquet_path(folder: Path, segment_path: Path) -> Path:
    return folder / FOLDER / segment_path.with_suffix(".parquet").name


def connect(*, only: Path | None = None) -> "DuckDBPyConnection":
    """DuckDB in memory, bounded; with `only`, it reads below that folder alone."""
    # 66 MB of code that the warden must not have: it asks in a process beside.
    import duckdb  # noqa: PLC0415

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY,
            "threads": str(THREADS),
            "preserve_insertion_order": "false",
        }
    )
    if only is not None:
        connection.execute("set allowed_directories = ?", [[f"{only}/"]])
        connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def told_segment(path: Path) -> str:
    """SHA-256, in hexadecimal, of the segment that a file was made from; or empty."""
    import duckdb  # noqa: PLC0415 - as above

    try:
        with connect() as connection:
            found = connection.execute(
                "select key, value from parquet_kv_metadata(?)", [str(path)]
            ).fetchall()
    except duckdb.Error:
        return ""
    told = {bytes(key).decode(): bytes(value).decode() for key, value in found}
    return told.get("sha256", "") if told.get("version") == VERSION else ""


def write_parquet(folder: Path, segment_path: Path, *, sha256: bytes) -> Path:
    """Make the Parquet file of a segment that was checked; whole or not at all.

    Raises:
        OSError: the disk refused.
    """
    path = parquet_path(folder, segment_path)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=MAKING) as beside:
        made = Path(beside) / path.name
        rows = Path(beside) / "rows.json"
        _write_rows(rows, _entries_in(segment_path))
        with connect() as connection:
            told = (_quoted(made), segment_path.name, sha256.hex())
            connection.execute(_WRITE % told, [str(rows)])
        made.chmod(0o600)
        descriptor = os.open(made, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        made.replace(path)
    sync_folder(path.parent)
    return path


def _entries_in(path: Path) -> Iterator[tuple[int, Entry]]:
    raw = path.read_bytes()
    header = segment.read_header(raw)
    first = 0 if header is None else header.first_index
    for place, frame in enumerate(segment.read_frames(raw)):
        if isinstance(frame, Frame):
            yield first + place, decode(frame.entry)


def _write_rows(path: Path, entries: Iterable[tuple[int, Entry]]) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        path.chmod(0o600)
        for position, entry in entries:
            lines = [encode(row) + b"\n" for row in rows_of(position, entry)]
            file.write(b"".join(lines))


def _quoted(path: Path) -> str:
    """A path inside quotes; a name of ours has none, the folder's may."""
    return str(path).replace("'", "''").replace("%", "%%")


def files_in(folder: Path) -> Sequence[Path]:
    """The Parquet files of a folder, in the order of their entries."""
    return sorted(folder.glob("segment-*.parquet"))
