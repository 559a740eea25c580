# SPDX-License-Identifier: Apache-2.0
"""Parquet of closed segments: every row there, nothing believed, nothing reached."""

import fcntl
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import KEY, ORIGIN, entry_about, open_ledger
from wardkeep.ledger.asking import Question, ask_counts, ask_rows
from wardkeep.ledger.compacting import compact, main
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.parquet import (
    FOLDER,
    connect,
    files_in,
    parquet_path,
    rows_of,
    told_segment,
    write_parquet,
)
from wardkeep.ledger.segment import segments_in
from wardkeep.ledger.segment_index import index_path, open_index

SMALL = 2_000


def mixed(number: int) -> Entry:
    """Openings, lists of five, refusals, and acts about nobody."""
    entry = entry_about(f"p-{number % 7}", number=number, resources=number % 3)
    kind = number % 10
    if kind == 0:
        return msgspec.structs.replace(entry, outcome="refusal:reason-needed")
    if kind == 1:
        return msgspec.structs.replace(entry, subjects=[], purpose="", action="sign-in")
    if kind == 2:
        five = [
            Subject.about(
                patient=f"p-{one}", tier="banner", relationship="", resources=()
            )
            for one in range(5)
        ]
        return msgspec.structs.replace(entry, subjects=five, action="find")
    return entry


def compacted(folder: Path, entries: int = 80) -> Path:
    ledger = open_ledger(folder, segment_bytes=SMALL)
    for number in range(entries):
        ledger.append(mixed(number))
        ledger.commit()
    ledger.publish()
    ledger.close()
    done = compact(folder, KEY.verify_key, origin=ORIGIN)
    assert (done.fault, done.written) == ("", done.segments)
    assert done.segments == len(segments_in(folder)) - 1 > 5
    return folder / FOLDER


def test_every_row_of_closed_segments_is_there_and_no_other(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    found = ask_rows(folder, Question(), most=10_000)
    below = segments_in(tmp_path)[-1][0]
    assert found.entries_below == below
    wanted = [row for n in range(below) for row in rows_of(n, mixed(n))]
    made = [msgspec.structs.asdict(row) for row in wanted]
    key = lambda row: (row["entry"], row["part"])  # noqa: E731
    assert sorted(found.rows, key=key) == sorted(made, key=key)
    assert [row["entry"] for row in found.rows] == sorted(
        (row["entry"] for row in made), reverse=True
    )


@pytest.mark.parametrize(
    "question",
    [
        Question(patient="p-3"),
        Question(rule="any"),
        Question(rule="reason-needed", patient="p-0"),
        Question(rule="frozen"),
        Question(action="find", organisation=1),
        Question(organisation=2),
        Question(since=entry_about("p", number=20).at),
        Question(until=entry_about("p", number=20).at),
        Question(session=entry_about("p").session, account=entry_about("p").account),
    ],
)
def test_a_question_finds_what_reading_everything_finds(
    tmp_path: Path, question: Question
) -> None:
    folder = compacted(tmp_path)
    rows = ask_rows(folder, Question(), most=10_000).rows
    found = ask_rows(folder, question, most=10_000).rows
    wanted = [
        row
        for row in rows
        if all(
            getattr(question, name) in ("", 0, row[name])
            for name in ("account", "patient", "session", "organisation", "action")
        )
        and (not question.rule or row["refused_by"])
        and question.rule in ("", "any", row["refused_by"])
        and row["at"] >= question.since
        and (not question.until or row["at"] < question.until)
    ]
    assert found == wanted
    by_action = ask_counts(folder, question, by="action").groups
    assert {one.name: one.entries for one in by_action} == Counter(
        action for _, action in {(row["entry"], row["action"]) for row in wanted}
    )
    assert sum(one.refused for one in by_action) == len(
        {row["entry"] for row in wanted if row["refused_by"]}
    )


def test_days_are_londons(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    [day] = ask_counts(folder, Question(), by="day").groups
    assert (day.name, day.people) == ("2025-11-24", 7)


@settings(max_examples=20, deadline=None)
@given(reason=st.text(max_size=60))
def test_any_reason_comes_back_letter_by_letter(
    tmp_path_factory: pytest.TempPathFactory, reason: str
) -> None:
    folder = tmp_path_factory.mktemp("reason")
    ledger = open_ledger(folder, segment_bytes=1)
    for _ in range(2):
        ledger.append(msgspec.structs.replace(entry_about("p"), reason=reason))
        ledger.commit()
    ledger.publish()
    ledger.close()
    compact(folder, KEY.verify_key, origin=ORIGIN)
    [row] = ask_rows(folder / FOLDER, Question()).rows
    assert row["reason"] == reason


def test_a_file_names_its_segment_and_is_made_anew_from_it(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    _, path = segments_in(tmp_path)[2]
    index = open_index(index_path(path))
    assert index is not None
    mine = parquet_path(tmp_path, path)
    assert told_segment(mine) == index.header.sha256.hex()
    mine.write_bytes(files_in(folder)[0].read_bytes())
    assert told_segment(mine) != index.header.sha256.hex()
    done = compact(tmp_path, KEY.verify_key, origin=ORIGIN, check_all=True)
    assert (done.written, done.indexed) == (1, 0)
    assert told_segment(mine) == index.header.sha256.hex()
    mine.write_bytes(b"none")
    assert told_segment(mine) == ""
    assert mine.stat().st_mode & 0o077 == 0


def test_a_second_turn_does_nothing(tmp_path: Path) -> None:
    compacted(tmp_path)
    done = compact(tmp_path, KEY.verify_key, origin=ORIGIN)
    assert (done.checked, done.indexed, done.written) == (0, 0, 0)
    assert not list((tmp_path / FOLDER).glob(".making-*"))


def test_one_process_compacts_and_clears_what_a_kill_left(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    half = folder / ".making-killed"
    half.mkdir()
    (half / "rows.json").write_text("{}", encoding="utf-8")
    for path in files_in(folder):
        path.unlink()
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).segments == 0
    assert half.exists()
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).written > 5
    assert not half.exists()


def test_a_question_is_never_part_of_the_sql(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    for name in ("account", "patient", "session", "rule", "action"):
        hostile = msgspec.convert({name: "' or 1=1 --"}, Question)
        assert ask_rows(folder, hostile).rows == []


def test_what_asks_reads_one_folder_and_writes_nowhere(tmp_path: Path) -> None:
    folder = compacted(tmp_path)
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    with connect(only=folder) as connection:
        for sql in (
            f"from read_csv('{secret}')",
            f"from read_csv('{folder}/../secret.csv')",
            f"copy (select 1) to '{tmp_path}/made.csv'",
            "install httpfs",
            "load httpfs",
            "set enable_external_access = true",
            "from 'https://example.org/a.parquet'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_nothing_compacted_is_nothing_found(tmp_path: Path) -> None:
    assert ask_rows(tmp_path, Question()).rows == []
    assert ask_counts(tmp_path, Question(), by="rule").groups == []
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).segments == 0


def test_a_disk_that_is_full_leaves_no_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path, segment_bytes=1)
    for _ in range(2):
        ledger.append(entry_about("p"))
        ledger.commit()
    ledger.publish()
    ledger.close()

    def full(_path: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wardkeep.ledger.parquet.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_parquet(tmp_path, segments_in(tmp_path)[0][1], sha256=bytes(32))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_process_beside_the_warden_says_what_it_did(tmp_path: Path) -> None:
    compacted(tmp_path)
    key = KEY.verify_key.public_bytes.hex()
    command = [sys.executable, "-m", "wardkeep.ledger.compacting"]
    said = subprocess.run(
        [*command, str(tmp_path), ORIGIN, key, "all"], capture_output=True, check=True
    )
    told = json.loads(said.stdout)
    assert told["fault"] == ""
    assert told["checked"] == told["segments"] > 5


def test_a_change_ends_the_turn_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compacted(tmp_path)
    monkeypatch.setattr("wardkeep.ledger.compacting.os.nice", lambda _by: 0)
    _, path = segments_in(tmp_path)[1]
    path.write_bytes(path.read_bytes().replace(b"direct-care", b"direct-carf", 1))
    arguments = [str(tmp_path), ORIGIN, KEY.verify_key.public_bytes.hex()]
    assert main(arguments) == 0
    assert main([*arguments, "all"]) == 1
    assert path.name in json.loads(capsys.readouterr().out.splitlines()[-1])["fault"]


def test_an_index_that_hides_an_entry_is_found_by_the_days_check(
    tmp_path: Path,
) -> None:
    compacted(tmp_path)
    path = index_path(segments_in(tmp_path)[1][1])
    index = open_index(path)
    assert index is not None
    raw = bytearray(path.read_bytes())
    # Behind the header: the first key of a person, program or session.
    raw[-4 * index.header.entries - 12 * index.header.postings] ^= 1
    path.write_bytes(raw)
    assert open_index(path) is not None, "a start takes it"
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).fault == ""
    found = compact(tmp_path, KEY.verify_key, origin=ORIGIN, check_all=True)
    assert found.fault.startswith(f"{path.name}: it is not the index of its segment")
    path.unlink()
    open_ledger(tmp_path, segment_bytes=SMALL).close()
    found = compact(tmp_path, KEY.verify_key, origin=ORIGIN, check_all=True)
    assert found.fault == ""
