# SPDX-License-Identifier: Apache-2.0
"""Permission to view, as pages about a case show it."""

import msgspec

from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.fhir.store.outcomes import Opened
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.permission import (
    TYPE,
    WORDS,
    Permission,
    Said,
    permission_id,
    permission_in,
)
from wardkeep.web.visit import Visit

COLOURS = {Said.GIVEN: "green", Said.REFUSED: "red", Said.NOT_ASKED: "orange"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """It, in words."""

    permission: Permission
    version: int
    words: str
    colour: str


async def permission_of(visit: Visit, case: str) -> Shown | None:
    """What the caller said; None: nobody asked, or it is not the visitor's to read.

    A page without it says that it is not known, which is the careful way to read it.
    """
    if not case:
        return None
    given = await visit.services[Reader].one(
        TYPE, permission_id(case), opener=opener_of(visit)
    )
    if not isinstance(given, Opened):
        return None
    [one] = given.resources
    found = permission_in(content_of(one.text))
    if found is None or found.case != case:
        return None
    return Shown(
        permission=found,
        version=one.version,
        words=WORDS[found.said],
        colour=COLOURS[found.said],
    )
