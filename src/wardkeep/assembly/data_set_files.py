# SPDX-License-Identifier: Apache-2.0
"""The files of a data set: one CSV a table, a manifest with digests, and a zip of all.

They lie in a folder that the operator alone may enter, under a name that says that it
is not finished until everything is in it.
"""

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.base.spreadsheet import plain_cell
from wardkeep.fhir.data_sets.filling import Row
from wardkeep.fhir.data_sets.specification import Specification, Table

UNFINISHED = ".unfinished"
MANIFEST = "manifest.json"
_OWN_FOLDER, _OWN_FILE = 0o700, 0o600
_CHUNK = 1024 * 1024


class FolderError(Exception):
    """The folder cannot be used; `problem` has place and mend."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class FileLine(msgspec.Struct, frozen=True):
    """One file, as the manifest tells it."""

    name: str
    rows: int
    sha256: str


class _Open(msgspec.Struct):
    """A table that is being written."""

    table: Table
    file: BinaryIO
    digest: "hashlib._Hash"
    rows: int = 0


class DataSetFiles:
    """Writes the tables of one data set, row by row."""

    def __init__(self, folder: Path, specification: Specification) -> None:
        """Make the folder, which must not be there yet.

        Raises:
            FolderError: it is there, or cannot be made.
        """
        self.folder = folder
        self._here = folder.with_name(folder.name + UNFINISHED)
        try:
            if folder.exists():
                raise FileExistsError
            self._here.mkdir(mode=_OWN_FOLDER, parents=True)
        except OSError as error:
            raise FolderError(_problem(folder, self._here, error)) from None
        self._tables = {
            one.name: self._begin(one, f"{one.name}.csv") for one in specification.table
        }

    def _begin(self, table: Table, name: str) -> _Open:
        opened = _Open(table, _new_file(self._here / name), hashlib.sha256())
        _write(opened, [[one.name for one in table.columns]])
        return opened

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            opened = self._tables[row.table.name]
            _write(opened, [[plain_cell(one) for one in row.values]])
            opened.rows += 1

    def finish(self, manifest: dict[str, object]) -> str:
        """Write manifest and zip, and give the folder its name.

        Returns:
            The SHA-256 of the manifest, in hexadecimal.
        """
        lines = []
        for name, one in self._tables.items():
            one.file.close()
            lines.append(FileLine(f"{name}.csv", one.rows, one.digest.hexdigest()))
        told = msgspec.json.format(
            msgspec.json.encode({**manifest, "files": lines}), indent=2
        )
        with _new_file(self._here / MANIFEST) as file:
            file.write(told)
        self._zip([*(one.name for one in lines), MANIFEST])
        self._here.rename(self.folder)
        return hashlib.sha256(told).hexdigest()

    def _zip(self, names: Sequence[str]) -> None:
        with (
            _new_file(self._here / f"{self.folder.name}.zip") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for name in names:
                packed.write(self._here / name, name)

    def throw_away(self) -> None:
        """Delete what was written so far: what is half done is nobody's to send."""
        for one in self._tables.values():
            one.file.close()
        for path in self._here.iterdir():
            path.unlink()
        self._here.rmdir()


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN_FILE), "wb"
    )


def _write(opened: _Open, lines: Sequence[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    packed = text.getvalue().encode()
    opened.digest.update(packed)
    opened.file.write(packed)


def _problem(folder: Path, here: Path, error: OSError) -> Problem:
    if folder.exists():
        mend = "Name another folder with --to, or move this one away."
        return Problem(place=str(folder), wrong="it is there already", mend=mend)
    if here.exists():
        mend = "Nothing of it may be sent: delete it, then give the command again."
        wrong = "another run was interrupted, or is under way"
        return Problem(place=str(here), wrong=wrong, mend=mend)
    wrong = f"it cannot be made ({error.strerror})"
    return Problem(place=str(folder), wrong=wrong, mend="Name another with --to.")
