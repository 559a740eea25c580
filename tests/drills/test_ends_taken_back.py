# SPDX-License-Identifier: Apache-2.0
"""Who takes back an end has made no work for themselves, and has made none longer.

With a stolen session of a clinician: an end that is taken back explains to its queue
what it explained before, and after a while whoever writes it has written it.
"""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from support.clinics import Town, Who, clinic_town
from support.warden import Installation
from wardkeep.base.clock import SystemClock
from wardkeep.fhir.clinics.resources import draft
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import advance, take_back
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content, entry_in, queued
from wardkeep.fhir.urgent.steps import Step

TAKER, ANN = Person("Practitioner/tess", "Tess"), Person("Practitioner/ann", "Ann")
ENDED = frozenset({Step.END})


@pytest.fixture
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, home=f"org-{secrets.token_hex(4)}") as made:
        yield made


async def writes(town: Town, who: Who, entry: Entry, *, version: int) -> None:
    opener = Opener(
        session=who.opener.session,
        organisation=town.organisation,
        reason="rang about the case of Tuesday",
    )
    change = Change(drafts=[draft(entry_content(entry), entry.id)], expected=[version])
    written = await town.writer.write(change, opener=opener)
    assert isinstance(written, Written), written


async def opens(town: Town, who: Who, patient: str) -> str:
    reader = Reader(town.database, town.warden.door)
    found = await reader.one("Patient", patient, opener=who.opener)
    assert not isinstance(found, NotFound), found
    return found.relationship if isinstance(found, Opened) else f"({found.code})"


async def waiting(town: Town) -> Entry:
    """Somebody whose call a call taker ended with a place in a queue."""
    patient = f"p-{secrets.token_hex(6)}"
    await town.load([{"resourceType": "Patient", "id": patient}])
    given = town.clock.now() - timedelta(hours=1)
    [_, place] = queued(
        f"c-{patient}",
        patient,
        DISPOSITIONS["clinician-1h"],
        given=given,
        author=TAKER,
        why="Worse",
    )
    entry = entry_in({**place, "id": f"e-{patient}"})
    assert entry is not None
    return entry


async def test_an_end_taken_back_explains_what_it_explained_before(town: Town) -> None:
    taker = await town.works("health_advisor", places=())
    entry = await waiting(town)
    nurse = await town.works("urgent_care_clinician", places=(entry.place,))
    await writes(town, taker, entry, version=0)
    assert await opens(town, nurse, entry.patient) == "queue"

    def did(step: Step) -> Did:
        return Did(step=step, at=SystemClock().now(), by=ANN, words="Advised")

    taken = advance(entry, did(Step.TAKE))
    assert isinstance(taken, Entry)
    await writes(town, nurse, taken, version=1)
    ended = advance(taken, did(Step.END))
    assert isinstance(ended, Entry)
    await writes(town, nurse, ended, version=2)
    assert await opens(town, nurse, entry.patient) == "queue"
    undone = take_back(ended, taken, did(Step.UNDO), among=ENDED)
    assert isinstance(undone, Entry)
    await writes(town, nurse, undone, version=3)
    assert await opens(town, nurse, entry.patient) == "queue", "nobody's own work"
