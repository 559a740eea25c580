# SPDX-License-Identifier: Apache-2.0
"""Asking a Personal Demographics Service who somebody is, by its FHIR API.

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir:
`GET /Patient/{NHS number}` is one person or 404 (a wrong number: 400);
`GET /Patient?family=…&birthdate=eq…` is a searchset with a score for each, or, where
more than one fits, an OperationOutcome `TOO_MANY_MATCHES`. What it says is data of
somebody else's: it is measured, read as far as is needed, and believed no further.
"""

from urllib.parse import urlencode

import msgspec

from wardkeep.base import nhs_number
from wardkeep.base.plain_text import normalise
from wardkeep.fhir.urgent.outside import Outside, Question
from wardkeep.fhir.urgent.tracing import (
    NOT_FOUND,
    NOT_REACHED,
    PARTIAL,
    SECONDS,
    VERIFIED,
    Asked,
    Traced,
)

_OK, _NOT_FOUND, _BAD = 200, 404, 400
_SAME = 0.99
"""A score below it is somebody like them, and not them."""


class _Name(msgspec.Struct, frozen=True):
    use: str = ""
    family: str = ""
    given: tuple[str, ...] = ()


class _Address(msgspec.Struct, frozen=True, rename="camel"):
    use: str = ""
    postal_code: str = ""


class _Identifier(msgspec.Struct, frozen=True):
    value: str = ""


class _Reference(msgspec.Struct, frozen=True):
    identifier: _Identifier = _Identifier()


class _Patient(msgspec.Struct, frozen=True, rename="camel"):
    id: str = ""
    name: tuple[_Name, ...] = ()
    birth_date: str = ""
    gender: str = ""
    address: tuple[_Address, ...] = ()
    general_practitioner: tuple[_Reference, ...] = ()


class _Search(msgspec.Struct, frozen=True):
    score: float = 0.0


class _Entry(msgspec.Struct, frozen=True):
    resource: _Patient = _Patient()
    search: _Search = _Search()


class _Found(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    entry: tuple[_Entry, ...] = ()


class PdsTracer:
    """One service, at one address; a few questions at once, each within its time."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        self._outside = Outside(address, seconds=seconds, name="pds")

    async def trace(self, asked: Asked) -> Traced:
        """By the NHS number, where it is known; else by what else is."""
        if asked.number:
            status, body = await self._get(f"/Patient/{asked.number}", {})
            if status in (_NOT_FOUND, _BAD):
                return Traced(status=NOT_FOUND, number=asked.number)
        else:
            status, body = await self._get("/Patient", _terms(asked))
        if status != _OK:
            return Traced(status=NOT_REACHED, number=asked.number)
        try:
            return _one(body, asked) if asked.number else _some(body, asked)
        except msgspec.DecodeError:
            return Traced(status=NOT_REACHED, number=asked.number)

    def close(self) -> None:
        """Whoever still waits is told nothing any more."""
        self._outside.close()

    async def _get(self, path: str, terms: dict[str, str]) -> tuple[int, bytes]:
        """Status and body; 0 where nothing came in time."""
        query = f"?{urlencode(terms)}" if terms else ""
        return await self._outside.ask(Question(path=f"{path}{query}"))


def _terms(asked: Asked) -> dict[str, str]:
    said = {
        "family": asked.family,
        "given": asked.given,
        "birthdate": f"eq{asked.born}",
        "gender": asked.gender if asked.gender in ("female", "male") else "",
        "address-postalcode": asked.postcode,
    }
    return {name: one for name, one in said.items() if one}


def _one(body: bytes, asked: Asked) -> Traced:
    """By number: verified where name or birth are known and none of them differs."""
    found = msgspec.json.decode(body, type=_Patient)
    name = _usual(found)
    said = [
        (normalise(asked.family), normalise(name.family)),
        (asked.born, found.birth_date),
    ]
    given = [(one, other) for one, other in said if one]
    is_same = bool(given) and all(one == other for one, other in given)
    return _told(found, VERIFIED if is_same else PARTIAL, asked)


def _some(body: bytes, asked: Asked) -> Traced:
    """By facts: verified where one alone is there, and fits wholly."""
    found = msgspec.json.decode(body, type=_Found)
    if found.resource_type == "OperationOutcome" or len(found.entry) > 1:
        return Traced(status=PARTIAL)
    if not found.entry:
        return Traced(status=NOT_FOUND)
    [entry] = found.entry
    is_same = entry.search.score >= _SAME
    return _told(entry.resource, VERIFIED if is_same else PARTIAL, asked)


def _told(found: _Patient, status: str, asked: Asked) -> Traced:
    """Of somebody whose details differ nothing is told: it may be somebody else.

    Where a number was replaced, the answer has the newer one: a person looks.
    """
    number = nhs_number.parse(found.id)
    is_other = bool(asked.number) and number != asked.number
    if number is None or is_other or status != VERIFIED:
        return Traced(status=PARTIAL, number=asked.number)
    name = _usual(found)
    surgery = [one.identifier.value for one in found.general_practitioner]
    home = [one.postal_code for one in found.address if one.use in ("home", "")]
    return Traced(
        status=VERIFIED,
        number=number,
        name=" ".join([*name.given[:1], name.family]),
        born=found.birth_date,
        postcode=next(iter(home), ""),
        surgery=next(iter(surgery), ""),
    )


def _usual(found: _Patient) -> _Name:
    usual = [one for one in found.name if one.use in ("usual", "official")]
    return next(iter([*usual, *found.name]), _Name())
