# SPDX-License-Identifier: Apache-2.0
"""What a case is sent to another service with: who takes it, what is said, to whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    Here,
    find,
    organisation_of,
)
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.stored import stored
from wardkeep.fhir.bars.building import (
    Content,
    Party,
    booking_message,
    referral_message,
)
from wardkeep.fhir.bars.codes import Reason
from wardkeep.fhir.bars.directory import (
    Directory,
    Neighbour,
    is_validation,
    taking,
    why_not,
)
from wardkeep.fhir.bars.outgoing import Outbox, Standing
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Disposition
from wardkeep.fhir.urgent.flags import SYSTEM as FLAGS
from wardkeep.fhir.urgent.outcome import Outcome, outcome_content
from wardkeep.ui.banner import Banner
from wardkeep.ui.format import years_old
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

Json = dict[str, Any]
DX = "https://fhir.nhs.uk/CodeSystem/pathways-dx-codes"
LONGEST, LONGEST_WHY = 2000, 300
_CASE = {
    "resourceType": "Encounter",
    "status": "in-progress",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "VR",
    },
}


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A case that may be sent, opened for the visitor."""

    here: Here
    banner: Banner
    patient: Json
    case: Json
    """Its Encounter, without which a message cannot be made of it."""
    versions: tuple[int, int]
    """Of the Patient's text and the case: what was shown is what is sent."""
    age: int | None
    neighbours: tuple[Neighbour, ...]
    sent: tuple[Standing, ...]
    """What went out about it before."""

    @property
    def seen(self) -> str:
        return ".".join(map(str, (self.here.version, *self.versions)))

    def fitting(self, disposition: Disposition) -> tuple[Neighbour, ...]:
        return taking(self.neighbours, disposition, age=self.age)

    def others(self, disposition: Disposition) -> Sequence[tuple[Neighbour, str]]:
        """Who does not take it, and why."""
        found = [
            (one, why_not(one, disposition, age=self.age)) for one in self.neighbours
        ]
        return [(one, why) for one, why in found if why is not None]


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A form in which nothing is wrong."""

    disposition: Disposition
    to: Neighbour
    summary: str
    passed: Mapping[str, str]
    """Why not to others, by their names."""
    time: FreeTime | None = None

    @property
    def is_validation(self) -> bool:
        return is_validation(self.disposition)


async def ground_of(visit: Visit) -> Ground | Response:
    """The case that the address names, with what a message is made of."""
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    patient = visit.path("id")
    if here.entry.patient != patient:
        return visit.tell(NOT_FOUND)
    who = await who_is_it(visit)
    if isinstance(who, Response):
        return who
    person = await stored(visit, "Patient", patient, patient=patient)
    if isinstance(person, Response):
        return person
    case = await _case(visit, here)
    if isinstance(case, Response):
        return case
    organisation = organisation_of(visit)
    return Ground(
        here=here,
        banner=who[0],
        patient=person.content,
        case=case[0],
        versions=(person.version, case[1]),
        age=years_old(str(person.content.get("birthDate", "")), visit.today),
        neighbours=await visit.services[Directory].all(organisation),
        sent=await visit.services[Outbox].standing(organisation, here.entry.outcome),
    )


async def _case(visit: Visit, here: Here) -> tuple[Json, int] | Response:
    entry = here.entry
    if not entry.case:
        return _CASE, 0
    found = await stored(visit, "Encounter", entry.case, patient=entry.patient)
    if isinstance(found, Response):
        # A case that is not there keeps nobody from being sent on.
        return (_CASE, 0) if found.status_code == 404 else found  # noqa: PLR2004
    return found.content, found.version


def chosen_code(form: Form, ground: Ground) -> Disposition | None:
    """What the form says that it comes to; at first what it came to before."""
    code = form.values.get("code", ground.here.entry.code)
    return DISPOSITIONS.get(code)


def typed_in(form: Form, ground: Ground) -> Typed | None:
    """The form as it is to be sent; None where something is wrong with it."""
    disposition = chosen_code(form, ground)
    if disposition is None:
        form.reject(
            "code",
            wrong="What it comes to is not chosen",
            mend="Choose what it comes to.",
        )
        return None
    fitting = ground.fitting(disposition)
    service = form.choice(
        "service",
        called="a service",
        among=tuple(one.service for one in fitting),
    )
    summary = form.text("summary", called="what was found and advised", at_most=LONGEST)
    to = next((one for one in fitting if one.service == service), None)
    passed = {
        one.name: why
        for one in fitting
        if one is not to
        for why in [
            form.optional_text(
                f"not-{one.service}", called=f"why not {one.name}", at_most=LONGEST_WHY
            )
        ]
        if why
    }
    time = _time(form)
    if form.problems or to is None:
        return None
    return Typed(
        disposition=disposition,
        to=to,
        summary=summary,
        passed=passed,
        time=time if to.books else None,
    )


def _time(form: Form) -> FreeTime | None:
    said = form.values.get("time", "")
    found = time_in(said)
    if said and found is None:
        form.reject(
            "time",
            wrong="That time cannot be booked",
            mend="Ask for the free times again.",
        )
    return found


def us(visit: Visit) -> Party:
    session = visit.session
    return Party(name=session.organisation_name, service=session.organisation_slug)


def them(one: Neighbour) -> Party:
    return Party(name=one.name, service=one.service)


def referral_of(
    visit: Visit,
    ground: Ground,
    typed: Typed,
    outcome: Outcome,
    now: datetime,
) -> Json:
    """The message that goes out."""
    content = Content(
        request=_request(outcome),
        patient=ground.patient,
        encounter=ground.case,
        summary=typed.summary,
        codes=codes_of(typed.disposition),
        more=[_flag(name, why) for name, why in typed.passed.items()],
        author={"name": [{"text": visit.session.display_name}]},
    )
    return referral_message(
        content,
        sender=us(visit),
        receiver=them(typed.to),
        is_validation=typed.is_validation,
        now=now,
    )


def withdrawal_of(
    visit: Visit, ground: Ground, sent: Standing, outcome: Outcome, *, why: str
) -> Json:
    """The same said anew, and taken back."""
    request = {**_request(outcome), "status": "revoked", "note": [{"text": why}]}
    content = Content(
        request=request,
        patient=ground.patient,
        encounter=ground.case,
        summary=f"Taken back: {why}",
        author={"name": [{"text": visit.session.display_name}]},
    )
    return referral_message(
        content,
        sender=us(visit),
        receiver=Party(name=sent.partner, service=sent.service),
        reason=Reason.UPDATE,
        is_validation=sent.kind == "validation",
        there=sent.there,
        first=sent.message,
        now=visit.clock.now(),
    )


def booking_of(
    visit: Visit, ground: Ground, to: Party, time: FreeTime, *, back: Standing | None
) -> Json:
    """A booking; or one that is given back."""
    return booking_message(
        time,
        patient=ground.patient,
        sender=us(visit),
        receiver=to,
        is_over=back is not None,
        there=back.there if back else "",
        first=back.message if back else "",
        now=visit.clock.now(),
    )


def _request(outcome: Outcome) -> Json:
    """What the call came to, without what only concerns us."""
    kept = (
        *("resourceType", "status", "priority", "code", "occurrencePeriod"),
        *("authoredOn", "reasonCode"),
    )
    content = outcome_content(outcome)
    found = {name: content[name] for name in kept if name in content}
    return {**found, "status": "active"}


def codes_of(disposition: Disposition) -> list[Json]:
    ours = {
        "system": SYSTEM,
        "code": disposition.code,
        "display": disposition.words,
    }
    return [ours, *({"system": DX, "code": one} for one in disposition.dx)]


def _flag(name: str, why: str) -> Json:
    """A service that was passed over, as the standard's category RS."""
    coding = {"system": FLAGS, "code": "RS", "display": "Rejected services"}
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [coding]}],
        "code": {"text": f"Not sent to {name}: {why}"},
    }
