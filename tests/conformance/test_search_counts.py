# SPDX-License-Identifier: Apache-2.0
"""Searches of real-looking data give exact numbers, and pages give every match once.

The data: 120 Synthea patients beside the repository, with numbers that another server
gave (counts.tsv); WARDKEEP_BENCH_RECORDS names another folder.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.hl7 import ROOT
from support.program import Program
from support.served import Served, served

RECORDS = Path(
    os.environ.get(
        "WARDKEEP_BENCH_RECORDS", str(ROOT.parent / "shared" / "data" / "synthea")
    )
)
pytestmark = [
    pytest.mark.skipif(
        not (RECORDS / "counts.tsv").exists(), reason="there is no Synthea data here"
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("counts")) as running:
        running.found("fernhill")
        running.command("import", str(RECORDS), "--organisation", "fernhill")
        yield running


@pytest.fixture
def program(server: Served, tmp_path: Path) -> Iterator[Program]:
    with closing(Program(server, tmp_path, organisation="fernhill")) as made:
        yield made


def test_every_count_is_exact(program: Program) -> None:
    lines = (RECORDS / "counts.tsv").read_text(encoding="utf-8").splitlines()[1:]
    wrong = []
    for line in lines:
        type_, query, expected = line.split("\t")
        counted = program.get(f"{type_}?{query}&_summary=count").json["total"]
        told = program.get(f"{type_}?{query}&_total=accurate").json["total"]
        if not counted == told == int(expected):
            wrong.append((type_, query, expected, counted, told))
    assert lines
    assert wrong == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Observation?date=2010&_count=100", 995),
        ("Observation?date=2010&_count=100&_sort=-date", 995),
        ("Observation?date=2010&_count=100&_sort=-_lastUpdated,_id", 995),
        ("Observation?date=lt2010&_count=500&_sort=value-quantity", 3448),
        ("MedicationRequest?medication.code=1736854&_count=7", 112),
    ],
)
def test_pages_give_every_match_once(
    program: Program, query: str, expected: int
) -> None:
    reply = program.get(query)
    seen = list(reply.ids)
    while reply.link("next"):
        reply = program.get(reply.link("next"))
        assert reply.status == 200, reply
        seen.extend(reply.ids)
    assert len(seen) == len(set(seen)) == expected


def test_dates_come_in_order(program: Program) -> None:
    replies = [
        program.get(f"Observation?date=2010&_count=200&_sort={sign}date")
        for sign in ("", "-")
    ]
    up, down = (
        [one["effectiveDateTime"] for one in reply.resources] for reply in replies
    )
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)


def test_everything_is_the_whole_record(program: Program) -> None:
    patient = program.get("Patient?_count=1").ids[0]
    reply = program.get(f"Patient/{patient}/$everything")
    count = reply.json["total"]
    modes = [one["search"]["mode"] for one in reply.entries]
    assert modes.count("match") == count
    assert "include" in modes
    listed = sum(
        program.get(f"{type_}?patient={patient}&_summary=count").json["total"]
        for type_ in {one["resourceType"] for one in reply.resources}
        if type_ not in ("Patient", "Provenance")
    )
    provenances = program.get(f"Provenance?patient={patient}&_summary=count")
    assert listed + provenances.json["total"] + 1 == count
