# SPDX-License-Identifier: Apache-2.0
"""Triage content that an organisation has in use, for every page that asks by it."""

from collections.abc import Mapping
from datetime import date

from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import About, Named
from wardkeep.fhir.triage.held import Held
from wardkeep.fhir.triage.in_use import TYPE, in_use, library_id
from wardkeep.fhir.triage.library import NAMES, named_by, shipped_content
from wardkeep.fhir.triage.standing import Standing, standings
from wardkeep.ui.format import years_old
from wardkeep.web.visit import Visit

CHECKLIST = "adult-checklist"
"""What clinicians tick."""
MOST_OLDER = 40
"""Versions of what is in use, that an old triage is looked for in."""
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


async def content_named(
    visit: Visit, named: Named
) -> tuple[Content, Mapping[str, Held]] | Response | None:
    """The content that a stored log names, and which of its rules somebody held.

    What is in use, what was in use once (each version is kept whole), or what comes
    with Wardkeep; None where it is none of these any more.
    """
    name = named_by(named.canonical)
    names = (name,) if name else NAMES
    found = await contents_in_use(visit, names)
    if isinstance(found, Response):
        return found
    for stands in found.values():
        if stands.use is not None and stands.use.content.named == named:
            return stands.use.content, stands.marks
    for one in names:
        if shipped_content(one).named == named:
            return shipped_content(one), found[one].marks
    for one in names:
        old = await _once_in_use(visit, found[one], named)
        if old is not None:
            return (old, found[one].marks) if isinstance(old, Content) else old
    return None


async def _once_in_use(
    visit: Visit, stands: Standing, named: Named
) -> Content | Response | None:
    """Of what an organisation had in use under a name, the version that is named."""
    last = stands.use_version
    for version in range(last - 1, max(0, last - 1 - MOST_OLDER), -1):
        opened = await visit.services[Reader].one(
            TYPE, library_id(stands.name), opener=opener_of(visit), version=version
        )
        if isinstance(opened, Refusal):
            return refused(visit, opened)
        if isinstance(opened, NotFound):
            continue
        use = in_use(opened.resources[0].text, version)
        if use is not None and use.content.named == named:
            return use.content
    return None
