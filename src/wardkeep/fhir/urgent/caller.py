# SPDX-License-Identifier: Apache-2.0
"""Who a call is about, as a Patient: not known yet, unverified, or somebody here.

Answering makes a Patient without a name or a number: the key under which what is typed
is kept, before anybody knows who it is. It becomes the unverified patient, or, where
somebody is here already, ends as a mistake that says in whose place it stood.
"""

import copy

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER
from wardkeep.fhir.urgent.case import Case, Content
from wardkeep.fhir.urgent.repeat import Facts
from wardkeep.fhir.urgent.tracing import (
    NOT_FOUND,
    NOT_REACHED,
    NOT_TRACED,
    PARTIAL,
    VERIFIED,
)

UNKNOWN = {"system": "urn:wardkeep:call", "code": "caller-not-known"}
"""The tag of a Patient of whom nobody knows yet who it is."""
_UK_CORE = "https://fhir.hl7.org.uk/"
_VERIFICATION = "UKCore-NHSNumberVerificationStatus"
_STATUS = {
    VERIFIED: ("01", "Number present and verified"),
    PARTIAL: (
        "05",
        "Trace needs to be resolved - (NHS Number or patient detail conflict)",
    ),
    NOT_FOUND: ("04", "Trace attempted - No match or multiple match found"),
    NOT_REACHED: ("03", "Trace required"),
    NOT_TRACED: ("02", "Number present but not traced"),
}
"""Of UK Core's code system NHSNumberVerificationStatusEngland, by what a trace said."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, as the caller says."""

    number: str = ""
    """An NHS number; empty: not known."""
    given: str = ""
    family: str = ""
    born: str = ""
    gender: str = ""
    address: str = ""
    postcode: str = ""


def unknown_patient(id_: str) -> Content:
    """Before anybody knows who it is: on no list that goes by names."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "meta": {"tag": [UNKNOWN]},
        "active": True,
    }


def is_unknown(content: Content) -> bool:
    """Whether it still is one of whom nobody knows who it is."""
    meta = content.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return isinstance(tags, list) and UNKNOWN in tags


def with_identity(content: Content, identity: Identity, case: Case) -> Content:
    """What is known of them now; the tag goes with the first name or number."""
    made = copy.deepcopy(content)
    said = identity
    if said.number or said.family or said.given:
        meta = made.pop("meta", {})
        tags = [one for one in meta.get("tag", []) if one != UNKNOWN]
        rest = {name: one for name, one in meta.items() if name != "tag"}
        kept = rest | ({"tag": tags} if tags else {})
        made |= {"meta": kept} if kept else {}
    name = {
        name: one
        for name, one in (
            ("use", "official"),
            ("family", said.family),
            ("given", [said.given] if said.given else []),
        )
        if one
    }
    address = {
        name: one
        for name, one in (
            ("use", "home"),
            ("text", ", ".join(filter(None, (said.address, said.postcode)))),
            ("line", [said.address] if said.address else []),
            ("postalCode", said.postcode),
        )
        if one
    }
    parts = {
        "identifier": [_number(said, case)] if said.number else [],
        "name": [name] if said.family or said.given else [],
        "birthDate": said.born,
        "gender": said.gender,
        "address": [address] if said.address or said.postcode else [],
        "telecom": [{"system": "phone", "value": case.number}]
        if case.number and case.is_patient
        else [],
    }
    return made | {name: one for name, one in parts.items() if one}


def replaced(content: Content, by: str) -> Content:
    """It was somebody who is here: nothing of it is to be used any more."""
    made = copy.deepcopy(content)
    made["active"] = False
    made["link"] = [{"other": {"reference": f"Patient/{by}"}, "type": "replaced-by"}]
    return made


def status_of(case: Case, said: Identity) -> str:
    """What the case's trace says of a number.

    Verified is the number that it gave, of whom it was asked about.
    """
    trace = case.trace
    if trace is None:
        return NOT_TRACED
    if trace.status == VERIFIED and (trace.number, trace.family, trace.born) != (
        said.number,
        said.family,
        said.born,
    ):
        return PARTIAL
    return trace.status if trace.status in _STATUS else NOT_TRACED


def _number(said: Identity, case: Case) -> Content:
    code, words = _STATUS[status_of(case, said)]
    coding = {
        "system": f"{_UK_CORE}CodeSystem/{_VERIFICATION}England",
        "code": code,
        "display": words,
    }
    return {
        "extension": [
            {
                "url": f"{_UK_CORE}StructureDefinition/Extension-{_VERIFICATION}",
                "valueCodeableConcept": {"coding": [coding]},
            }
        ],
        "use": "official",
        "system": NHS_NUMBER,
        "value": said.number,
    }


def facts_of(content: Content) -> Facts:
    """What the repeat caller rule compares, of a Patient as it is stored."""
    name = _first(content, "name")
    given = name.get("given")
    address = _first(content, "address")
    number, is_verified = "", False
    for one in content.get("identifier") or []:
        if isinstance(one, dict) and one.get("system") == NHS_NUMBER:
            number = str(one.get("value", ""))
            is_verified = _says_verified(one)
    return Facts(
        number=number,
        is_verified=is_verified,
        given=str(given[0]) if isinstance(given, list) and given else "",
        family=str(name.get("family", "")),
        born=str(content.get("birthDate", "")),
        gender=str(content.get("gender", "")),
        postcode=str(address.get("postalCode", "")),
    )


def _says_verified(identifier: Content) -> bool:
    verified = _STATUS[VERIFIED][0]
    return any(
        isinstance(coding, dict)
        and coding.get("code") in (verified, "number-present-and-verified")
        for one in identifier.get("extension") or []
        if isinstance(one, dict) and str(one.get("url", "")).endswith(_VERIFICATION)
        for coding in (one.get("valueCodeableConcept") or {}).get("coding") or []
    )


def _first(content: Content, name: str) -> Content:
    found = content.get(name)
    first = found[0] if isinstance(found, list) and found else {}
    return first if isinstance(first, dict) else {}
