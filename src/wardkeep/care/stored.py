# SPDX-License-Identifier: Apache-2.0
"""One resource of one patient as it is stored, opened at the door for a page."""

from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

Json = dict[str, Any]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as it is stored."""

    version: int
    content: Json


async def stored(
    visit: Visit, type_: str, id_: str, *, patient: str, version: int | None = None
) -> Stored | Response:
    """One resource of a patient; of another patient, it is not there."""
    opened = await visit.services[Reader].one(
        type_, id_, opener=opener_of(visit), version=version
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened, patient=patient)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    [one] = opened.resources
    if one.patient != patient:
        return visit.tell(NOT_FOUND)
    return Stored(version=one.version, content=content_of(one.text))
