# SPDX-License-Identifier: Apache-2.0
"""What was typed of a prescription, and what is to be mended in it.

Nothing has a default: a number that stands there already is one that nobody thought of.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from wardkeep.care.interactions import CHECKS, Interaction
from wardkeep.care.packets import read_expiry
from wardkeep.fhir.prescriptions.classes import shared
from wardkeep.fhir.prescriptions.formulary import ROUTES, Item
from wardkeep.fhir.prescriptions.in_words import MOST
from wardkeep.fhir.prescriptions.prescription import FREQUENCIES
from wardkeep.fhir.prescriptions.reckoning import reckoned
from wardkeep.web.forms import Form

LONGEST, LONGEST_LINE, LONGEST_NUMBER = 600, 200, 30
MOST_DAYS, MOST_DAYS_CONTROLLED = 90, 30
"""Thirty days of a controlled drug: what the department of health strongly recommends
as the most, and more than any night needs."""
_MOST_DOSE = Decimal(10_000)
_FIGURES = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_WORD = re.compile(r"[a-z]{5,}")


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription as it was typed, in order."""

    item: Item
    dose: Decimal
    route: str
    often: str
    days: int
    quantity: int
    why: str
    more: str
    pharmacy: str
    number: str


def read_typed(form: Form, items: Sequence[Item]) -> Typed | None:
    """All of it; None where something is wrong, which the form has then."""
    by_id = {one.id: one for one in items}
    item = by_id.get(form.choice("medicine", called="the medicine", among=tuple(by_id)))
    dose = _dose(form)
    route = form.choice("route", called="the route", among=tuple(ROUTES))
    if item is not None and route and route not in item.routes:
        form.reject(
            "route",
            wrong=f"{item.words} is not given {ROUTES[route].words.lower()} here",
            mend="Choose a route that the formulary has for it.",
        )
    often = form.choice("often", called="how often", among=tuple(FREQUENCIES))
    days = form.whole_number(
        "days", called="for how many days", least=1, most=MOST_DAYS
    )
    quantity = form.whole_number("quantity", called="the quantity", least=1, most=MOST)
    why = form.text("why", called="what it is for", at_most=LONGEST_LINE)
    more = form.optional_text("more", called="further instructions", at_most=LONGEST)
    pharmacy = form.optional_text(
        "pharmacy", called="the pharmacy", at_most=LONGEST_LINE
    )
    number = form.text(
        "number", called="your registration number", at_most=LONGEST_NUMBER
    )
    if item is not None and days is not None:
        _bound(form, item, days)
    if form.problems or item is None or dose is None or not days or not quantity:
        return None
    return Typed(
        item=item,
        dose=dose,
        route=route,
        often=often,
        days=days,
        quantity=quantity,
        why=why,
        more=more,
        pharmacy=pharmacy,
        number=number,
    )


def _dose(form: Form) -> Decimal | None:
    """The dose with its digits as they were typed; a comma is a point."""
    typed = form.text("dose", called="the dose", at_most=12).replace(",", ".")
    if _FIGURES.fullmatch(typed) and 0 < Decimal(typed) <= _MOST_DOSE:
        return Decimal(typed)
    if typed:
        form.reject(
            "dose",
            wrong="The dose is not a number",
            mend="Enter in figures how many at a time, as in 2 or 0.5.",
        )
    return None


def _bound(form: Form, item: Item, days: int) -> None:
    bounds = [it for it in (item.most_days, MOST_DAYS) if it]
    most = min([*bounds, MOST_DAYS_CONTROLLED] if item.schedule else bounds)
    if days > most:
        form.reject(
            "days",
            wrong=f"{item.words} is prescribed here for {most} days at most",
            mend="Enter fewer days; for longer, the surgery prescribes it.",
        )


class KnownAllergy(NamedTuple):
    """What the record says that somebody reacts to."""

    words: str
    codes: frozenset[str] = frozenset()


def warnings_about(
    item: Item, taken: Sequence[str], allergies: Sequence[KnownAllergy]
) -> list[Interaction]:
    """What a connected check says, a name that stands in both places, and a class.

    It is no check of allergies: of classes it knows those of `classes.toml` alone. It
    finds what nobody should have to be told by a plug-in.
    """
    words = [one.words for one in allergies]
    found = [one for check in CHECKS for one in check(item.words, taken, words)]
    said = [("Allergy", f"The record says: allergic to {it}", it) for it in words]
    said += [
        ("Taken already", f"The record says that they take {it}", it) for it in taken
    ]
    found += [
        Interaction(words=words, severity=kind, source=_SAME_WORD)
        for kind, words, name in said
        if _words(item.words) & _words(name)
    ]
    return [*found, *_of_class(item, allergies)]


def _of_class(item: Item, allergies: Sequence[KnownAllergy]) -> list[Interaction]:
    """Where the same word stands in both, that is said already."""
    return [
        Interaction(
            words=f"The record says: allergic to {it.words}. {item.words} is one of the"
            f" {one.name}",
            severity="Allergy",
            source=one.source,
        )
        for it in allergies
        for one in shared(item.words, it.words, it.codes)
        if not _words(item.words) & _words(it.words)
    ]


def proposed(form: Form, items: Sequence[Item]) -> str:
    """What dose and days come to, in words; empty where they do not say.

    Nothing is written into the field: whoever takes it types it.
    """
    item = next((it for it in items if it.id == form.values.get("medicine")), None)
    dose, days = _number(form, "dose"), _number(form, "days")
    often = form.values.get("often", "")
    if item is None or dose is None or days is None or days != int(days):
        return ""
    many = reckoned(
        dose=dose,
        often=often,
        days=int(days),
        unit=item.unit,
        supplied=item.supplied,
    )
    if many is None or not 0 < many <= MOST:
        return ""
    most = " at most" if FREQUENCIES[often].is_needed else ""
    return f"By dose and days it is {many} {item.supplied}{most}"


def _number(form: Form, name: str) -> Decimal | None:
    typed = form.values.get(name, "").strip().replace(",", ".")
    return Decimal(typed) if _FIGURES.fullmatch(typed) and Decimal(typed) else None


_SAME_WORD = "the same word in the record and in the medicine’s name"
_FORMS = frozenset(
    {
        *("tablet", "tablets", "capsule", "capsules", "solution", "suspension"),
        *("inhaler", "cream", "ointment", "drops", "micrograms", "injection"),
        *(
            "release",
            "modified",
            "prolonged",
            "sugar",
            "acid",
            "sodium",
            "hydrochloride",
        ),
        *("powder", "patch", "patches", "suppository", "suppositories", "allergy"),
    }
)
"""Words of which two medicines may have the same one."""


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold())) - _FORMS


def read_confirmed(form: Form, found: Sequence[Interaction]) -> None:
    """Warnings are read, and said to be, before it is stored."""
    if found and form.values.get("confirm") != "yes":
        form.reject(
            "confirm",
            wrong="There are warnings about this medicine",
            mend="Read them, and say that you have, or choose another one.",
        )


class PacketTyped(msgspec.Struct, frozen=True, kw_only=True):
    """A packet of stock."""

    batch: str
    expires: str


def read_packet(form: Form, today: date) -> PacketTyped | None:
    """Batch and expiry, copied from the packet; what has expired is not given."""
    batch = form.text("batch", called="the batch number", at_most=LONGEST_NUMBER)
    expires = read_expiry(form, today)
    if form.problems:
        return None
    return PacketTyped(batch=batch, expires=expires)


REGISTERED = "2"
"""The schedule whose register names who collected it (Misuse of Drugs Regulations 2001,
regulation 19)."""
COLLECTORS = {
    "patient": "The patient",
    "representative": "Somebody for the patient",
    "professional": "A health professional",
}
IDENTITY = {
    "seen": "Asked for, and seen",
    "not-seen": "Asked for, and not seen",
    "not-asked": "Not asked for",
}


def read_collected(form: Form) -> str:
    """Who collected it, and whether proof of identity was asked for and seen."""
    who = form.choice("collector", called="who collects it", among=tuple(COLLECTORS))
    proof = form.choice("identity", called="proof of identity", among=tuple(IDENTITY))
    if not (who and proof):
        return ""
    return (
        f"Collected by: {COLLECTORS[who].lower()}."
        f" Proof of identity: {IDENTITY[proof].lower()}."
    )
