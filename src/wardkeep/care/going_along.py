# SPDX-License-Identifier: Apache-2.0
"""What goes along with a referral by message: chosen on a page, then sent at the door.

It is looked at like any record, so that whoever sends reads what leaves. What was
chosen is opened once more to be sent, which is counted and has the receiver's name in
its entry. Where that is refused for its number the referral goes without it: nobody
waits for a number in urgent care.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.stored import Json
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.along.choosing import Case, Choice, Going, choice_of
from wardkeep.fhir.along.made import made_of
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.post.never_send import is_never_sent
from wardkeep.fhir.store.going_along import AlongReader, Named
from wardkeep.fhir.store.outcomes import NotFound, Opened
from wardkeep.fhir.urgent.disposition import SYSTEM, Disposition
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

LISTED, TICK = "along", "goes-"
"""Fields of a form: that it had the list, and what is ticked."""
WITHOUT = (
    "It went without warnings, answers and measurements: as many went along today as"
    " your role sends. Tell the service on the telephone what matters."
)
_SPENT = "sendings-spent"


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What may be put into a message now."""

    contents: tuple[Json, ...]
    is_without: bool = False
    """Whether it goes without what was chosen, for its number."""


async def choice_for(
    visit: Visit, patient: str, encounter: Json, disposition: Disposition | None
) -> Choice | Response:
    """What may go along, now; of a case of which nothing is told, warnings alone."""
    case = _case(encounter, disposition)
    opened = await visit.services[AlongReader].look(
        patient, since=case.began, opener=opener_of(visit)
    )
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(opened, Refusal):
        return refused(visit, opened, patient=patient)
    found = [(one.version, content_of(one.text)) for one in opened.resources]
    return choice_of(found, case, now=visit.clock.now())


def _case(encounter: Json, disposition: Disposition | None) -> Case:
    code = "" if disposition is None else disposition.code
    coding = {"system": SYSTEM, "code": code}
    period = encounter.get("period")
    start = period.get("start") if isinstance(period, dict) else None
    return Case(
        id=str(encounter.get("id", "")),
        began=moment_in(start),
        is_quiet=is_never_sent({"code": {"coding": [coding]}}),
    )


def ticked_in(values: Mapping[str, str]) -> tuple[str, ...] | None:
    """The keys that a form ticked; None where it had no list yet.

    A form that was kept while it was typed has each line of its list, without words
    where that was unticked, and no hidden field.
    """
    listed = [one for one in values if one.startswith(TICK)]
    if not listed and not values.get(LISTED):
        return None
    return tuple(one.removeprefix(TICK) for one in listed if values[one])


def mark_of(going: Sequence[Going]) -> str:
    """By which it is known that just this was shown."""
    marks = "\n".join(one.mark for one in going)
    return sha256(marks.encode()).hexdigest()[:16] if going else ""


def contents_of(going: Sequence[Going]) -> tuple[Json, ...]:
    """As they are put into a message; of what was looked at, to be read first."""
    return tuple(made_of(content) for one in going for content in one.resources)


async def sending(
    visit: Visit, patient: str, encounter: Json, going: Sequence[Going], *, to: str
) -> Sending | Response:
    """Open what goes for just this; from here on it stands in the ledger as sent."""
    needed: list[Named] = [("Patient", patient)]
    if encounter.get("id"):
        needed.append(("Encounter", str(encounter["id"])))
    chosen = [named for one in going for named in one.named]
    opened = await _send(visit, patient, [*needed, *chosen], to)
    is_without = isinstance(opened, Refusal) and opened.code == _SPENT
    if is_without:
        opened = await _send(visit, patient, needed, to)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(opened, Refusal):
        return refused(visit, opened, patient=patient)
    found = {(one.type, one.id): content_of(one.text) for one in opened.resources}
    return Sending(
        contents=tuple(made_of(found[one]) for one in chosen if one in found),
        is_without=is_without and bool(chosen),
    )


async def _send(
    visit: Visit, patient: str, named: Sequence[Named], to: str
) -> Opened | Refusal | NotFound:
    reader = visit.services[AlongReader]
    return await reader.send(patient, named, to=to, opener=opener_of(visit))
