# SPDX-License-Identifier: Apache-2.0
"""A line of an organisation's formulary, as a FHIR Medication, and back.

https://hl7.org/fhir/R4/medication.html (docs/formats/prescription.md). The organisation
loads it, by the API or by an import; none ships with the product, and a code of dm+d is
whatever was loaded. That a medicine is controlled stands here alone, so nothing else is
prescribed: what somebody types in free words is no medicine whose schedule is known.

Schedules: Misuse of Drugs Regulations 2001 (https://www.legislation.gov.uk/uksi/2001/3998).
"""

import msgspec

from wardkeep.fhir.urgent.saying import code_in, text_in
from wardkeep.fhir.work.expects import Content, listed

TYPE = "Medication"
SYSTEM = "urn:wardkeep:formulary"
SNOMED, DMD = "http://snomed.info/sct", "https://dmd.nhs.uk"


class Route(msgspec.Struct, frozen=True):
    """A way into the body; the SNOMED CT code was not held against a release."""

    words: str
    snomed: str


ROUTES = {
    "oral": Route("By mouth", "26643006"),
    "inhaled": Route("Inhaled", "447694001"),
    "skin": Route("On the skin", "6064005"),
    "eye": Route("Into the eye", "54485002"),
    "rectal": Route("Into the rectum", "37161004"),
    "sc": Route("Under the skin (SC)", "34206005"),
    "im": Route("Into a muscle (IM)", "78421000"),
}
SCHEDULES = {
    "2": "Controlled drug, schedule 2",
    "3": "Controlled drug, schedule 3",
    "4": "Controlled drug, schedule 4",
    "5": "Controlled drug, schedule 5",
}
CHECKED = frozenset({"2", "3", "4"})
"""Schedules that a second person checks; one that nobody knows is checked too."""
IN_WORDS = frozenset({"2", "3"})
"""Whose total quantity a prescription says in words and in figures (regulation 15)."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine that may be prescribed here."""

    id: str
    words: str
    """Name, strength and form, as it is printed."""
    code: str = ""
    """Of dm+d, as it was loaded."""
    unit: str = ""
    """In what a dose is counted: tablet, ml, puff."""
    supplied: str = ""
    """In what a quantity is counted: tablets, ml, inhalers."""
    routes: tuple[str, ...] = ()
    schedule: str = ""
    """Of a controlled drug; empty: it is none."""
    is_stock: bool = False
    """Whether a base holds it to be given there."""
    most_days: int = 0
    """The longest course that is prescribed here; 0: no bound of the formulary's."""

    @property
    def is_checked(self) -> bool:
        return needs_check(self.schedule)


def needs_check(schedule: str) -> bool:
    """Whether two people sign: schedules 2 to 4, and what is no schedule we know."""
    return bool(schedule) and (schedule in CHECKED or schedule not in SCHEDULES)


def item_content(item: Item) -> Content:
    """It as a resource's content."""
    said: list[Content] = [
        {"url": "unit", "valueString": item.unit},
        {"url": "supplied", "valueString": item.supplied},
        *({"url": "route", "valueCode": one} for one in item.routes),
    ]
    if item.schedule:
        said.append({"url": "schedule", "valueCode": item.schedule})
    if item.is_stock:
        said.append({"url": "stock", "valueBoolean": True})
    if item.most_days:
        said.append({"url": "most-days", "valuePositiveInt": item.most_days})
    code: Content = {"text": item.words}
    if item.code:
        code["coding"] = [{"system": DMD, "code": item.code}]
    return {
        "resourceType": TYPE,
        "id": item.id,
        "extension": [{"url": SYSTEM, "extension": said}],
        "status": "active",
        "code": code,
    }


def item_in(content: Content) -> Item | None:
    """Undo it; None where it is on no formulary, or not to be used any more."""
    ours = [one for one in listed(content, "extension") if one.get("url") == SYSTEM]
    words = text_in(content.get("code"))
    if not ours or not words or content.get("status", "active") != "active":
        return None
    said = [(str(one.get("url")), one) for one in listed(ours[0], "extension")]

    def one_of(name: str, kind: str) -> str:
        found = next((one.get(kind) for url, one in said if url == name), "")
        return found if isinstance(found, str) else ""

    routes = [str(one.get("valueCode")) for url, one in said if url == "route"]
    days = next(
        (one.get("valuePositiveInt") for url, one in said if url == "most-days"), 0
    )
    return Item(
        id=str(content.get("id", "")),
        words=words,
        code=code_in(content.get("code"), DMD),
        unit=one_of("unit", "valueString") or "dose",
        supplied=one_of("supplied", "valueString") or "packs",
        routes=tuple(one for one in routes if one in ROUTES) or tuple(ROUTES),
        schedule=one_of("schedule", "valueCode"),
        is_stock=any(
            url == "stock" and one.get("valueBoolean") is True for url, one in said
        ),
        most_days=days if isinstance(days, int) and days > 0 else 0,
    )
