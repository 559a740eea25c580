# SPDX-License-Identifier: Apache-2.0
"""A referral to a team as a FHIR ServiceRequest, with every step that was taken in it.

https://hl7.org/fhir/R4/servicerequest.html. It is performed by a HealthcareService. Its
steps are Provenances that it contains and names as `relevantHistory` ("key events in
history of request"): so a step and what follows from it are one version, of which two
people never both write the next. Not a Task beside it: two resources to keep in step,
and whoever owns a Task has the patient in today's queue, all 300 who wait.
"""

import enum
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.work.expects import Content, listed, status_of, when
from wardkeep.fhir.work.referral_steps import (
    LEADS_TO,
    OF_STATUS,
    STATUS,
    WAITING,
    State,
    Step,
    standing,
)

TYPE, TEAM = "ServiceRequest", "HealthcareService"
SYSTEM = "urn:wardkeep:referral-step"
RECEIVED = "urn:wardkeep:referral:received"
"""The day on which the team had it; of a letter, earlier than it was typed."""
_TO = "urn:wardkeep:referral:allocated-to"
_SNOMED, _REFERRAL = "http://snomed.info/sct", "3457005"
_PRIORITIES = {"stat": "emergency", "asap": "urgent", "urgent": "urgent"}
_BESIDE = "supportingInfo"
_ALONG = ("Flag/", "QuestionnaireResponse/", "Observation/")


class Priority(enum.StrEnum):
    """How soon somebody has to look at it."""

    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"


_CODES = {Priority.EMERGENCY: "stat"}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One step, as it was taken."""

    step: Step
    at: str
    """An instant, by the server's clock."""
    by: Person
    words: str = ""
    """Why, or what was asked or answered."""
    on: str = ""
    """The day on which it happened, where that is not when it was written."""
    to: Person = Person()
    """To whom somebody was allocated."""

    @property
    def day(self) -> date | None:
        """On which it happened, in London."""
        return day_of(self.on or self.at)


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """One referral of one patient to one team."""

    team: Person
    requester: Person
    """By name alone where they work elsewhere."""
    priority: Priority = Priority.ROUTINE
    asked: str = ""
    """What is asked for."""
    reason: str = ""
    documents: tuple[Person, ...] = ()
    received: date | None = None
    due: datetime | None = None
    """By when somebody is to be seen, where whoever asked said so."""
    steps: tuple[Done, ...] = ()
    state: State = State.NEW

    @property
    def holding(self) -> tuple[Done, ...]:
        """Steps that were not taken back."""
        return tuple(
            self.steps[place] for place in standing(one.step for one in self.steps)
        )

    @property
    def stopped(self) -> date | None:
        """The day on which its clock stopped; None while it runs, or nobody knows."""
        if self.state in WAITING:
            return None
        ended = (State.SEEN, State.DECLINED, State.WITHDRAWN, State.DISCHARGED)
        days = [one.day for one in self.holding if LEADS_TO.get(one.step) in ended]
        return min((one for one in days if one is not None), default=None)

    @property
    def is_from_outside(self) -> bool:
        """Whether whoever referred does not read it here."""
        return not self.requester.reference.startswith("Practitioner")


def is_referral(content: Content) -> bool:
    """Whether a ServiceRequest asks a team for something."""
    is_plan = status_of(content) in ("draft", "") or content.get("intent") == "plan"
    return not is_plan and team_of(content) is not None


def team_of(content: Content) -> str | None:
    """The id of the HealthcareService that is asked."""
    return next(_ids(content, "performer", TEAM), None)


def requester_of(content: Content) -> str:
    """The id of the Practitioner who asked; empty where it is nobody of here."""
    node = content.get("requester")
    return next(_ids({"requester": [node]}, "requester", "Practitioner"), "")


def _ids(content: Content, name: str, type_: str) -> Iterator[str]:
    for one in listed(content, name):
        said = one.get("reference")
        target = target_of(said) if isinstance(said, str) else None
        if target is not None and target[0] == type_:
            yield target[1]


def read_referral(content: Content) -> Referral | None:
    """What a ServiceRequest says as a referral; None where it is none."""
    if not is_referral(content):
        return None
    steps = tuple(_steps(content))
    said = content.get("priority")
    return Referral(
        team=_person(listed(content, "performer"), TEAM),
        requester=_person([content.get("requester")]),
        priority=Priority(_PRIORITIES.get(str(said), "routine")),
        asked=_words(content.get("code")),
        reason="; ".join(filter(None, map(_words, listed(content, "reasonCode")))),
        documents=tuple(filter(_is_document, map(person_in, listed(content, _BESIDE)))),
        received=_received(content),
        due=_due(content),
        steps=steps,
        state=_state(content, steps),
    )


def _is_document(one: Person) -> bool:
    """Whether it is no warning, answer or measurement that came along by message."""
    return not one.reference.startswith(_ALONG)


def _state(content: Content, steps: tuple[Done, ...]) -> State:
    """By its steps; other software may have written another status since."""
    status = status_of(content)
    places = standing(one.step for one in steps)
    if places:
        state = LEADS_TO[steps[places[-1]].step]
        if STATUS[state] == status:
            return state
    return OF_STATUS.get(status, State.NEW)


def _received(content: Content) -> date | None:
    said = [
        one.get("valueDate")
        for one in listed(content, "extension")
        if one.get("url") == RECEIVED
    ]
    for one in (*said, content.get("authoredOn")):
        found = day_of(one) if isinstance(one, str) else None
        if found is not None:
            return found
    return None


def _due(content: Content) -> datetime | None:
    period = content.get("occurrencePeriod")
    said = period.get("end") if isinstance(period, dict) else None
    span = when(said) if isinstance(said, str) else None
    try:
        return None if span is None else from_microseconds(span.low)
    except OverflowError:
        return None


def day_of(said: str) -> date | None:
    """A day as written, or the day in London of a moment."""
    span = when(said)
    if span is None:
        return None
    try:
        moment = from_microseconds(span.low)
        return (moment if "T" not in said else moment.astimezone(LONDON)).date()
    except OverflowError:
        return None


def _person(nodes: list[Any], type_: str = "") -> Person:
    found = [person_in(one) for one in nodes]
    kept = [one for one in found if one.reference.startswith(type_)]
    return next(iter(kept), Person())


def _words(node: object) -> str:
    if not isinstance(node, dict):
        return ""
    said = [node.get("text"), *(one.get("display") for one in listed(node, "coding"))]
    return next((one for one in said if isinstance(one, str) and one), "")


def _steps(content: Content) -> Iterator[Done]:
    kept = {one.get("id"): one for one in listed(content, "contained")}
    for one in listed(content, "relevantHistory"):
        said = one.get("reference")
        inner = kept.get(said[1:]) if isinstance(said, str) else None
        if inner is not None:
            step = _step(inner)
            if step is not None:
                yield step


def first_step_of(content: Content) -> str:
    """When its first step was written, an instant; empty where it has none."""
    return min((one.at for one in _steps(content)), default="")


def _step(inner: Content) -> Done | None:
    activity, on = inner.get("activity"), inner.get("occurredDateTime")
    coded = listed(activity, "coding") if isinstance(activity, dict) else []
    code = next((one.get("code") for one in coded if one.get("system") == SYSTEM), "")
    at = inner.get("recorded")
    if code not in tuple(Step) or not isinstance(at, str):
        return None
    agents = [one.get("who") for one in listed(inner, "agent")]
    to = [
        one.get("valueReference")
        for one in listed(inner, "extension")
        if one.get("url") == _TO
    ]
    return Done(
        step=Step(code),
        at=at,
        by=_person(agents),
        words="; ".join(filter(None, map(_words, listed(inner, "reason")))),
        on=on if isinstance(on, str) else "",
        to=_person(to),
    )


def referral_content(
    referral: Referral, *, id_: str, patient: str, sent: Done
) -> Content:
    """A new one as a resource's content, with its first step."""
    content: Content = {
        "resourceType": TYPE,
        "id": id_,
        "status": "active",
        "intent": "order",
        "category": [
            {
                "coding": [{"system": _SNOMED, "code": _REFERRAL}],
                "text": "Patient referral",
            }
        ],
        "priority": _CODES.get(referral.priority, str(referral.priority)),
        "code": {"text": referral.asked},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": sent.at,
        "requester": reference_to(referral.requester),
        "performer": [reference_to(referral.team)],
        "reasonCode": [{"text": referral.reason}],
    }
    if referral.received is not None:
        day = referral.received.isoformat()
        content["extension"] = [{"url": RECEIVED, "valueDate": day}]
    if referral.documents:
        content[_BESIDE] = [reference_to(one) for one in referral.documents]
    return with_step(content, sent)


def with_step(content: Content, done: Done) -> Content:
    """The same content with one step more, and the status that follows from it."""
    contained = [*listed(content, "contained")]
    taken = {one.get("id") for one in contained}
    number = next(n for n in range(1, len(taken) + 2) if f"step-{n}" not in taken)
    contained.append(_provenance(done, f"step-{number}", content))
    history = [*listed(content, "relevantHistory"), {"reference": f"#step-{number}"}]
    made = {**content, "contained": contained, "relevantHistory": history}
    steps = tuple(_steps(made))
    places = standing(one.step for one in steps)
    state = LEADS_TO[steps[places[-1]].step] if places else State.NEW
    return {**made, "status": STATUS[state]}


def _provenance(done: Done, id_: str, content: Content) -> Content:
    made: Content = {
        "resourceType": "Provenance",
        "id": id_,
        "target": [{"reference": f"{TYPE}/{content['id']}"}],
        "recorded": done.at,
        "activity": {"coding": [{"system": SYSTEM, "code": str(done.step)}]},
        "agent": [{"who": reference_to(done.by)}],
    }
    if done.on:
        made["occurredDateTime"] = done.on
    if done.words:
        made["reason"] = [{"text": done.words}]
    if done.to.reference:
        made["extension"] = [{"url": _TO, "valueReference": reference_to(done.to)}]
    return made
