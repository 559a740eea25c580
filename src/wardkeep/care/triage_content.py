# SPDX-License-Identifier: Apache-2.0
"""Triage content that an organisation has in use, for every page that asks by it."""

from collections.abc import Mapping
from datetime import date

from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.engine import About, Named
from wardkeep.fhir.triage.in_use import TYPE, InUse, in_use, library_id
from wardkeep.fhir.triage.library import NAMES, named_by
from wardkeep.ui.format import years_old
from wardkeep.web.visit import Visit

CHECKLIST = "adult-checklist"
"""What clinicians tick."""
OF_CALLERS = ("adult-danger-signs", "child-danger-signs")
"""What call takers ask: whichever is meant for the patient's age."""


def about_in(patient: Mapping[str, object], today: date) -> About:
    """What a Patient says that questions depend on."""
    return About(
        years=years_old(str(patient.get("birthDate", "")), today),
        sex=str(patient.get("gender", "")),
    )


async def content_in_use(
    visit: Visit, name: str = CHECKLIST
) -> InUse | Response | None:
    """None where the organisation never took it into use."""
    found = await contents_in_use(visit, (name,))
    if isinstance(found, Response):
        return found
    return found.get(name)


async def contents_in_use(
    visit: Visit, names: tuple[str, ...] = NAMES
) -> dict[str, InUse] | Response:
    """By name, what was ever taken into use, in one opening; nobody is opened."""
    ids = {library_id(name): name for name in names}
    opened = await visit.services[Reader].shared(
        [(TYPE, id_) for id_ in ids], opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    read = {ids[one.id]: in_use(one.text, one.version) for one in opened.resources}
    return {name: one for name, one in read.items() if one is not None}


async def content_named(visit: Visit, named: Named) -> InUse | Response | None:
    """What a stored log names, where that is the version in use."""
    name = named_by(named.canonical)
    found = await content_in_use(visit, name) if name else None
    if isinstance(found, Response) or found is None:
        return found
    return found if found.content.named == named else None
