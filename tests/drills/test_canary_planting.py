# SPDX-License-Identifier: Apache-2.0
"""Planting, from the command to the record, and what a scope says of it afterwards."""

import json
import secrets
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.acts import colleague
from support.command import command
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
)
from wardkeep.assembly.demo.nobody import OF_WORK
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.planting import (
    SHARE,
    Planted,
    PlantingRefusedError,
    plant,
)
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.db.connection import Database
from wardkeep.fhir.model.type_codes import type_name
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.reading import Reader

NO_TEST_NUMBER = "9434765919"
"""A valid number outside the test range, from the NHS Data Dictionary's own example."""


def record(id_: str, number: str, *, family: str = "Nobody") -> dict[str, Any]:
    patient = {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": number}],
        "name": [{"family": family, "given": ["Wren"]}],
        "birthDate": "1961-04-17",
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient}],
    }


def written(folder: Path, *records: dict[str, Any]) -> Path:
    folder.mkdir()
    for n, one in enumerate(records):
        (folder / f"{n}.json").write_text(json.dumps(one))
    return folder


async def load(warden: RunningWarden, folder: Path) -> None:
    report = await load_paths(
        warden.installation.settings,
        warden.installation.layout,
        paths=[folder],
        organisation=warden.home,
        show=lambda **_: None,
    )
    assert report.refused == []


async def plant_in(
    warden: RunningWarden, folder: Path, *, reserved: frozenset[str] = frozenset()
) -> Planted:
    return await plant(
        warden.installation.settings,
        warden.installation.layout,
        organisation=warden.home,
        paths=[folder],
        reserved=reserved,
    )


async def refused(
    warden: RunningWarden, folder: Path, *, reserved: frozenset[str] = frozenset()
) -> str:
    with pytest.raises(PlantingRefusedError) as caught:
        await plant_in(warden, folder, reserved=reserved)
    return str(caught.value)


async def test_a_number_that_may_be_somebodys_is_refused_by_its_file(
    warden: RunningWarden, tmp_path: Path
) -> None:
    taken = nth_test_number(40)
    await load(warden, written(tmp_path / "real", record(new_uuid(), taken)))
    foreign = written(tmp_path / "a", record(new_uuid(), NO_TEST_NUMBER))
    assert "not among the reserved ones" in await refused(warden, foreign)
    reserved = frozenset({NO_TEST_NUMBER})
    assert (await plant_in(warden, foreign, reserved=reserved)).planted == 1
    same = written(tmp_path / "b", record(new_uuid(), taken))
    said = await refused(warden, same)
    assert "somebody here has the NHS number" in said
    assert "0.json" in said


async def test_who_is_here_already_is_never_made_a_canary(
    warden: RunningWarden, tmp_path: Path
) -> None:
    somebody = new_uuid()
    real = record(somebody, nth_test_number(41))
    await load(warden, written(tmp_path / "real", real))
    again = written(tmp_path / "a", record(somebody, nth_test_number(42)))
    assert "have a record here already" in await refused(warden, again)
    counted, told = await command(
        warden, "canary", "count", "--organisation", warden.home, "--json"
    )
    assert (counted, json.loads(told)["living"]) == (0, 0)


@pytest.mark.parametrize("wrong", ["nobody", "two", "without-id", "no-json"])
async def test_a_file_is_one_person_with_an_id(
    warden: RunningWarden, tmp_path: Path, wrong: str
) -> None:
    one = record(new_uuid(), nth_test_number(43))
    if wrong == "nobody":
        one["entry"] = []
    elif wrong == "two":
        one["entry"] *= 2
    elif wrong == "without-id":
        del one["entry"][0]["resource"]["id"]
    folder = written(tmp_path / "a", one)
    if wrong == "no-json":
        (folder / "0.json").write_text("{")
    assert "0.json" in await refused(warden, folder)


async def test_an_interrupted_planting_goes_on_and_doubles_nothing(
    warden: RunningWarden, tmp_path: Path
) -> None:
    records = [record(new_uuid(), nth_test_number(50 + n)) for n in range(6)]
    first = written(tmp_path / "first", *records[:3])
    assert (await plant_in(warden, first)).living == 3
    whole = written(tmp_path / "whole", *records)
    made = await plant_in(warden, whole)
    assert (made.planted, made.living, made.share) == (3, 6, 100.0)
    assert await plant_in(warden, whole) == Planted(planted=0, living=6, share=100.0)


async def test_each_is_dated_like_a_record_that_is_here(
    warden: RunningWarden, tmp_path: Path
) -> None:
    real = [record(new_uuid(), nth_test_number(70 + n)) for n in range(8)]
    await load(warden, written(tmp_path / "real", *real))
    nobody = [record(new_uuid(), nth_test_number(90 + n)) for n in range(8)]
    await plant_in(warden, written(tmp_path / "nobody", *nobody))
    number = OrganisationId(warden.entries()[-1].organisation)
    layout = warden.installation.layout
    database = Database(address_for(warden.installation.settings, layout, WEB), size=1)
    async with database.connection(number) as connection:
        rows = await connection.fetch(
            "select p.id, r.last_updated from record.resource as r"
            " join record.patient as p on p.number = r.patient"
        )
    await database.close()
    ids = {one["entry"][0]["resource"]["id"] for one in nobody}
    dated = {row["last_updated"] for row in rows if row["id"] in ids}
    assert len(rows) == 16
    assert dated <= {row["last_updated"] for row in rows if row["id"] not in ids}


@pytest.mark.parametrize("slug", ["fernhill", "larkspur"])
async def test_in_the_demonstration_they_are_made_and_are_on_no_list_of_work(
    warden: RunningWarden, tmp_path: Path, slug: str
) -> None:
    of_demo = next(one for one in demo_organisations() if one.slug == slug)
    warden.home = slug
    number = await warden.organisation(slug)
    real = tmp_path / "real"
    real.mkdir()
    bundle = msgspec.json.encode(demo_organisation_bundle(of_demo))
    (real / "0-organisation.json").write_bytes(bundle)
    today = SystemClock().now().date()
    for n, one in enumerate(islice(demo_patients(of_demo, today=today), 20)):
        (real / f"{n}.json").write_bytes(msgspec.json.encode(one))
    await load(warden, real)
    settings, layout = warden.installation.settings, warden.installation.layout
    made = await plant(settings, layout, organisation=slug)
    assert (made.planted, made.living) == (2, 2)
    with pytest.raises(PlantingRefusedError, match="There are 2 already"):
        await plant(settings, layout, organisation=slug)
    database = Database(address_for(settings, layout, WEB), size=1)
    async with database.connection(OrganisationId(number)) as connection:
        rows = await connection.fetch(
            "select r.type, count(*) as n from record.resource as r"
            " join record.patient as p on p.number = r.patient"
            " where p.number > (select max(number) - 2 from record.patient)"
            " group by r.type"
        )
    await database.close()
    types = {type_name(row["type"]) for row in rows}
    assert not types & OF_WORK
    assert {"Patient", "Observation", "Encounter"} <= types


async def test_the_commands_plant_count_and_retire(
    warden: RunningWarden, tmp_path: Path
) -> None:
    where = ("--organisation", warden.home)
    real = [record(new_uuid(), nth_test_number(100 + n)) for n in range(40)]
    await load(warden, written(tmp_path / "real", *real))
    nobody = [record(new_uuid(), nth_test_number(150 + n)) for n in range(4)]
    folder = str(written(tmp_path / "nobody", *nobody))
    ended, told = await command(warden, "canary", "plant", folder, *where)
    assert (ended, "4 were planted" in told) == (0, True), told
    # Who is no organisation of the demonstration hands in the records.
    ended, told = await command(warden, "canary", "plant", *where)
    assert (ended, f"{SHARE} of a hundred" in told) == (1, True), told
    _, told = await command(warden, "canary", "retire", "--met", *where)
    assert "Canaries: 4, of which somebody opened 0; 0 were retired." in told
    ended, told = await command(warden, "canary", "retire", *where)
    assert (ended, told) == (
        0,
        "Canaries: 0, of which somebody opened 0; 4 were retired.\n",
    )
    ended, told = await command(warden, "canary", "plant", *where)
    assert (ended, "no organisation of the demonstration" in told) == (1, True), told


async def test_a_scope_sets_apart_who_does_not_exist(
    installation: Installation, tmp_path: Path
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        number = await warden.organisation(warden.home)
        real, nobody = (record(new_uuid(), nth_test_number(n)) for n in (200, 201))
        await load(warden, written(tmp_path / "real", real))
        await plant_in(warden, written(tmp_path / "nobody", nobody))
        nurse = await colleague(warden, "ward_nurse")
        for one in (real, nobody):
            assert isinstance(await opens(warden, nurse.token, number, one), Opened)
        warden.service.ledger.publish()
        asked = ("scope", "--account", nurse.account)
        ended, told = await command(warden, *asked, "--json")
        found = json.loads(told)
        assert (ended, found["opened"], found["is_known_who_exists"]) == (0, 1, True)
        assert [one["patient"] for one in found["people"]] == [id_of(real)]
        assert [one["patient"] for one in found["canaries"]] == [id_of(nobody)]
        _, told = await command(warden, *asked)
        assert "not among them: 1." in told
    # Without a warden the scope is read all the same, and says what it could not ask.
    ended, told = await command(warden, *asked)
    assert (ended, "Canaries may be among them" in told) == (0, True), told


def id_of(bundle: dict[str, Any]) -> str:
    found: str = bundle["entry"][0]["resource"]["id"]
    return found


async def opens(
    warden: RunningWarden, token: str, number: int, bundle: dict[str, Any]
) -> object:
    layout = warden.installation.layout
    database = Database(address_for(warden.installation.settings, layout, WEB), size=1)
    opener = Opener(
        session=token,
        organisation=OrganisationId(number),
        reason="rang about results from Tuesday",
    )
    try:
        reader = Reader(database, warden.door)
        return await reader.one("Patient", id_of(bundle), opener=opener)
    finally:
        await database.close()
