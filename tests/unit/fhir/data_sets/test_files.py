# SPDX-License-Identifier: Apache-2.0
"""The files of a data set: for their owner alone, whole or not there, no formula."""

import csv
import hashlib
import json
import stat
import zipfile
from pathlib import Path

import pytest

from support.data_sets import ANN, MHSDS, filled, referral
from wardkeep.assembly.data_set_files import UNFINISHED, DataSetFiles, FolderError


def lines_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_until_it_is_whole_it_has_another_name(tmp_path: Path) -> None:
    files = DataSetFiles(tmp_path / "out", MHSDS)
    files.write(filled(ANN, referral()).rows)
    assert [one.name for one in tmp_path.iterdir()] == [f"out{UNFINISHED}"]
    digest = files.finish({"period": "2026-11"})
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    raw = (tmp_path / "out" / "manifest.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == digest
    told = json.loads(raw)
    assert {one["name"] for one in told["files"]} == {
        f"{one.name}.csv" for one in MHSDS.table
    }
    with zipfile.ZipFile(tmp_path / "out" / "out.zip") as packed:
        assert len(packed.namelist()) == len(MHSDS.table) + 1


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    DataSetFiles(tmp_path / "out", MHSDS).finish({})
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    for one in (tmp_path / "out").iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_a_table_without_rows_has_its_columns_all_the_same(tmp_path: Path) -> None:
    DataSetFiles(tmp_path / "out", MHSDS).finish({})
    for table in MHSDS.table:
        [columns] = lines_of(tmp_path / "out" / f"{table.name}.csv")
        assert columns == [one.name for one in table.columns]


def test_no_cell_becomes_a_formula(tmp_path: Path) -> None:
    odd = {**ANN, "address": [{"use": "home", "postalCode": "=1+1"}]}
    files = DataSetFiles(tmp_path / "out", MHSDS)
    files.write(filled(odd, referral()).rows)
    files.finish({})
    _, row = lines_of(tmp_path / "out" / "MHS001MPI.csv")
    assert "'=1+1" in row
    assert "=1+1" not in row


def test_what_is_thrown_away_leaves_nothing(tmp_path: Path) -> None:
    files = DataSetFiles(tmp_path / "out", MHSDS)
    files.write(filled(ANN, referral()).rows)
    files.throw_away()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "words"),
    [("out", "it is there already"), (f"out{UNFINISHED}", "another run")],
)
def test_a_folder_that_is_there_is_refused_with_the_mend(
    tmp_path: Path, there: str, words: str
) -> None:
    (tmp_path / there).mkdir()
    with pytest.raises(FolderError, match=words) as told:
        DataSetFiles(tmp_path / "out", MHSDS)
    assert told.value.problem.mend


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be made"):
        DataSetFiles(tmp_path / "file" / "out", MHSDS)
