# SPDX-License-Identifier: Apache-2.0
"""What the store knows of one patient, as facts by the names that data sets ask for.

Texts only, as the national data sets write them: days as 2026-11-29, times as 09:30:00,
both London's. Free words are no fact: none of them leaves.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from wardkeep.base import nhs_number
from wardkeep.base.clock import LONDON
from wardkeep.fhir.work.expects import Content, listed

_SHORT_BYTES, _SHORT = 13, 20
_WHOLE_DAY = 10
_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
_NUMBER_STATUS = f"{_UK_CORE}NHSNumberVerificationStatus"
_ETHNIC = f"{_UK_CORE}EthnicCategory"
Facts = dict[str, str]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may become a row: of which source, and where it is mended."""

    source: str
    facts: Facts
    type: str
    """FHIR type and id of the resource that says it."""
    id: str
    teams: tuple[str, ...] = ()
    """Ids of HealthcareServices whose it is to mend."""
    key: str = ""
    """By which rows within it name it; empty: none do."""
    within: str = ""
    """The key of what it belongs to."""


def short_id(id_: str) -> str:
    """An id that the data sets have room for: the same one each month.

    20 letters and digits of SHA-256: 100 bits, so that no two are the same.
    """
    digest = hashlib.sha256(id_.encode()).digest()[:_SHORT_BYTES]
    return base64.b32encode(digest).decode()[:_SHORT]


def day_fact(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def time_fact(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(LONDON):%H:%M:%S}"


def date_fact(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(LONDON):%Y-%m-%d}"


def codes_in(node: object, system: str) -> Iterator[str]:
    """Codes of one system in a CodeableConcept, or in several."""
    nodes = node if isinstance(node, list) else [node]
    for one in nodes:
        if isinstance(one, dict):
            for coding in listed(one, "coding"):
                code = coding.get("code")
                if coding.get("system") == system and isinstance(code, str):
                    yield code


def extension_code(content: Content, url: str) -> str:
    """The first code of an extension's CodeableConcept, whatever its system."""
    for one in listed(content, "extension"):
        if one.get("url") == url:
            concept = one.get("valueCodeableConcept")
            coded = listed(concept, "coding") if isinstance(concept, dict) else []
            return next((text_in(it.get("code")) for it in coded), "")
    return ""


def identifier_in(content: Content, system: str) -> str:
    for one in listed(content, "identifier"):
        if one.get("system") == system:
            return text_in(one.get("value"))
    return ""


def text_in(node: object) -> str:
    return node if isinstance(node, str) else ""


def patient_facts(content: Content) -> Facts:
    """Who a Patient is: no name and no address but its postcode."""
    number = _nhs_identifier(content)
    born = text_in(content.get("birthDate"))
    died = text_in(content.get("deceasedDateTime"))
    return {
        "patient": short_id(text_in(content.get("id"))),
        "nhs_number": text_in(number.get("value")),
        "nhs_number_status": extension_code(number, _NUMBER_STATUS)
        or ("" if number else "07"),
        "birth_date": born if len(born) == _WHOLE_DAY else "",
        "postcode": _postcode(content),
        "gender": text_in(content.get("gender")),
        "ethnic_category": extension_code(content, _ETHNIC),
        "language": _language(content),
        "death_date": died[:_WHOLE_DAY] if len(died) >= _WHOLE_DAY else "",
    }


def _nhs_identifier(content: Content) -> Content:
    """The one that is whole and right: another is none."""
    for one in listed(content, "identifier"):
        value = text_in(one.get("value")).replace(" ", "")
        if one.get("system") == nhs_number.SYSTEM and nhs_number.parse(value):
            return {**one, "value": value}
    return {}


def _postcode(content: Content) -> str:
    homes = sorted(listed(content, "address"), key=lambda one: one.get("use") != "home")
    found = (text_in(one.get("postalCode")) for one in homes)
    return next((one.upper() for one in found if one), "")


def _language(content: Content) -> str:
    spoken = listed(content, "communication")
    spoken.sort(key=lambda one: one.get("preferred") is not True)
    for one in spoken:
        language = one.get("language")
        coded = listed(language, "coding") if isinstance(language, dict) else []
        for coding in coded:
            code = text_in(coding.get("code")).partition("-")[0].lower()
            if code:
                return code
    return ""


def practice_facts(
    content: Content, practices: Mapping[str, str], *, ods: str
) -> Facts | None:
    """Where somebody is registered, by its ODS code; None where that is nowhere said.

    `practices` has the ODS codes of Organizations by their ids.
    """
    for one in listed(content, "generalPractitioner"):
        said = one.get("identifier")
        code = text_in(said.get("value")) if isinstance(said, dict) else ""
        if code and isinstance(said, dict) and said.get("system") == ods:
            return {"practice": code}
        type_, _, id_ = text_in(one.get("reference")).partition("/")
        if type_ == "Organization":
            return {"practice": practices.get(id_, "")}
    return {"practice": ""}


def reference_in(node: Any, type_: str) -> str:
    """The id that a FHIR Reference names, of that type; empty where it names none."""
    said = text_in(node.get("reference")) if isinstance(node, dict) else ""
    kind, _, id_ = said.partition("/")
    return id_.partition("/")[0] if kind == type_ else ""
