# SPDX-License-Identifier: Apache-2.0
"""What a team decides of a referral that came by message, told to its sender by one.

The answer is written with the step, in one change: whoever decided has told them.
Taking a step back takes no message back: the next decision tells them anew.
"""

from typing import Any

from starlette.responses import Response

from wardkeep.apps.referrals.opening import Found
from wardkeep.apps.referrals.wording import ATTENDED, DONE, VALIDATED
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.attendance import MISSED, WORDS, missed, reason, warnings
from wardkeep.fhir.bars.building import Party, answer_message
from wardkeep.fhir.bars.codes import CATEGORIES, VALIDATION
from wardkeep.fhir.bars.message import MESSAGE
from wardkeep.fhir.bars.outgoing import Outbox, Queued, Sort, queued
from wardkeep.fhir.bars.validation import OUTCOMES, REASONS, Means
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Kind
from wardkeep.fhir.work.referral import Done
from wardkeep.fhir.work.referral_steps import Step
from wardkeep.ui.format import years_old
from wardkeep.web.visit import Visit

Json = dict[str, Any]
_IS_INTERIM = {
    Step.ACCEPT: True,
    Step.ASK: True,
    Step.DECLINE: False,
    Step.DISCHARGE: False,
}
"""Which steps are told, and whether something is to come after."""
_BY_TELEPHONE = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "EMER",
    },
}
"""Where the message's own Encounter is not to be read any more."""


def is_validation(found: Found) -> bool:
    """Whether somebody asks to look again at what a call came to, against a clock."""
    said = found.content.get("category")
    return any(
        coding.get("system") == CATEGORIES and coding.get("code") == VALIDATION
        for concept in (said if isinstance(said, list) else [])
        for coding in concept.get("coding", [])
    )


def codes_for(found: Found, step: Step) -> tuple[tuple[str, str], ...]:
    """What is to be chosen with a step; nothing where nobody waits for a code."""
    if is_validation(found):
        return VALIDATED.get(step, ())
    identifiers = found.content.get("identifier", [])
    came = any(one.get("system") == MESSAGE for one in identifiers)
    return ATTENDED if came and step is Step.DISCHARGE else ()


async def reply_to(
    visit: Visit, found: Found, done: Done, *, code: str = ""
) -> Queued | Response | None:
    """The message that goes with a step; None where it did not come by one.

    `code` is one of `codes_for`.
    """
    if done.step not in _IS_INTERIM:
        return None
    opener = opener_of(visit)
    line = await visit.services[Outbox].line_to(opener.organisation, found.id)
    if line is None:
        return None
    patient = await _opened(visit, "Patient", visit.path("id"))
    if isinstance(patient, Response):
        return patient
    case = await _opened(visit, "Encounter", _case_of(found))
    if isinstance(case, Response):
        return case
    means, _, more = code.partition(" ")
    born = str((patient or {}).get("birthDate", ""))
    absent = missed(years_old(born, visit.today)) if means == MISSED else ""
    is_rejected = means == Means.REJECTED
    is_interim, now = _IS_INTERIM[done.step] or is_rejected, visit.clock.now()
    did = WORDS[absent] if absent else DONE[done.step]
    words = f"{did}: {done.words}" if done.words else did
    own = {
        **_BY_TELEPHONE,
        "class": (case or _BY_TELEPHONE)["class"],
        "status": "in-progress" if is_interim else "finished",
        "period": {"start": instant(now)},
        **({"status": "cancelled"} if is_rejected or absent else {}),
        **_why(means, more, absent),
    }
    team = found.referral.team
    bundle = answer_message(
        line.message,
        request=found.content,
        case=case or _BY_TELEPHONE,
        patient=patient or {},
        encounter=own,
        summary=f"{team.display}. {words}",
        codes=_category(more),
        sender=Party(name=team.display, service=found.team),
        receiver=Party(name=line.name, service=line.service),
        is_interim=is_interim,
        more=warnings(absent),
        now=now,
    )
    return queued(
        bundle,
        organisation=opener.organisation,
        patient=visit.path("id"),
        about=found.id,
        partner=line.service,
        author=done.by,
        now=now,
        kind=Sort.ANSWER,
    )


def _why(means: str, more: str, absent: str) -> Json:
    """The Encounter's reason, where there is a code for it."""
    if absent:
        return {"reasonCode": reason(absent)}
    said = means in tuple(Means)
    return {"reasonCode": _reason(means, more)} if said else {}


def _reason(means: str, more: str) -> list[Json]:
    """As an Encounter says it: by our code, and by the standard's where it has one."""
    coding = [{"system": OUTCOMES, "code": means}]
    if means == Means.REJECTED:
        coding.append({"system": REASONS, "code": more})
    return [{"coding": coding}]


def _category(more: str) -> list[Json]:
    """The disposition of an ambulance that is to be sent, by its category."""
    return [
        {"system": SYSTEM, "code": one.code, "display": one.words}
        for one in DISPOSITIONS.values()
        if one.kind is Kind.AMBULANCE and one.category == more
    ]


def _case_of(found: Found) -> str:
    said = found.content.get("encounter")
    reference = said.get("reference", "") if isinstance(said, dict) else ""
    return str(reference).removeprefix("Encounter/")


async def _opened(visit: Visit, type_: str, id_: str) -> Json | Response | None:
    """One resource of the patient; None where it is not there."""
    opened = await visit.services[Reader].one(type_, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return None
    return content_of(opened.resources[0].text)
