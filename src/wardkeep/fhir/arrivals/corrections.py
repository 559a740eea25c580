# SPDX-License-Identifier: Apache-2.0
"""Corrections: what a person says of their own details has changed.

It never overwrites: a Basic holds it (https://hl7.org/fhir/R4/basic.html), in the
banner tier as the Patient itself, until somebody at a desk accepts or rejects it. A
Task would say it as well, but R4 counts Tasks to nobody's record, so the organisation's
own key would open it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.draft import CORRECTION

TYPE = "Basic"
WAITING, ACCEPTED, REJECTED = "waiting", "accepted", "rejected"
SAID = ("phone", "email", "address", "gp", "contact", "contact_phone")
"""What can be corrected; each is one line as the person wrote it."""
_CORRECTED = ("telecom", "address", "generalPractitioner", "contact")
"""The elements of a Patient that hold these."""
LONGEST = 200
_PHONE, _EMAIL = "phone", "email"
_PART, _STATE = "urn:wardkeep:correction:", "urn:wardkeep:correction:state"
_ADD = """
insert into clinic.correction (organisation, id, patient, asked_at, state)
select $1, $3, p.number, $4, 'waiting'
  from record.patient as p where p.organisation = $1 and p.id = $2
"""
_DECIDE = """
update clinic.correction set state = $3, decided_at = $4
 where organisation = $1 and id = $2 and state = $5
"""
_WAITING = """
select c.id, p.id as patient, c.asked_at, c.state, c.decided_at
  from clinic.correction as c join record.patient as p on p.number = c.patient
 where c.organisation = $1
   and (c.state = 'waiting' or c.decided_at > $2)
 order by c.state = 'waiting' desc, c.asked_at limit $3
"""
MOST = 20
"""So many at once: a page of people is a list, and the door shows twenty."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A correction by its ids."""

    id: str
    patient: str
    asked_at: datetime
    state: str
    """`waiting`, `accepted`, `rejected`."""
    decided_at: datetime | None


class CorrectionBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def correction(
    said: dict[str, str], *, patient: str, id_: str, at: datetime
) -> Resource:
    """What a person wrote, as a Basic that waits for the desk."""
    parts = [
        {"url": f"{_PART}{name}", "valueString": said[name]}
        for name in SAID
        if said.get(name)
    ]
    content = {
        "resourceType": TYPE,
        "id": id_,
        "extension": [{"url": _STATE, "valueCode": WAITING}, *parts],
        "code": {"coding": [CORRECTION]},
        "subject": {"reference": f"Patient/{patient}"},
        "created": at.astimezone(LONDON).date().isoformat(),
        "author": {"reference": f"Patient/{patient}"},
    }
    return _made(content)


def said_in(text: bytes) -> dict[str, str]:
    """What a correction says; empty where it says nothing that is known here."""
    content = msgspec.json.decode(text)
    found = {
        str(one.get("url", "")).removeprefix(_PART): one.get("valueString")
        for one in content.get("extension", ())
    }
    return {name: str(found[name]) for name in SAID if found.get(name)}


def with_state(text: bytes, state: str) -> Resource:
    """It at another state."""
    content: dict[str, Any] = _plain(msgspec.json.decode(text))
    others = [one for one in content.get("extension", ()) if one.get("url") != _STATE]
    return _made(
        {**content, "extension": [{"url": _STATE, "valueCode": state}, *others]}
    )


def corrected(text: bytes, said: dict[str, str]) -> Resource:
    """The Patient with what they said in the place of what was there."""
    content: dict[str, Any] = _plain(msgspec.json.decode(text))
    contacts = [dict(one) for one in content.get("telecom", ())]
    for system in (_PHONE, _EMAIL):
        if system in said:
            contacts = _contacts(contacts, system, said[system])
    if contacts:
        content["telecom"] = contacts
    if "address" in said:
        old = [one for one in content.get("address", ()) if one.get("use") != "home"]
        kept = old if content.get("address") and old else []
        content["address"] = [{"use": "home", "text": said["address"]}, *kept]
    if "gp" in said:
        # Which practice it is in a register, somebody else finds out: it has a name.
        others = content.get("generalPractitioner", ())[1:]
        content["generalPractitioner"] = [{"display": said["gp"]}, *others]
    if "contact" in said or "contact_phone" in said:
        content["contact"] = _called(content.get("contact", ()), said)
    return _made(content)


def _called(
    known: Sequence[dict[str, Any]], said: dict[str, str]
) -> list[dict[str, Any]]:
    """The first whom to call. Of another name nothing more is known than they wrote."""
    first, others = (dict(known[0]), known[1:]) if known else ({}, ())
    if "contact" in said:
        first = {"name": {"text": said["contact"]}}
    if "contact_phone" in said:
        contacts = [dict(one) for one in first.get("telecom", ())]
        first["telecom"] = _contacts(contacts, _PHONE, said["contact_phone"])
    return [first, *others]


def restored(now: bytes, before: bytes) -> Resource:
    """The Patient as they are now, with what was corrected as it was before."""
    content: dict[str, Any] = _plain(msgspec.json.decode(now))
    old: dict[str, Any] = msgspec.json.decode(before)
    for name in _CORRECTED:
        content.pop(name, None)
        if name in old:
            content[name] = old[name]
    return _made(content)


def is_the_same(one: bytes, other: bytes) -> bool:
    """Whether two versions of a Patient say the same of what can be corrected."""
    read: list[dict[str, Any]] = [msgspec.json.decode(text) for text in (one, other)]
    return all(read[0].get(name, []) == read[1].get(name, []) for name in _CORRECTED)


def _contacts(
    contacts: Sequence[dict[str, Any]], system: str, value: str
) -> list[dict[str, Any]]:
    """The first of a kind is replaced; of the others nothing was said."""
    found = False
    kept: list[dict[str, Any]] = []
    for one in contacts:
        if one.get("system") == system and not found:
            found = True
            kept.append({**one, "value": value})
        else:
            kept.append(one)
    return kept if found else [*kept, {"system": system, "value": value}]


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """Without what the store writes itself."""
    meta = {
        key: value
        for key, value in content.get("meta", {}).items()
        if key not in ("versionId", "lastUpdated")
    }
    rest = {key: value for key, value in content.items() if key != "meta"}
    return {**rest, "meta": meta} if meta else rest


def _made(content: dict[str, Any]) -> Resource:
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise CorrectionBrokenError
    return made


def asks(
    organisation: OrganisationId, *, id_: str, patient: str, at: datetime
) -> Beside:
    """The line of the list, written with the correction."""
    return Beside(sql=_ADD, values=(organisation, patient, id_, at))


def decides(
    organisation: OrganisationId, id_: str, *, was: str, became: str, at: datetime
) -> Beside:
    """Of two who decide at once one does."""
    return Beside(sql=_DECIDE, values=(organisation, id_, became, at, was))


class Corrections:
    """Which corrections wait, and which were decided a little while ago."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, organisation: OrganisationId, *, decided_since: datetime
    ) -> tuple[Asked, ...]:
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_WAITING, organisation, decided_since, MOST)
        return tuple(Asked(**dict(row)) for row in rows)
