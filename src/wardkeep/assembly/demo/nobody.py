# SPDX-License-Identifier: Apache-2.0
"""Records of people who are nobody: drawn like the demo people, but from secret chance.

The demo people are the same everywhere; whoever has this source knows them. A canary of
the demonstration must not be among what can be worked out: its position, numbers and
ids are drawn from the system's entropy. Nothing of it is now or later, so that no
clinic, ward or round has it on a list.
"""

import secrets
from collections.abc import Iterator
from datetime import date

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.record import record_of
from wardkeep.assembly.demo.chart.sheet import entry_of, transaction
from wardkeep.assembly.demo.numbers import between_demo_numbers
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.people import (
    STEP,
    local_number,
    phone_line,
    somebody,
)
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.story import Story, story_of
from wardkeep.base.nhs_number import NhsNumber

_FIRST, _MANY = 1_000_000, 1_000_000_000
OF_WORK = frozenset({"Appointment", "CareTeam", "CarePlan"})
"""Types by which somebody's work leads to a patient."""
_encode = msgspec.json.Encoder().encode


def nobodies(organisation: DemoOrganisation, *, today: date) -> Iterator[bytes]:
    """Endless FHIR R4 transaction Bundles, each of one person who does not exist.

    They refer to the organisation's own resources, as those of its patients do.
    """
    taken: set[str] = set()
    numbers = between_demo_numbers(
        organisation.first_nhs_body, organisation.patient_count
    )
    for number in numbers:
        story = _story(organisation, number, today=today)
        if story.person.local_number not in taken:
            taken.add(story.person.local_number)
            yield _with_secret_ids(_without_work(record_of(organisation, story)))


def _story(organisation: DemoOrganisation, number: NhsNumber, *, today: date) -> Story:
    position = _FIRST + secrets.randbelow(_MANY)
    drawn = somebody(organisation, position, number=number, today=today)
    person = msgspec.structs.replace(
        drawn,
        local_number=_local_number(organisation),
        phone_line=phone_line(
            organisation, secrets.randbelow(organisation.patient_count)
        ),
        ward=None,
    )
    return msgspec.structs.replace(
        story_of(person, today=today), stay=None, clinic_visits=()
    )


def _local_number(organisation: DemoOrganisation) -> str:
    """Between those of two patients, and of neither."""
    some = secrets.randbelow(organisation.patient_count)
    return local_number(organisation, some, beyond=1 + secrets.randbelow(STEP - 1))


def _without_work(bundle: Json) -> list[Json]:
    """The resources that put nobody on anybody's list."""
    found = [one["resource"] for one in bundle["entry"]]
    return [one for one in found if one["resourceType"] not in OF_WORK]


def _with_secret_ids(resources: list[Json]) -> bytes:
    """A transaction with ids that the labels of the demo do not give away."""
    secret = secrets.token_hex(16)
    entries = [entry_of(one["resourceType"], one["id"], one) for one in resources]
    text = _encode(transaction(entries))
    for one in resources:
        text = text.replace(one["id"].encode(), stable_id(secret, one["id"]).encode())
    return text
