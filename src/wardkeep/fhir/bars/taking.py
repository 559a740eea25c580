# SPDX-License-Identifier: Apache-2.0
"""What is stored of a message: its patient's resources, referring to nobody of ours.

Whoever works elsewhere, and every place there, is named by a logical reference with
words. A literal one would be resolved here: a Practitioner of ours in it would expect
the patient from then on, and a message would open records to an accomplice.
"""

import copy
from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.fhir.bars.ambulance_taking import with_what_is_needed
from wardkeep.fhir.bars.brought_along import TYPES as ALONG, as_received, unmarked
from wardkeep.fhir.bars.codes import Reason
from wardkeep.fhir.bars.message import MESSAGE, Entry, Message, references_in
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.work.referral import Done, with_step
from wardkeep.fhir.work.referral_steps import Step

Json = dict[str, Any]
ELSEWHERE = "urn:wardkeep:bars:reference"
"""System of what a message referred to and did not hold."""
KEPT = frozenset(
    {
        *("ServiceRequest", "Encounter", "CarePlan", "Observation", "Flag"),
        *("MedicationStatement", "AllergyIntolerance", "QuestionnaireResponse"),
        *("Condition", "Communication", "Procedure", "Consent", "RelatedPerson"),
        "Appointment",
    }
)
"""Types that become resources here."""
_OWN_LINKS = ("appointment", "performer", "serviceProvider", "participant", "location")
MOST_REASONS, LONGEST_REASON = 8, 6_000
LONGEST_NAME = 300


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is taken in upon."""

    patient: str
    team: Person
    """The HealthcareService of ours that it goes to."""
    now: datetime
    sender: str = ""
    """Whose account brought it, as it is registered here."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written of it."""

    resources: tuple[Json, ...]
    """Each with its new id."""
    ids: Mapping[str, str]
    """By the message's URL the id that it has here."""


def sender_of(message: Message) -> str:
    """What the sender calls itself."""
    said = message.header.get("sender")
    url = said.get("reference") if isinstance(said, dict) else ""
    entry = message.at(str(url))
    source = message.header.get("source")
    named = source.get("name") if isinstance(source, dict) else ""
    found = words_of(entry.content) if entry is not None else ""
    said_so = named[:LONGEST_NAME] if isinstance(named, str) else ""
    return found or said_so or "Somebody elsewhere"


def taken(message: Message, ground: Ground, *, skips: frozenset[str]) -> Taken:
    """Resources as they are stored; those of `skips` (URLs) are left out."""
    kept = [one for one in message.entries if one.type in KEPT and one.url not in skips]
    ids = {one.url: new_uuid() for one in kept}
    places = {one.url: f"{one.type}/{ids[one.url]}" for one in kept}
    for one in message.all("Patient"):
        places[one.url] = f"Patient/{ground.patient}"
    resources = tuple(_stored(one, message, ground, places) for one in kept)
    return Taken(resources=resources, ids=ids)


def new_patient(message: Message, ground: Ground) -> Json:
    """The Patient of a message, who is not known here."""
    entry = message.one("Patient")
    content = _bare(entry.content if entry is not None else {})
    content.pop("link", None)
    _point(content, message, {})
    return {**content, "resourceType": "Patient", "id": ground.patient}


def _stored(
    entry: Entry, message: Message, ground: Ground, places: Mapping[str, str]
) -> Json:
    content = _bare(entry.content)
    _point(content, message, places)
    content["id"] = places[entry.url].partition("/")[2]
    patient = {"reference": f"Patient/{ground.patient}"}
    if entry.type == "Flag":
        # A warning about a scene belongs to whoever is met there.
        content["subject"] = patient
    if entry.type == "ServiceRequest":
        # Its steps are ours alone to tell, and stand in what this names.
        content.pop("relevantHistory", None)
        plain = unmarked(_with_along(content, message, places))
        return _referral(plain, message, ground)
    sender = ground.sender or sender_of(message)
    origin = {"system": MESSAGE, "value": message.id}
    return as_received(content, sender=sender, origin=origin)


def _with_along(content: Json, message: Message, places: Mapping[str, str]) -> Json:
    """Naming what came along, so that whoever opens the referral finds it."""
    said = content.get("supportingInfo")
    before = said if isinstance(said, list) else []
    named = {one.get("reference") for one in before if isinstance(one, dict)}
    came = [
        places[one.url]
        for type_ in ALONG
        for one in message.all(type_)
        if one.url in places
    ]
    more = [{"reference": one} for one in came if one not in named]
    return {**content, "supportingInfo": [*before, *more]} if more else content


def _bare(content: Json) -> Json:
    """Without what the sender's store said of it."""
    made = copy.deepcopy(content)
    meta = made.pop("meta", None)
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    if profiles:
        made["meta"] = {"profile": profiles}
    made.pop("text", None)
    return made


def _point(content: Json, message: Message, places: Mapping[str, str]) -> None:
    """Have every reference name what it names here, or somebody elsewhere in words."""
    for node in references_in(content):
        said = node["reference"]
        if said.startswith("#"):
            continue
        if said in places:
            node["reference"] = places[said]
            continue
        entry = message.at(said)
        del node["reference"]
        if entry is None:
            node["identifier"] = {"system": ELSEWHERE, "value": said[:200]}
            continue
        words = words_of(entry.content)
        if words:
            node["display"] = words
        identifiers = entry.content.get("identifier")
        if isinstance(identifiers, list) and identifiers:
            node["identifier"] = identifiers[0]
        elif not words:
            node["identifier"] = {"system": ELSEWHERE, "value": said[:200]}


def _referral(content: Json, message: Message, ground: Ground) -> Json:
    """To a team of ours, with its first step; a plan of theirs is an order to us."""
    now = instant(ground.now)
    identifiers = content.get("identifier", [])
    team = {"reference": ground.team.reference, "display": ground.team.display}
    made: Json = {
        "authoredOn": now,
        "code": {"text": _asked(message)},
        "requester": {"display": sender_of(message)},
        **content,
        "intent": "order",
        "status": "active",
        "performer": [team],
        "identifier": [
            *(one for one in identifiers if one.get("system") != MESSAGE),
            {"system": MESSAGE, "value": message.id},
        ],
    }
    said = made.get("reasonCode", [])
    if isinstance(said, list):
        # What stands there already is not said twice; what is no concept is refused.
        texts = [one.get("text") for one in (*said, made["code"]) if _is_object(one)]
        unsaid = (_less(one, texts) for one in _reasons(message))
        more = list(dict.fromkeys(filter(None, unsaid)))
        reasons = [*said, *({"text": one} for one in more[:MOST_REASONS])]
        made |= {"reasonCode": reasons} if reasons else {}
    made = with_what_is_needed(made, message, now=ground.now)
    by = Person("", sender_of(message))
    return with_step(made, Done(step=Step.SEND, at=now, by=by))


def _less(words: str, texts: Container[object]) -> str:
    """Without the lines that stand there already."""
    return "\n".join(one for one in words.split("\n") if one not in texts)


def _is_object(one: object) -> bool:
    return isinstance(one, dict)


def _asked(message: Message) -> str:
    """What is asked for, by the request's category."""
    if message.is_validation:
        return "Validation of a triage's outcome"
    return "Referral by message"


def _reasons(message: Message) -> Iterator[str]:
    """What the care plan's activities came to: the words of codes, and the summary."""
    for plan in message.all("CarePlan"):
        for activity in plan.content.get("activity", []):
            for concept in activity.get("outcomeCodeableConcept", []):
                said = [one.get("display") for one in concept.get("coding", [])]
                for words in (*said, concept.get("text")):
                    if isinstance(words, str) and words:
                        yield words[:LONGEST_REASON]


def withdrawn(current: Json, message: Message, *, now: datetime) -> Json:
    """The same referral with the step that its sender withdrew it."""
    by = Person("", sender_of(message))
    entry = message.one("ServiceRequest")
    status = entry.content.get("status") if entry is not None else ""
    is_mistake = status == "entered-in-error" or message.reason is Reason.DELETE
    words = "Sent in error" if is_mistake else ""
    done = Done(step=Step.WITHDRAW, at=instant(now), by=by, words=words)
    return with_step(current, done)


_MAY_CHANGE = (
    *("priority", "occurrenceDateTime", "occurrencePeriod", "code", "reasonCode"),
    *("note", "patientInstruction", "locationCode", "locationReference"),
)


def changed(current: Json, fresh: Json) -> Json:
    """The same referral with what its sender says anew; steps and team stay."""
    said = {name: fresh[name] for name in _MAY_CHANGE if name in fresh}
    more = [
        one
        for one in fresh.get("supportingInfo", [])
        if one not in current.get("supportingInfo", [])
    ]
    found = {**current, **said}
    if more:
        found["supportingInfo"] = [*current.get("supportingInfo", []), *more]
    return found


def words_of(content: Json) -> str:
    """What a person, organisation or place is called, with where a place is."""
    name = content.get("name")
    if isinstance(name, list) and name and isinstance(name[0], dict):
        first = name[0]
        given = [one for one in first.get("given", []) if isinstance(one, str)]
        parts = [*given, str(first.get("family", ""))]
        said = str(first.get("text", "") or " ".join(parts).strip())
        return said[:LONGEST_NAME]
    words = name if isinstance(name, str) else ""
    address = content.get("address")
    if isinstance(address, dict):
        lines = [one for one in address.get("line", []) if isinstance(one, str)]
        more = (address.get("city"), address.get("postalCode"))
        where = [one for one in (*lines, *more) if isinstance(one, str) and one]
        words = ", ".join([one for one in (words, *where) if one])
    return words[:LONGEST_NAME]
