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
from wardkeep.fhir.triage.library import NAMES, named_by
from wardkeep.fhir.triage.standing import Standing, standings
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


async def content_in_use(visit: Visit, name: str = CHECKLIST) -> Standing | Response:
    """What the organisation has of it, and which rules somebody held."""
    found = await contents_in_use(visit, (name,))
    return found if isinstance(found, Response) else found[name]


async def contents_in_use(
    visit: Visit, names: tuple[str, ...] = NAMES
) -> dict[str, Standing] | Response:
    """By name, in one opening; nobody is opened."""
    opener = opener_of(visit)
    found = await standings(visit.services[Reader], names, opener=opener)
    return refused(visit, found) if isinstance(found, Refusal) else found


async def content_named(visit: Visit, named: Named) -> Standing | Response | None:
    """What a stored log names, where that is the version in use."""
    name = named_by(named.canonical)
    found = await content_in_use(visit, name) if name else None
    if isinstance(found, Response) or found is None:
        return found
    is_it = found.use is not None and found.use.content.named == named
    return found if is_it else None
