# SPDX-License-Identifier: Apache-2.0
"""Whoever goes from a practitioner to patients meets a canary soon, in every list."""

import json
from itertools import accumulate
from pathlib import Path
from typing import Any

from drills.test_canary_planting import load as load_records, plant_in, written
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.reading import Reader

STAFF = ("f1", "f2", "f3")
REAL, NOBODY = 279, 21


def record(number: int, staff: str, **ids: str) -> dict[str, Any]:
    """Somebody with a pulse by one of the staff, and a report on it."""
    patient, pulse = ids.get("patient", new_uuid()), ids.get("pulse", new_uuid())
    subject = {"reference": f"Patient/{patient}"}
    performer = [{"reference": f"Practitioner/{staff}"}]
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": patient,
            "identifier": [{"system": SYSTEM, "value": nth_test_number(number)}],
            "name": [{"family": "Quillfeather"}],
        },
        {
            "resourceType": "Observation",
            "id": pulse,
            "status": "final",
            "code": {"text": "pulse"},
            "subject": subject,
            "performer": performer,
        },
        {
            "resourceType": "DiagnosticReport",
            "id": ids.get("report", new_uuid()),
            "status": "final",
            "code": {"text": "pulse"},
            "subject": subject,
            "result": [
                {"reference": f"Observation/{pulse}"},
                {"reference": f"urn:uuid:{pulse}"},
            ],
        },
    ]
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


async def load(warden: RunningWarden, folder: Path) -> None:
    """With the staff that they refer to."""
    staff = [{"resource": {"resourceType": "Practitioner", "id": one}} for one in STAFF]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": staff}
    (folder / "0-staff.json").write_text(json.dumps(bundle))
    await load_records(warden, folder)


def web(warden: RunningWarden) -> Database:
    installation = warden.installation
    return Database(
        address_for(installation.settings, installation.layout, WEB), size=2
    )


async def rows_of(warden: RunningWarden, type_: str) -> list[Row]:
    number = OrganisationId(warden.entries()[-1].organisation)
    database = web(warden)
    async with database.connection(number) as connection:
        found = await connection.fetch(
            "select r.id, r.last_updated, p.id as patient from record.resource as r"
            " join record.patient as p on p.number = r.patient"
            " where r.type = $1 order by r.id",
            type_code(type_),
        )
    await database.close()
    return list(found)


async def test_each_stretch_of_each_list_has_one(
    warden: RunningWarden, tmp_path: Path
) -> None:
    real = [record(n, STAFF[n % 3]) for n in range(REAL)]
    await load(warden, written(tmp_path / "real", *real))
    nobody = [record(REAL + n, STAFF[n % 3]) for n in range(NOBODY)]
    canaries = {one["entry"][0]["resource"]["id"] for one in nobody}
    made = await plant_in(warden, written(tmp_path / "nobody", *nobody))
    assert made.planted == NOBODY
    of_staff = {
        one["entry"][0]["resource"]["id"]: STAFF[n % 3]
        for some in (real, nobody)
        for n, one in enumerate(some)
    }
    rows = await rows_of(warden, "Observation")
    assert len(rows) == REAL + NOBODY
    for staff in STAFF:
        listed = [row["patient"] for row in rows if of_staff[row["patient"]] == staff]
        before = list(accumulate(int(one not in canaries) for one in listed))
        places = [n for n, one in zip(before, listed, strict=True) if one in canaries]
        gaps = REAL // 3 + 1
        assert len(places) == NOBODY // 3
        for n, place in enumerate(places):
            assert n * gaps // len(places) <= place <= (n + 1) * gaps // len(places)
    dated, others = (
        {row["last_updated"] for row in rows if (row["patient"] in canaries) is is_one}
        for is_one in (True, False)
    )
    assert dated <= others


async def test_what_refers_to_a_resource_goes_on_referring_to_it(
    warden: RunningWarden, tmp_path: Path
) -> None:
    await load(warden, written(tmp_path / "real", record(400, "f1")))
    ids = {name: new_uuid() for name in ("patient", "pulse", "report")}
    folder = written(tmp_path / "nobody", record(401, "f1", **ids))
    assert (await plant_in(warden, folder)).planted == 1
    here = {id_of(row["id"]) for row in await rows_of(warden, "Observation")}
    [report] = [
        row
        for row in await rows_of(warden, "DiagnosticReport")
        if row["patient"] == ids["patient"]
    ]
    # The report leads to nobody and stays; the pulse moved, and the report knows.
    assert id_of(report["id"]) == ids["report"]
    said = await opened(warden, "DiagnosticReport", ids["report"])
    named = [one["reference"] for one in said["result"]]
    assert named[0] == named[1]
    assert named[0].removeprefix("Observation/") in here - {ids["pulse"]}
    # Planted once more it is known, and nothing doubles.
    assert (await plant_in(warden, folder)).planted == 0
    assert len(await rows_of(warden, "Observation")) == 2


async def test_ids_that_are_no_uuids_stay_as_they_were_given(
    warden: RunningWarden, tmp_path: Path
) -> None:
    await load(warden, written(tmp_path / "real", record(410, "f1")))
    made = record(411, "f1", pulse="pulse-nobody")
    folder = written(tmp_path / "nobody", made)
    assert (await plant_in(warden, folder)).planted == 1
    rows = await rows_of(warden, "Observation")
    assert "pulse-nobody" in {id_of(row["id"]) for row in rows}


async def opened(warden: RunningWarden, type_: str, id_: str) -> dict[str, Any]:
    number = OrganisationId(warden.entries()[-1].organisation)
    opener = Opener(
        session=await warden.session("doctor", organisation=warden.home),
        organisation=number,
        purpose=Purpose.DIRECT_CARE,
        reason="rang about results from Tuesday",
    )
    database = web(warden)
    found = await Reader(database, warden.door).one(type_, id_, opener=opener)
    await database.close()
    assert isinstance(found, Opened), found
    content: dict[str, Any] = json.loads(found.resources[0].text)
    return content
