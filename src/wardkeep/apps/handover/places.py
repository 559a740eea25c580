# SPDX-License-Identifier: Apache-2.0
"""Of which place a handover is, and who is there: the visitor's own teams alone."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.who_i_am import AskWhomIExpect, WhomIExpect
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.team import topic_key
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.work.today import is_for_today
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_LASTING = ("ward", "caseload", "visit")
"""Kinds of work that a shift hands on; clinics are over with the day."""
WARD = "ward"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place of one's own team."""

    key: str
    """As addresses have it: `Location.x`."""
    reference: str
    name: str
    mine: Mine


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


async def names_of(visit: Visit, references: Sequence[str]) -> list[Person]:
    """Places by name; one that cannot be read goes by its reference."""
    pairs = [(kind, id_) for kind, _, id_ in (one.partition("/") for one in references)]
    found = await visit.services[Reader].shared(pairs, opener=opener_of(visit))
    names = {}
    for one in () if isinstance(found, Refusal) else found.resources:
        named = msgspec.json.decode(one.text, type=_Named)
        names[f"{one.type}/{one.id}"] = named.name
    places = [Person(one, names.get(one) or one) for one in references]
    return sorted(places, key=lambda place: place.display)


async def place_of(visit: Visit) -> Place | Response:
    """The place that the address names, where it is one's own team's."""
    key, mine = visit.path("place"), await mine_of(visit)
    reference = next((one for one in mine.places if topic_key(one) == key), "")
    if not reference:
        return visit.tell(NOT_FOUND)
    [named] = await names_of(visit, [reference])
    return Place(key=key, reference=reference, name=named.display, mine=mine)


async def patients_in(visit: Visit, reference: str) -> dict[str, str] | Refusal:
    """Who is there now, and of what kind of work, told by the warden from the work.

    What somebody wrote for themselves is left out: it explains no list.
    """
    found = await _expected(visit)
    if isinstance(found, Refusal):
        return found
    now = microseconds_since_epoch(visit.clock.now())
    return {
        one.patient: one.kind
        for one in found.lines
        if one.who == reference
        and not one.is_self_made
        and one.kind in _LASTING
        and is_for_today(one.kind, since=one.since, until=one.until, now=now)
    }


async def _expected(visit: Visit) -> WhomIExpect | Refusal:
    return await visit.warden.ask(AskWhomIExpect(visit.token), WhomIExpect)
