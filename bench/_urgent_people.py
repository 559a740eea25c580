# SPDX-License-Identifier: Apache-2.0
"""Who is in the record before the first call, as a load brings them."""

import json
from collections.abc import Sequence
from pathlib import Path

from support.prescribing import AMOXICILLIN
from support.urgent import caller, queue_places
from support.wards import Worker, practitioner
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.flags import SYSTEM as FLAGS

A_FILE = 500
WARNED_OF_EVERY = 50
"""One of so many people has a dog in the yard."""


def family_of(nth: int) -> str:
    return f"Ringer{nth:05d}"


def write_people(
    folder: Path, workers: Sequence[Worker], people: int, *, has_more: bool
) -> None:
    """Files for a load; with `has_more` there are warnings of danger."""
    medicine = item_content(AMOXICILLIN)
    _file(folder / "0.json", [*queue_places(), *map(practitioner, workers), medicine])
    for start in range(0, people, A_FILE):
        nths = range(start, start + A_FILE)
        made = [caller(f"p-{n}", family_of(n)) for n in nths]
        made += [_warning(n) for n in nths if n % WARNED_OF_EVERY == 0 and has_more]
        _file(folder / f"{start + 1:05d}.json", made)


def _warning(nth: int) -> dict[str, object]:
    return {
        "resourceType": "Flag",
        "id": f"dog-{nth}",
        "status": "active",
        "category": [{"coding": [{"system": FLAGS, "code": "SS"}]}],
        "code": {"text": "Loose dog in the yard"},
        "subject": {"reference": f"Patient/p-{nth}"},
    }


def _file(path: Path, resources: Sequence[dict[str, object]]) -> None:
    entries = [
        {
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    path.write_text(json.dumps(bundle))
