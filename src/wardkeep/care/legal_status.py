# SPDX-License-Identifier: Apache-2.0
"""A patient's sections of the Mental Health Act, for pages of several services."""

import msgspec
from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.mha.section import STATUS, SYSTEM, TYPE, Section, read_section
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.fhir.store.token_map import token_map
from wardkeep.web.visit import Visit

MOST = 100


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A section as it is stored."""

    version: int
    section: Section


async def sections_of(visit: Visit) -> list[Found] | Response:
    """All sections of the patient in the address, the newest first."""
    asked = (TYPE, "code", f"{SYSTEM}|{STATUS}")
    tokens = await token_map(visit.warden, opener_of(visit), [asked])
    if isinstance(tokens, Refusal):
        return refused(visit, tokens)
    query = PatientQuery(
        patient=visit.path("id"),
        types=(TYPE,),
        any_of=((tokens[asked],),),
        at_most=MOST,
    )
    opened = await visit.services[Reader].of_patient(query, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    there = () if isinstance(opened, NotFound) else opened.resources
    found = [one for it in there if (one := section_in(it)) is not None]
    return sorted(found, key=lambda one: one.section.began, reverse=True)


def section_in(one: OpenedResource) -> Found | None:
    """What an Observation says as a section; None where it is none."""
    section = read_section(content_of(one.text))
    return None if section is None else Found(version=one.version, section=section)
