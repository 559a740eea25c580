# SPDX-License-Identifier: Apache-2.0
"""What a case is sent to another service with: who takes it, what is said, to whom."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    Here,
    find,
    organisation_of,
)
from wardkeep.care.case_messages import LONGEST_WHY, LONGEST_WORDS, About, Referring
from wardkeep.care.going_along import mark_of
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.stored import stored
from wardkeep.fhir.along.choosing import Going
from wardkeep.fhir.bars.directory import (
    Directory,
    Neighbour,
    others,
    taking,
)
from wardkeep.fhir.bars.outgoing import Outbox, Standing
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.outcome import Outcome
from wardkeep.ui.banner import Banner
from wardkeep.ui.format import years_old
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

Json = dict[str, Any]
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

    def seen(self, going: Sequence[Going]) -> str:
        """What was shown, with what goes along."""
        versions = (self.here.version, *self.versions)
        return ".".join([*map(str, versions), mark_of(going)])

    def about(self, outcome: Outcome, along: Sequence[Json]) -> About:
        """What is sent of it; `outcome` is what it comes to then."""
        return About(patient=self.patient, case=self.case, outcome=outcome, along=along)

    def fitting(self, disposition: Disposition) -> tuple[Neighbour, ...]:
        return taking(self.neighbours, disposition, age=self.age)

    def others(self, disposition: Disposition) -> Sequence[tuple[Neighbour, str]]:
        """Who does not take it, and why."""
        return others(self.neighbours, disposition, age=self.age)


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


def typed_in(form: Form, ground: Ground) -> Referring | None:
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
    summary = form.text(
        "summary", called="what was found and advised", at_most=LONGEST_WORDS
    )
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
    return Referring(
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
