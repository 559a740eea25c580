# SPDX-License-Identifier: Apache-2.0
"""To whom a letter goes, as the record says, and who needs somebody to decide first.

A letter about a breach must not be what tells an abuser where somebody lives, or a
widow that a stranger read about her husband: what the record leaves open goes to a
person.
"""

from collections.abc import Iterator
from datetime import date

import msgspec

OF_AGE = 18
"""Years; whoever is younger is told by way of somebody who knows the family."""
_OLD_USES = frozenset({"old", "temp", "billing"})


class _Period(msgspec.Struct, frozen=True):
    end: str = ""


class _Name(msgspec.Struct, frozen=True):
    use: str = ""
    text: str = ""
    family: str = ""
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()


class _Address(msgspec.Struct, frozen=True, rename="camel"):
    use: str = ""
    text: str = ""
    line: tuple[str, ...] = ()
    city: str = ""
    district: str = ""
    postal_code: str = ""
    country: str = ""
    period: _Period = _Period()


class _Link(msgspec.Struct, frozen=True):
    type: str = ""


class _Patient(msgspec.Struct, frozen=True, rename="camel"):
    active: bool = True
    name: tuple[_Name, ...] = ()
    birth_date: str = ""
    deceased_boolean: bool = False
    deceased_date_time: str = ""
    address: tuple[_Address, ...] = ()
    link: tuple[_Link, ...] = ()


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a letter goes to; who is named in `decide` gets none before somebody did."""

    patient: str
    name: str = ""
    lines: tuple[str, ...] = ()
    """Of the address, the postcode last."""
    decide: tuple[str, ...] = ()
    """Why somebody decides first, in words."""


def addressee_of(
    patient: str, text: bytes, *, today: date, is_sealed: bool, has_sealed: bool
) -> Addressee:
    """From a Patient as stored.

    `is_sealed`: something kept apart was seen; `has_sealed`: something is kept apart,
    which may be a protected address.
    """
    try:
        found = msgspec.json.decode(text, type=_Patient)
    except msgspec.DecodeError:
        return Addressee(patient=patient, decide=("the record cannot be read",))
    address = _address(found.address, today)
    decide = [*_about_the_person(found, today)]
    if not _name(found.name):
        decide.append("no name is recorded")
    if address is None:
        decide.append("no address that holds today is recorded")
    if is_sealed:
        decide.append("something kept apart was seen: talk with them first")
    if has_sealed:
        decide.append("something is kept apart, which may be a protected address")
    if decide:
        # No name and no address leave for whom somebody has still to decide.
        return Addressee(patient=patient, decide=tuple(decide))
    return Addressee(
        patient=patient,
        name=_name(found.name),
        lines=() if address is None else _lines(address),
    )


def unknown(patient: str) -> Addressee:
    """Of whom there is no record any more."""
    return Addressee(patient=patient, decide=("there is no record of them any more",))


def _about_the_person(found: _Patient, today: date) -> Iterator[str]:
    if found.deceased_boolean or found.deceased_date_time:
        yield "has died"
    years = _years(found.birth_date, today)
    if years is None:
        yield "no date of birth is recorded: may be a child"
    elif years < OF_AGE:
        yield f"is a child, {years} years old"
    if not found.active:
        yield "the record is marked as not in use"
    if any(one.type == "replaced-by" for one in found.link):
        yield "the record was replaced by another one"


def _years(born: str, today: date) -> int | None:
    """At the least; None where no date of birth is known.

    Where a year or a month alone is known it is reckoned from its end.
    """
    rest = {4: "-12-31", 7: "-28"}.get(len(born), "")
    try:
        day = date.fromisoformat(born + rest)
    except ValueError:
        return None
    is_before = (today.month, today.day) < (day.month, day.day)
    return today.year - day.year - is_before


def _name(names: tuple[_Name, ...]) -> str:
    """The official one, else the first that is not old."""
    fit = [one for one in names if one.use not in ("old", "maiden", "nickname")]
    for one in sorted(fit, key=lambda one: one.use != "official"):
        parts = (*one.prefix, *one.given, one.family)
        words = one.text or " ".join(part for part in parts if part)
        if words.strip():
            return " ".join(words.split())
    return ""


def _address(found: tuple[_Address, ...], today: date) -> _Address | None:
    """The home, else the first that holds today."""
    fit = [
        one
        for one in found
        if one.use not in _OLD_USES
        and (not one.period.end or one.period.end[:10] >= today.isoformat())
        and _lines(one)
    ]
    return next(iter(sorted(fit, key=lambda one: one.use != "home")), None)


def _lines(one: _Address) -> tuple[str, ...]:
    parts = (*one.line, one.city, one.district, one.postal_code, one.country)
    lines = [" ".join(part.split()) for part in parts if part.strip()]
    return tuple(lines) or tuple(
        line.strip() for line in one.text.replace("\n", ",").split(",") if line.strip()
    )
