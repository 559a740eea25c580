# SPDX-License-Identifier: Apache-2.0
"""Where a call waits, as a FHIR Task: whose turn it is, who has it, what was done.

https://hl7.org/fhir/R4/task.html. What was done are Provenances that the Task contains
and names as `relevantHistory`: a step and what follows from it are one version, of
which two people never both write the next.

Whoever makes one takes `queued`, which gives what the call came to and its place in the
queue together; `wardkeep.care.writing.drafted` makes each ready for the store.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent import booked as booking, outcome
from wardkeep.fhir.urgent.booked import NOT_BOOKED, Booked
from wardkeep.fhir.urgent.disposition import SKILLS, SYSTEM as DISPOSITION, Disposition
from wardkeep.fhir.urgent.outcome import SKILL_SYSTEM, Outcome, outcome_content
from wardkeep.fhir.urgent.saying import code_in, concept, id_in, instant, text_in
from wardkeep.fhir.urgent.steps import OF_STATUS, STATUS, State, Step, standing
from wardkeep.fhir.urgent.times import SHIPPED, Times, inputs, times_in
from wardkeep.fhir.work.expects import Content, listed, status_of
from wardkeep.fhir.work.urgent import ENTRY_CODE, ENTRY_SYSTEM, is_entry

TYPE = "Task"
STATE_SYSTEM, STEP_SYSTEM = "urn:wardkeep:queue-state", "urn:wardkeep:queue-step"
NO_TIME = timedelta(hours=24)
"""By when something is to have happened for which the list says no time."""
_PLACES = "Location/urgent-care-"
_TO = "urn:wardkeep:queue-step:to"
_ACT = "urn:wardkeep:queue-step:act"
_FLAG = "urn:wardkeep:queue-flag"
_PINNED, _ESCALATED = "pinned", "escalated"
URGENCY = {"stat": 0, "asap": 1, "urgent": 2, "routine": 3}
"""Of two that are due at once, the lower goes first."""


class Did(msgspec.Struct, frozen=True, kw_only=True):
    """One step, as it was taken."""

    step: Step
    at: datetime
    by: Person
    words: str = ""
    to: Person = Person()
    """To whom it was given, or where they are booked."""
    act: str = ""
    """Of what was done without a signal, the id that the device made: it comes in
    once."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One place in a queue."""

    id: str
    patient: str
    case: str
    """The id of the Encounter; empty: other software did not say."""
    outcome: str
    """The id of the ServiceRequest."""
    code: str
    """Of the disposition."""
    words: str
    skill: str
    priority: str
    given: datetime
    due: datetime
    state: State = State.NEW
    owner: Person = Person()
    """Who has it; no reference: nobody yet."""
    place: str = ""
    """The queue's, as `Location/x`: whoever works there expects the patient."""
    by: Person = Person()
    """Who put it there."""
    is_pinned: bool = False
    is_escalated: bool = False
    """Nobody answered often enough: it is the shift lead's."""
    did: tuple[Did, ...] = ()
    booked: Booked = NOT_BOOKED
    times: Times = SHIPPED
    """By which the next step is due: as they were when the last one was taken."""

    @property
    def is_open(self) -> bool:
        return self.state is not State.DONE

    @property
    def standing(self) -> tuple[Did, ...]:
        """Steps that were not taken back."""
        return tuple(self.did[one] for one in standing(it.step for it in self.did))

    @property
    def attempts(self) -> int:
        """How often nobody answered since somebody last did."""
        count = 0
        for one in self.standing:
            if one.step is Step.REACH:
                count = 0
            elif one.step is Step.NO_ANSWER:
                count += 1
        return count

    @property
    def is_last_attempt(self) -> bool:
        """Whether the shift lead has it if nobody answers this time."""
        return self.attempts + 1 >= self.times.attempts

    @property
    def changed(self) -> datetime:
        """When something was last done."""
        return self.did[-1].at if self.did else self.given

    @property
    def noted_since(self) -> int:
        """How many notes were written after what was done last: they move nothing."""
        backwards = enumerate(reversed(self.did))
        return next((n for n, it in backwards if it.step is not Step.NOTE), 0)

    @property
    def last_done(self) -> Did | None:
        """What was done last, whatever was noted after it."""
        return next((it for it in reversed(self.did) if it.step is not Step.NOTE), None)

    @property
    def moved(self) -> datetime:
        """When something was last done that moves it on."""
        last = self.last_done
        return last.at if last is not None else self.given

    @property
    def well_at(self) -> datetime:
        """When whoever is in the home last said that all is well with them."""
        said = [it.at for it in self.standing if it.step in (Step.ARRIVE, Step.SAFE)]
        return max(said, default=self.moved)


def place_of(skill: str) -> str:
    """Where a skill's queue lies, as `Location/x`.

    The id says the skill, and nothing that is written in the record does: who works
    there is what an administrator told the warden, so nobody gives a skill to themself.
    """
    return f"{_PLACES}{skill}"


def skills_at(places: Iterable[str]) -> tuple[str, ...]:
    """The skills of whoever works at these places, in the order of the list."""
    here = {one.removeprefix(_PLACES) for one in places if one.startswith(_PLACES)}
    return tuple(one for one in SKILLS if one in here)


def queued(  # noqa: PLR0913 - what it came to, of whom, when and by whom
    case: str,
    patient: str,
    disposition: Disposition,
    *,
    given: datetime,
    author: Person,
    why: str = "",
    replaces: str = "",
) -> list[Content]:
    """What a call came to, and where it waits if anybody here has to do something.

    `case` and `patient` are ids. Both are written in one change. A second open entry
    for a case is refused by the database.
    """
    due = disposition.deadline(given)
    came_to = Outcome(
        id=new_uuid(),
        patient=patient,
        case=case,
        code=disposition.code,
        words=disposition.words,
        given=given,
        due=due,
        by=author,
        why=why,
        replaces=replaces,
        status=outcome.ACTIVE if disposition.waits else outcome.COMPLETED,
    )
    made = [outcome_content(came_to)]
    if disposition.waits:
        entry = Entry(
            id=new_uuid(),
            patient=patient,
            case=case,
            outcome=came_to.id,
            code=disposition.code,
            words=disposition.words,
            skill=disposition.skill,
            priority=disposition.priority,
            given=given,
            due=due or given.astimezone(UTC) + NO_TIME,
            place=place_of(disposition.skill),
            by=author,
            did=(Did(step=Step.QUEUE, at=given, by=author),),
        )
        made.append(entry_content(entry))
    return made


_OURS = frozenset(
    {
        *("owner", "location", "encounter", "input", "contained", "relevantHistory"),
        *("focus", "requester", "performerType", "output"),
    }
)
"""What is left out where there is nothing to say."""


def entry_content(entry: Entry, base: Content | None = None) -> Content:
    """It as a resource's content; of `base`, what is stored, the rest is kept."""
    kept = {name: one for name, one in (base or {}).items() if name not in _OURS}
    content: Content = {
        **kept,
        "resourceType": TYPE,
        "id": entry.id,
        "status": STATUS[entry.state],
        "intent": "order",
        "priority": entry.priority,
        "code": concept(ENTRY_SYSTEM, ENTRY_CODE),
        "businessStatus": concept(STATE_SYSTEM, str(entry.state)),
        "description": entry.words,
        "focus": {"reference": f"{outcome.TYPE}/{entry.outcome}"},
        "for": {"reference": f"Patient/{entry.patient}"},
        "authoredOn": instant(entry.given),
        "lastModified": instant(entry.changed),
        "requester": reference_to(entry.by),
        "performerType": [concept(SKILL_SYSTEM, entry.skill)],
        "reasonCode": concept(DISPOSITION, entry.code),
        "restriction": {"period": {"end": instant(entry.due)}},
    }
    if entry.case:
        content["encounter"] = {"reference": f"Encounter/{entry.case}"}
    if entry.owner.reference:
        content["owner"] = reference_to(entry.owner)
    if entry.place:
        content["location"] = {"reference": entry.place}
    flags = {_PINNED: entry.is_pinned, _ESCALATED: entry.is_escalated}
    content["input"] = [_flag(name) for name, is_set in flags.items() if is_set]
    content["input"] += inputs(entry.times)
    content["output"] = booking.outputs(entry.booked)
    content["contained"] = [
        _provenance(one, f"step-{number}", entry.id)
        for number, one in enumerate(entry.did, 1)
    ]
    content["relevantHistory"] = [
        {"reference": f"#step-{number}"} for number, _ in enumerate(entry.did, 1)
    ]
    return {name: value for name, value in content.items() if value not in ({}, [])}


def entry_in(content: Content) -> Entry | None:
    """Undo it; None where it is no entry of a queue, or names nobody."""
    given = moment_in(content.get("authoredOn"))
    patient = id_in(content.get("for"), "Patient")
    if not is_entry(content) or given is None or not patient:
        return None
    flags = [
        code_in(one.get("type"), _FLAG)
        for one in listed(content, "input")
        if one.get("valueBoolean") is True
    ]
    priority, words = content.get("priority"), content.get("description")
    return Entry(
        id=str(content.get("id", "")),
        patient=patient,
        case=id_in(content.get("encounter"), "Encounter"),
        outcome=id_in(content.get("focus"), outcome.TYPE),
        code=code_in(content.get("reasonCode"), DISPOSITION),
        words=words if isinstance(words, str) else "",
        skill=code_in(content.get("performerType"), SKILL_SYSTEM),
        priority=priority if priority in URGENCY else "routine",
        given=given,
        due=_due(content) or given + NO_TIME,
        state=_state(content),
        owner=person_in(content.get("owner")),
        place=person_in(content.get("location")).reference,
        by=person_in(content.get("requester")),
        is_pinned=_PINNED in flags,
        is_escalated=_ESCALATED in flags,
        did=tuple(_steps(content)),
        booked=booking.booked_in(content),
        times=times_in(content),
    )


def _due(content: Content) -> datetime | None:
    restriction = content.get("restriction")
    period = restriction.get("period") if isinstance(restriction, dict) else None
    return moment_in(period.get("end")) if isinstance(period, dict) else None


def _state(content: Content) -> State:
    """By its own word; other software may have written another status since."""
    status, said = (
        status_of(content),
        code_in(content.get("businessStatus"), STATE_SYSTEM),
    )
    if said in tuple(State) and STATUS[State(said)] == status:
        return State(said)
    return OF_STATUS.get(status, State.NEW)


def _flag(name: str) -> Content:
    return {"type": concept(_FLAG, name), "valueBoolean": True}


def _provenance(did: Did, id_: str, entry: str) -> Content:
    made: Content = {
        "resourceType": "Provenance",
        "id": id_,
        "target": [{"reference": f"{TYPE}/{entry}"}],
        "recorded": instant(did.at),
        "activity": concept(STEP_SYSTEM, str(did.step)),
        "agent": [{"who": reference_to(did.by)}],
    }
    if did.words:
        made["reason"] = [{"text": did.words}]
    more: list[Content] = []
    if did.to.reference:
        more.append({"url": _TO, "valueReference": reference_to(did.to)})
    if did.act:
        more.append({"url": _ACT, "valueUuid": f"urn:uuid:{did.act}"})
    if more:
        made["extension"] = more
    return made


def _steps(content: Content) -> Iterator[Did]:
    kept = {one.get("id"): one for one in listed(content, "contained")}
    for one in listed(content, "relevantHistory"):
        said = one.get("reference")
        inner = kept.get(said[1:]) if isinstance(said, str) else None
        found = None if inner is None else _step(inner)
        if found is not None:
            yield found


def _step(inner: Content) -> Did | None:
    code, at = (
        code_in(inner.get("activity"), STEP_SYSTEM),
        moment_in(inner.get("recorded")),
    )
    if code not in tuple(Step) or at is None:
        return None
    agents = [person_in(one.get("who")) for one in listed(inner, "agent")]
    to = [
        person_in(one.get("valueReference"))
        for one in listed(inner, "extension")
        if one.get("url") == _TO
    ]
    acts = [
        str(one.get("valueUuid", "")).removeprefix("urn:uuid:")
        for one in listed(inner, "extension")
        if one.get("url") == _ACT
    ]
    return Did(
        step=Step(code),
        at=at,
        by=next(iter(agents), Person()),
        words="; ".join(filter(None, map(text_in, listed(inner, "reason")))),
        to=next(iter(to), Person()),
        act=next(iter(acts), ""),
    )
