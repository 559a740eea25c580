# SPDX-License-Identifier: Apache-2.0
"""A treatment centre with free times, and whoever is to be visited at home."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from support.urgent import caller, queue_places, whole_call
from support.ward_beds import now
from wardkeep.fhir.clinics.resources import instant

CENTRE = "moor"
NAME = "Moor Lane treatment centre"
FIRST, MINUTES = 6, 2
"""Soon, so that a desk's list of today has them until late in the evening."""
Json = dict[str, Any]


def centre(times: int) -> Iterator[Json]:
    """The queues, the centre, and times from some minutes on: `slot-0` and so on."""
    yield from queue_places()
    yield {
        "resourceType": "Location",
        "id": CENTRE,
        "name": NAME,
        "status": "active",
        "type": [
            {
                "coding": [
                    {"system": "urn:wardkeep:place-type", "code": "treatment-centre"}
                ]
            }
        ],
    }
    yield {
        "resourceType": "Schedule",
        "id": f"{CENTRE}-times",
        "active": True,
        "actor": [{"reference": f"Location/{CENTRE}"}],
    }
    for nth in range(times):
        yield slot(nth, starts=now() + timedelta(minutes=FIRST + MINUTES * nth))


def slot(nth: int, *, starts: datetime) -> Json:
    starts = starts.replace(second=0, microsecond=0)
    return {
        "resourceType": "Slot",
        "id": f"slot-{nth}",
        "schedule": {"reference": f"Schedule/{CENTRE}-times"},
        "status": "free",
        "start": instant(starts),
        "end": instant(starts + timedelta(minutes=MINUTES)),
    }


def at_home(id_: str, *, ago: int, family: str, code: str = "visit-6h") -> list[Json]:
    """A call that came to a home visit, and where the caller lives."""
    made = whole_call(id_, code, given=now() - timedelta(minutes=ago), family=family)
    lives = {
        "address": [
            {
                "use": "home",
                "line": [f"{len(id_)} Test Lane"],
                "city": "Testleeds",
                "postalCode": "LS17 9ZZ",
            }
        ]
    }
    return [{**caller(id_, family), **lives}, *made[1:]]
