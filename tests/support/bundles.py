# SPDX-License-Identifier: Apache-2.0
"""Small FHIR bundles of made-up patients, as files to import."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def patient(id_: str, **more: object) -> Json:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": "Reed"}], **more}


def observation(id_: str, of: str, **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": of},
        "effectiveDateTime": "2026-11-01T09:41:00Z",
        "valueQuantity": {"value": 72, "unit": "/min"},
        **more,
    }


def bundle(*resources: Json) -> Json:
    """A transaction whose entries have the fullUrls `urn:uuid:` and their ids."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{one.get('id', number)}",
                "resource": one,
                "request": {"method": "POST", "url": str(one.get("resourceType"))},
            }
            for number, one in enumerate(resources)
        ],
    }


def person(number: int, *, observations: int = 2) -> Json:
    """A patient with some observations."""
    id_ = f"reed-{number}"
    return bundle(
        patient(id_),
        *[
            observation(f"pulse-{number}-{turn}", f"urn:uuid:{id_}")
            for turn in range(observations)
        ],
    )


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
