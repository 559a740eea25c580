# SPDX-License-Identifier: Apache-2.0
"""Which journey a call belongs to, and when that is over: what several apps share."""

from datetime import datetime, timedelta

from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.call_rows import CallRow, CallRows
from wardkeep.fhir.urgent.case import TYPE as CASE
from wardkeep.fhir.urgent.journey import ACTIVE, journey_of, journey_over
from wardkeep.fhir.work.caseload import TYPE as JOURNEY
from wardkeep.fhir.work.expects import Content, status_of
from wardkeep.fhir.work.urgent import is_journey
from wardkeep.web.visit import Visit

WITHIN = timedelta(hours=96)
"""As the repeat caller rule: an older call that is still open is another matter."""
_OPEN = ("open", "ended")


async def journey_going_on(
    visit: Visit, patient: str, *, now: datetime
) -> str | Refusal:
    """The journey of a call of theirs that is not closed; empty: there is none."""
    for row in await _open_of(visit, patient, now):
        found = await _read(visit, CASE, row.case, patient)
        if isinstance(found, Refusal):
            return found
        if found is not None and journey_of(found[0]):
            return journey_of(found[0])
    return ""


async def journey_that_ends(
    visit: Visit, case: Content, *, patient: str, at: datetime
) -> list[tuple[Content, int]] | Refusal:
    """Its journey as it is then, and the version before, for the change that closes it.

    Nothing where it has none, or another call of theirs is still open.
    """
    named = journey_of(case)
    if not named:
        return []
    listed = await _open_of(visit, patient, at)
    if any(one.case != case.get("id") for one in listed):
        return []
    found = await _read(visit, JOURNEY, named, patient)
    if isinstance(found, Refusal):
        return found
    if found is None or status_of(found[0]) != ACTIVE:
        return []
    return [(journey_over(found[0], at), found[1])]


async def _open_of(visit: Visit, patient: str, now: datetime) -> list[CallRow]:
    rows = await visit.services[CallRows].of_patient(
        opener_of(visit).organisation, patient, since=now - WITHIN
    )
    return [one for one in rows if one.state in _OPEN]


async def _read(
    visit: Visit, type_: str, id_: str, patient: str
) -> tuple[Content, int] | Refusal | None:
    opened = await visit.services[Reader].one(type_, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return opened
    if isinstance(opened, NotFound):
        return None
    [one] = opened.resources
    content = content_of(one.text)
    # What an Encounter names may be anything that other software wrote there.
    is_it = one.patient == patient and (type_ != JOURNEY or is_journey(content))
    return (content, one.version) if is_it else None
