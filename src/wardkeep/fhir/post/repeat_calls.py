# SPDX-License-Identifier: Apache-2.0
"""What the repeat caller service is told of a call, asked of a caller, and answers.

By the published rules of the national service: asked when a call begins, told when it
ends. Its own message is a licensed one; ours has what the rule needs and not a word of
what was said (docs/formats/post-event-message.md). It travels as FHIR until somebody
with the licence writes the other.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER
from wardkeep.fhir.bars.outgoing import (
    REPEAT_CALL,
    REPEAT_CALL_BACK,
    SYSTEMS,
    identity_of,
)
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.urgent.repeat import EARLIER, MAYBE, Facts

Json = dict[str, Any]
ASK = "/Patient/$repeat-caller"
YES, PARTIAL, NO = "yes", "partial", "no"
"""Two calls or more in four days; perhaps, ask the caller; not known to be."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    status: str
    earlier: tuple[datetime, ...] = ()
    """When the earlier calls were, the newest first; of `partial` nothing is told."""


def is_enough(facts: Facts) -> bool:
    """Whether the service could know anybody by it."""
    known = sum(bool(one) for one in facts.five)
    return bool(facts.number and facts.is_verified) or known >= MAYBE


def words_of(facts: Facts) -> str:
    """By which it is asked, in one line: another line is another person."""
    number = facts.number if facts.is_verified else ""
    return "|".join((number, *facts.five))


def submission(
    case: str, facts: Facts, *, began: datetime, ended: datetime, provider: str
) -> Json:
    """That somebody rang, and who: a Bundle with two resources."""
    identity = identity_of(REPEAT_CALL, case)
    encounter = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "VR",
        },
        "period": {"start": instant(began), "end": instant(ended)},
        "serviceProvider": {"display": provider},
    }
    return {
        "resourceType": "Bundle",
        "id": identity,
        "identifier": {"system": SYSTEMS[REPEAT_CALL], "value": identity},
        "type": "collection",
        "timestamp": instant(ended),
        "entry": [{"resource": person(facts)}, {"resource": encounter}],
    }


def withdrawal(case: str, *, began: datetime, now: datetime) -> Json:
    """That what was told of a call was of somebody else: it is to be forgotten.

    It names the first word of it, and nobody.
    """
    identity = identity_of(REPEAT_CALL_BACK, case)
    first = {"system": SYSTEMS[REPEAT_CALL], "value": identity_of(REPEAT_CALL, case)}
    encounter = {
        "resourceType": "Encounter",
        "identifier": [first],
        "status": "entered-in-error",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "VR",
        },
        "period": {"start": instant(began)},
    }
    return {
        "resourceType": "Bundle",
        "id": identity,
        "identifier": {"system": SYSTEMS[REPEAT_CALL_BACK], "value": identity},
        "type": "collection",
        "timestamp": instant(now),
        "entry": [{"resource": encounter}],
    }


def withdrawn_in(bundle: Json) -> str:
    """The identifier's value of the word that a Bundle takes back; empty: none."""
    for entry in bundle.get("entry", []):
        one = entry.get("resource", {})
        if one.get("status") != "entered-in-error":
            continue
        for said in one.get("identifier", []):
            if said.get("system") == SYSTEMS[REPEAT_CALL]:
                return str(said.get("value", ""))
    return ""


def question(case: str, facts: Facts, *, began: datetime) -> Json:
    """Whether they rang before; `case` itself is not counted."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "call", "valueString": identity_of(REPEAT_CALL, case)},
            {"name": "at", "valueInstant": instant(began)},
            {"name": "patient", "resource": person(facts)},
        ],
    }


def answer(status: str, earlier: Iterable[datetime] = ()) -> Json:
    """What the service says."""
    calls = [{"name": "earlier", "valueInstant": instant(one)} for one in earlier]
    said = {"name": "answer", "valueCode": status}
    return {"resourceType": "Parameters", "parameter": [said, *calls]}


def read_answer(body: bytes) -> Heard | None:
    """What it said; None where that is no answer, or one that cannot be right."""
    try:
        said = msgspec.json.decode(body, type=_Parameters)
    except (msgspec.DecodeError, RecursionError):
        return None
    status = next((one.code for one in said.parameter if one.name == "answer"), "")
    earlier = [
        at
        for one in said.parameter
        if one.name == "earlier" and (at := moment_in(one.instant)) is not None
    ]
    if status not in (YES, PARTIAL, NO) or (status == YES and len(earlier) < EARLIER):
        return None
    earlier.sort(reverse=True)
    return Heard(status=status, earlier=tuple(earlier) if status == YES else ())


def person(facts: Facts) -> Json:
    """The five facts and a verified number, and nothing else."""
    made: Json = {"resourceType": "Patient"}
    name = {
        key: one
        for key, one in (
            ("family", facts.family),
            ("given", [facts.given] if facts.given else []),
        )
        if one
    }
    if facts.number and facts.is_verified:
        made["identifier"] = [{"system": NHS_NUMBER, "value": facts.number}]
    if name:
        made["name"] = [name]
    if facts.gender:
        made["gender"] = facts.gender
    if facts.born:
        made["birthDate"] = facts.born
    if facts.postcode:
        made["address"] = [{"postalCode": facts.postcode}]
    return made


class _Parameter(msgspec.Struct, frozen=True):
    name: str = ""
    code: str = msgspec.field(default="", name="valueCode")
    instant: str = msgspec.field(default="", name="valueInstant")


class _Parameters(msgspec.Struct, frozen=True):
    parameter: tuple[_Parameter, ...] = ()
