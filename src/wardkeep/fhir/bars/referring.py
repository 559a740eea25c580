# SPDX-License-Identifier: Apache-2.0
"""Referrals by message: new, changed, withdrawn; and answers to those that we sent."""

from typing import Any

from wardkeep.db.changes import Topic
from wardkeep.fhir.bars.attendance import read_attendance
from wardkeep.fhir.bars.codes import Reason
from wardkeep.fhir.bars.directory import VALIDATES
from wardkeep.fhir.bars.message import Entry, Message, named_message
from wardkeep.fhir.bars.outgoing import TOPIC, Sort
from wardkeep.fhir.bars.rows import Answer as Meant, Arrivals, Asked, answered, brought
from wardkeep.fhir.bars.taking import (
    KEPT,
    Ground,
    changed,
    new_patient,
    taken,
    withdrawn,
)
from wardkeep.fhir.bars.validation import SO_FAR, read_validation
from wardkeep.fhir.bars.writing import (
    AGAIN,
    ATTEMPTS,
    NEW,
    Arriving,
    Done,
    Match,
    conflict,
    match,
    not_found,
    service_of,
    stored,
    write,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.urgent import dispatching
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.work.referral import TEAM, TYPE, read_referral
from wardkeep.fhir.work.referral_steps import OPEN, Step, possible_in

Json = dict[str, Any]
INTERIM, PLAN = "interim", "CarePlan"
_TOLD = ("resourceType", "id", "status", "intent", "priority", "occurrencePeriod")
_THERE = "Bundle.entry.resource.ofType(ServiceRequest).id"


class ReferralDesk:
    """Takes referrals in."""

    def __init__(self, store: Store, arrivals: Arrivals) -> None:
        self._store = store
        self._arrivals = arrivals

    async def take(self, arriving: Arriving) -> Done | Answer:
        if arriving.message.reason is not Reason.NEW:
            return await self._changed(arriving)
        team = await service_of(arriving, self._store)
        if isinstance(team, Answer):
            return team
        if team.content.get("active") is False:
            return conflict("This service takes no referrals now.")
        for _ in range(ATTEMPTS):
            done = await self._new(arriving, team.content)
            if done is not AGAIN:
                return done
        return conflict("Others write of the same patient just now. Send it again.")

    async def _new(self, arriving: Arriving, team: Json) -> Done | Answer:
        whose = await match(arriving, self._store)
        if isinstance(whose, Answer):
            return whose
        ground = _ground(arriving, whose.patient, team)
        found = taken(arriving.message, ground, skips=frozenset())
        contents = [(one, NEW) for one in found.resources]
        if whose.is_new:
            contents.insert(0, (new_patient(arriving.message, ground), NEW))
        focus = next(one for one in found.resources if one["resourceType"] == TYPE)
        mark = brought(
            arriving.sender,
            TYPE,
            focus["id"],
            patient=whose.patient,
            message=arriving.message.id,
        )
        wrong = await write(arriving, self._store, contents, whose=whose, beside=[mark])
        return Done(focus=_told(focus)) if wrong is None else wrong

    async def _changed(self, arriving: Arriving) -> Done | Answer:
        """Of what this very sender's message brought, and of nothing else."""
        entry = arriving.message.one(TYPE)
        id_ = str(entry.content.get("id", "")) if entry is not None else ""
        own = await self._arrivals.own(
            arriving.sender, TYPE, id_, message=named_message(entry)
        )
        if own is None:
            return not_found("No message of yours brought such a referral.", _THERE)
        id_, patient = own.id, own.patient
        current = await stored(arriving, self._store, TYPE, id_)
        if isinstance(current, Answer):
            return current
        said = read_referral(current.content)
        state = said.state if said is not None else None
        if arriving.message.is_over:
            if state is None or Step.WITHDRAW not in possible_in(state):
                words = "It is over here, or was seen to. Telephone the service."
                return conflict(words, _THERE)
            made = withdrawn(current.content, arriving.message, now=arriving.now)
            rest: list[Json] = []
        else:
            if state not in OPEN:
                words = "It is over here: send a new one."
                return conflict(words, _THERE)
            ground = _ground(arriving, patient, {})
            found = taken(arriving.message, ground, skips=frozenset())
            fresh = next(one for one in found.resources if one["resourceType"] == TYPE)
            made = changed(current.content, fresh)
            rest = [
                _about(one, fresh, id_) for one in found.resources if one is not fresh
            ]
        contents = [(made, current.version), *[(one, NEW) for one in rest]]
        whose = Match(patient=patient)
        wrong = await write(arriving, self._store, contents, whose=whose)
        return Done(focus=_told(made)) if wrong is None else wrong

    async def take_answer(self, arriving: Arriving) -> Done | Answer:
        """What somebody to whom we sent a message found: into that patient's record."""
        message = arriving.message
        asked = await self._arrivals.asked(arriving.sender, message.answers)
        if asked is None:
            place = "Bundle.entry[0].resource.response.identifier"
            return not_found("No such message was sent to you.", place)
        ground = _ground(arriving, asked.patient, {})
        ours = frozenset(
            one.url
            for one in message.entries
            if one.type == TYPE or _is_asked(message.about, one)
        )
        found = taken(message, ground, skips=ours)
        contents = [(one, NEW) for one in found.resources]
        plans = [one["id"] for one in found.resources if one["resourceType"] == PLAN]
        marks = answered(
            arriving.sender,
            message.answers,
            _meant(message, asked, plan=next(iter(plans), "")),
            by=message.id,
            now=arriving.now,
        )
        wrong = await write(
            arriving,
            self._store,
            contents,
            whose=Match(patient=asked.patient),
            beside=marks,
            tells=[Topic(TOPIC, asked.about), Topic(dispatching.TOPIC)],
        )
        focus = {"resourceType": TYPE, "id": asked.about}
        return Done(focus=focus) if wrong is None else wrong


def _meant(message: Message, asked: Asked, *, plan: str) -> Meant:
    """An answer in codes: what a look came to, or else whether they came at all."""
    is_interim = INTERIM in str(message.header.get("definition", ""))
    if asked.sort != Sort.VALIDATION:
        code = read_attendance(message)
        return Meant(is_interim=is_interim and not code, plan=plan, outcome=code)
    before = DISPOSITIONS.get(VALIDATES.get(asked.disposition, ""))
    category = before.category if before is not None else ""
    said = read_validation(message, category=category, is_interim=is_interim)
    return Meant(
        is_interim=is_interim or said.means in SO_FAR,
        plan=plan,
        outcome=said.code,
        why=said.why,
        category=said.category,
    )


def _is_asked(about: Entry | None, one: Entry) -> bool:
    """Whether it is the request's own Encounter, which we sent ourselves."""
    is_encounter = one.type == "Encounter" and one.type in KEPT
    return is_encounter and about is not None and one.url != about.url


def _ground(arriving: Arriving, patient: str, team: Json) -> Ground:
    reference = f"{TEAM}/{team['id']}" if team else ""
    person = Person(reference, str(team.get("name", "")))
    return Ground(
        patient=patient,
        team=person,
        now=arriving.now,
        sender=arriving.session.display_name,
    )


def _about(content: Json, fresh: Json, id_: str) -> Json:
    """Referring to the referral that there is, in place of the message's copy."""
    copy, kept = f"{TYPE}/{fresh['id']}", f"{TYPE}/{id_}"
    for name, value in content.items():
        if isinstance(value, dict) and value.get("reference") == copy:
            content[name] = {**value, "reference": kept}
        elif isinstance(value, list):
            content[name] = [
                {**one, "reference": kept}
                if isinstance(one, dict) and one.get("reference") == copy
                else one
                for one in value
            ]
    return content


def _told(content: Json) -> Json:
    """What its sender is told of it: what it said, by the id that it has here."""
    return {name: content[name] for name in _TOLD if name in content}
