# SPDX-License-Identifier: Apache-2.0
"""An organisation of the drills with canaries among its patients.

Patients and canaries are of one make, and planted as an operator would. Each has one
observation by one of a dozen practitioners, so that references lead from one to others.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.names import given_name
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.drills.ground import SURNAME, DrillBrokenError, Ground
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.planting import SHARE, plant
from wardkeep.base.nhs_number import SYSTEM, check_digit
from wardkeep.disclosure.answers import Created
from wardkeep.disclosure.questions import CreateOrganisation

MEADOW = "thistledown"
PATIENTS = 558
"""Unless more are asked for; so many share a surname, which a search can be for."""
CANARIES = PATIENTS * SHARE // (100 - SHARE)
PRACTITIONERS = 12
_FIRST_BODY, _APART, _BODIES = 300_000, 97, 1_000_000
_AN_ADULT = 40
_A_FILE = 100
Json = dict[str, object]
_encode = msgspec.json.Encoder().encode


async def meadow(ground: Ground, patients: int = PATIENTS) -> tuple[str, ...]:
    """The ids of everybody in it, canaries too: what a scraper may come by.

    Made when it is first asked for, with so many patients.
    """
    if MEADOW not in ground.patients:
        made = await ground.operator.ask(
            CreateOrganisation(MEADOW, MEADOW.title()), Created
        )
        if not isinstance(made, Created):
            raise DrillBrokenError(str(made))
        ground.numbers[MEADOW] = int(made.id)
        many = patients + patients * SHARE // (100 - SHARE)
        everybody = tuple(stable_id(MEADOW, n) for n in range(many))
        await _fill(ground, everybody, patients)
        ground.patients[MEADOW] = everybody
    return ground.patients[MEADOW]


async def _fill(ground: Ground, everybody: Sequence[str], patients: int) -> None:
    with tempfile.TemporaryDirectory(prefix="wardkeep-meadow-") as folder:
        real, nobody = Path(folder) / "real", Path(folder) / "nobody"
        real.mkdir()
        nobody.mkdir()
        (real / "0-staff.json").write_bytes(_encode(_bundle(_staff())))
        records = [
            _record(id_, number, _family(_branch(number, patients)))
            for number, id_ in enumerate(everybody)
        ]
        # Canaries one by one, as each is dated by itself when it is planted.
        _write(real, records[:patients], _A_FILE)
        _write(nobody, records[patients:], 1)
        report = await load_paths(
            ground.settings,
            ground.layout,
            paths=[real],
            organisation=MEADOW,
            show=lambda **_: None,
        )
        planted = await plant(
            ground.settings,
            ground.layout,
            organisation=MEADOW,
            paths=[nobody],
            # Not secret, so that each run of a drill finds the same.
            draw=Chance(MEADOW, "spread").below,
        )
    if (report.patients, planted.living) != (patients, len(everybody) - patients):
        message = f"{report.patients} patients, {planted.living} canaries were loaded"
        raise DrillBrokenError(message)


def _write(folder: Path, records: Sequence[list[Json]], a_file: int) -> None:
    for start in range(0, len(records), a_file):
        some = [one for record in records[start : start + a_file] for one in record]
        (folder / f"{start:06d}.json").write_bytes(_encode(_bundle(some)))


def given_names() -> tuple[str, ...]:
    """The first names that somebody who searches by name would try."""
    chance = Chance(MEADOW, "guesses")
    drawn = (_first_name(chance) for _ in range(5 * PATIENTS))
    return tuple(sorted(set(drawn)))


def _first_name(chance: Chance) -> str:
    return given_name(chance, chance.pick(("female", "male")), _AN_ADULT)


def practitioner(number: int) -> str:
    return stable_id(MEADOW, "Practitioner", number)


def _staff() -> list[Json]:
    return [
        {
            "resourceType": "Practitioner",
            "id": practitioner(number),
            "name": [{"family": f"Drill{number}"}],
        }
        for number in range(PRACTITIONERS)
    ]


def _record(id_: str, number: int, family: str) -> list[Json]:
    chance = Chance(MEADOW, number)
    patient: Json = {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": _nhs_number(number)}],
        "name": [{"family": family, "given": [_first_name(chance)]}],
        "address": [{"line": [f"{chance.between(1, 99)} Nowhere Lane"]}],
        "birthDate": f"19{chance.between(30, 89)}-0{chance.between(1, 9)}-15",
    }
    observation: Json = {
        "resourceType": "Observation",
        "id": stable_id(MEADOW, number, "Observation"),
        "status": "final",
        "code": {"text": "Pulse"},
        "subject": {"reference": f"Patient/{id_}"},
        "performer": [
            {"reference": "Practitioner/" + practitioner(chance.below(PRACTITIONERS))}
        ],
        "valueQuantity": {"value": chance.between(55, 99), "unit": "/min"},
    }
    return [patient, observation]


def _branch(number: int, patients: int) -> int:
    """Of each surname as many patients as of the first, and as many canaries."""
    if number < patients:
        return number // PATIENTS
    return (number - patients) // CANARIES


def _family(branch: int) -> str:
    """Of one word: a search for the first ones' finds nobody else."""
    return f"Branch{branch}{SURNAME}" if branch else SURNAME


def _nhs_number(number: int) -> str:
    """A valid one of the test range; the next where there is no check digit."""
    body = (_FIRST_BODY + number * _APART) % _BODIES
    while True:
        nine = f"999{body:06d}"
        check = check_digit(nine)
        if check is not None:
            return f"{nine}{check}"
        body += 1


def _bundle(resources: Sequence[Json]) -> Json:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
