# SPDX-License-Identifier: Apache-2.0
"""Somebody who was referred did not come: told to whoever referred, and read by code.

Whoever referred is the one who knows why it mattered (Booking and Referral, REFRESP01).
A child does not fail to attend: it was not brought, and somebody has to ask why. So for
everybody under 18 the message says that, and carries a warning of the standard's own
category for safeguarding.
"""

from typing import Any

from wardkeep.fhir.bars.message import Message
from wardkeep.fhir.urgent.flags import SYSTEM as FLAGS

Json = dict[str, Any]
SYSTEM = "urn:wardkeep:attendance"
MISSED, NOT_BROUGHT = "did-not-attend", "was-not-brought"
GROWN_UP = 18
"""Years: under these somebody else brings them (Children Act 1989, section 105)."""
WORDS = {
    MISSED: "The patient did not come",
    NOT_BROUGHT: "A child was not brought",
}
SAFEGUARDING = "Safeguarding"
_CATEGORY = "SG"


def missed(age: int | None) -> str:
    """The code; `age` in whole years, None where nobody knows it."""
    return NOT_BROUGHT if age is not None and age < GROWN_UP else MISSED


def reason(code: str) -> list[Json]:
    """As the Encounter says it that did not take place."""
    coding = {"system": SYSTEM, "code": code, "display": WORDS[code]}
    return [{"coding": [coding], "text": WORDS[code]}]


def warnings(code: str) -> list[Json]:
    """What goes along as a Flag: of a child that nobody brought, and of nobody else."""
    if code != NOT_BROUGHT:
        return []
    category = {"system": FLAGS, "code": _CATEGORY, "display": SAFEGUARDING}
    words = "Was not brought to be seen. Whoever referred follows it up."
    return [
        {
            "resourceType": "Flag",
            "status": "active",
            "category": [{"coding": [category]}],
            "code": {"text": words},
        }
    ]


def read_attendance(message: Message) -> str:
    """The code of an answer; empty: it says nothing of who came."""
    about = message.about
    said = about.content.get("reasonCode") if about is not None else None
    for concept in said if isinstance(said, list) else []:
        for one in concept.get("coding", []) if isinstance(concept, dict) else []:
            if one.get("system") == SYSTEM and one.get("code") in WORDS:
                return str(one["code"])
    return ""
