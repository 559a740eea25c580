# SPDX-License-Identifier: Apache-2.0
"""What belongs to entries of a stock register, as FHIR resources, and back.

https://hl7.org/fhir/R4/supplydelivery.html for what is received, moved and disposed of;
https://hl7.org/fhir/R4/basic.html for counts and corrections, for which R4 has no
resource (R5's InventoryReport is one). What is given is the prescription's
MedicationDispense. Each has the digests of its entries as identifiers: the tokens of
these are the warden's, so whoever edits rows cannot make them (docs/formats/stock.md).
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from wardkeep.fhir.prescriptions.formulary import DMD, Item
from wardkeep.fhir.stock.entry import (
    DISPOSED,
    MOVED_OUT,
    RECEIVED,
    RETURNED,
    Entry,
)
from wardkeep.fhir.urgent.saying import concept, instant
from wardkeep.fhir.work.expects import Content, listed

SYSTEM = "urn:wardkeep:stock-entry"
_MORE = "urn:wardkeep:stock"
DELIVERY, NOTE = "SupplyDelivery", "Basic"
_PACK = "pack"
_DELIVERED = frozenset({RECEIVED, MOVED_OUT, DISPOSED, RETURNED})


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery brought: a batch, and how it is packed."""

    lot: str
    medicine: str
    supplied: str
    batch: str
    expires: str
    """A year and month, as packs have them; used up to the end of that month."""
    each: int
    """How much is in one packet."""
    sender: str = ""
    """From whom it came: name and address."""

    def is_expired(self, today: date) -> bool:
        return self.expires < f"{today:%Y-%m}"

    def packets(self, left: int) -> str:
        """In packets, as they are counted: "2 packets of 21 and 3 loose"."""
        whole, loose = divmod(left, max(self.each, 1))
        said = f"{whole} {'packet' if whole == 1 else 'packets'} of {self.each}"
        if not whole:
            return f"{loose} loose"
        return f"{said} and {loose} loose" if loose else said


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a resource of the register says besides its entries."""

    id: str
    pack: Pack | None = None
    words: str = ""
    """Why, or to whom."""
    by: str = ""


def type_of(kind: str) -> str:
    """Which resource says it."""
    return DELIVERY if kind in _DELIVERED else NOTE


def identifiers(entries: Sequence[Entry]) -> list[Content]:
    return [{"system": SYSTEM, "value": one.digest.hex()} for one in entries]


def stock_content(
    said: Said,
    entries: Sequence[Entry],
    *,
    item: Item,
    kind: str,
    is_asked: bool = False,
) -> Content:
    """A resource of the register; `is_asked`: a second person has not found so yet."""
    at = entries[0].at if entries else None
    extension = [
        {"url": name, "valueString": text}
        for name, text in (
            *(("kind", kind), ("words", said.words), ("by", said.by)),
            ("each", str(said.pack.each) if said.pack else ""),
            ("supplied", said.pack.supplied if said.pack else ""),
        )
        if text
    ]
    content: Content = {
        "resourceType": type_of(kind),
        "id": said.id,
        "extension": [{"url": _MORE, "extension": extension}],
        "identifier": identifiers(entries),
    }
    if type_of(kind) == NOTE:
        content["code"] = concept(SYSTEM, kind)
        if at is not None:
            content["created"] = f"{at:%Y-%m-%d}"
        return _tidy(content)
    content["status"] = "in-progress" if is_asked else "completed"
    content["type"] = concept(
        "http://terminology.hl7.org/CodeSystem/supply-item-type", "medication"
    )
    if at is not None:
        content["occurrenceDateTime"] = instant(at)
    content["suppliedItem"] = {
        "quantity": {
            "value": abs(entries[0].amount) if entries else 0,
            "unit": item.supplied,
        },
        "itemReference": {"reference": f"#{_PACK}", "display": item.words},
    }
    if said.pack is not None:
        content["contained"] = [pack_content(said.pack, code=item.code)]
        if said.pack.sender and kind == RECEIVED:
            content["supplier"] = {"display": said.pack.sender}
    return _tidy(content)


def _tidy(content: Content) -> Content:
    return {name: one for name, one in content.items() if one != []}


def pack_content(pack: Pack, *, code: str = "") -> Content:
    """The contained Medication: in R4 batch and expiry are the medicine's."""
    named: Content = {"text": pack.medicine}
    if code:
        named["coding"] = [{"system": DMD, "code": code}]
    return {
        "resourceType": "Medication",
        "id": _PACK,
        "code": named,
        "batch": {"lotNumber": pack.batch, "expirationDate": pack.expires},
    }


def said_in(content: Content) -> Said | None:
    """Undo it; None where it is none of the register's."""
    ours = [one for one in listed(content, "extension") if one.get("url") == _MORE]
    if not ours:
        return None
    said = {
        str(one.get("url")): str(one.get("valueString", ""))
        for one in listed(ours[0], "extension")
    }
    id_ = str(content.get("id", ""))
    return Said(
        id=id_,
        words=said.get("words", ""),
        by=said.get("by", ""),
        pack=_pack_in(content, id_, said),
    )


def _pack_in(content: Content, lot: str, said: dict[str, str]) -> Pack | None:
    packs = [one for one in listed(content, "contained") if one.get("id") == _PACK]
    each = said.get("each", "")
    if not packs or not each.isdigit():
        return None
    batch, code, supplier = (
        one if isinstance(one, dict) else {}
        for one in (
            packs[0].get("batch"),
            packs[0].get("code"),
            content.get("supplier"),
        )
    )
    return Pack(
        lot=lot,
        medicine=str(code.get("text", "")),
        supplied=said.get("supplied", ""),
        batch=str(batch.get("lotNumber", "")),
        expires=str(batch.get("expirationDate", "")),
        each=int(each),
        sender=str(supplier.get("display", "")),
    )


def digests_in(content: Content) -> list[str]:
    """Digests of the entries that a resource says it belongs to."""
    return [
        str(one.get("value", ""))
        for one in listed(content, "identifier")
        if one.get("system") == SYSTEM
    ]
