# SPDX-License-Identifier: Apache-2.0
"""What is known of a person, masked; and what they say has changed.

Whoever looks over a shoulder learns nothing that opens an account elsewhere, and the
person still sees whether it is theirs.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.apps.check_in.words import Language
from wardkeep.care import reading
from wardkeep.fhir.arrivals.corrections import LONGEST, SAID
from wardkeep.web.forms import Form

SHOWN = 3
CHANGED = "changed"


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known: its name among the messages, and a hint of it."""

    name: str
    hint: str
    """Its end, or how its words begin; empty where nothing is known."""


def details_of(person: reading.Patient, words: Language) -> tuple[Detail, ...]:
    """Telephone, e-mail, address, practice and whom to call, each by a hint."""
    known = known_of(person)
    home = person.address[0].postal_code if person.address else ""
    ends = {
        "phone": known["phone"],
        "email": known["email"].partition("@")[0],
        "address": home or known["address"],
        "contact_phone": known["contact_phone"],
    }
    return tuple(
        Detail(
            name=name,
            hint=_ending(ends[name], words) if name in ends else begun(known[name]),
        )
        for name in SAID
    )


def _ending(text: str, words: Language) -> str:
    end = masked(text)
    return words.say("ending", end=end) if end else ""


def known_of(person: reading.Patient) -> dict[str, str]:
    """What can be corrected, as it is known; empty where it is not."""
    practice = person.general_practitioner[:1]
    contact = person.contact[0] if person.contact else reading.ContactPerson()
    return {
        "phone": _contact(person.telecom, "phone"),
        "email": _contact(person.telecom, "email"),
        "address": person.address[0].words if person.address else "",
        "gp": next((one.display for one in practice), ""),
        "contact": contact.words,
        "contact_phone": _contact(contact.telecom, "phone"),
    }


def begun(text: str) -> str:
    """How each word begins: who knows the name knows it again, and nobody else does."""
    return " ".join(f"{word[0]}…" for word in text.split() if word[0].isalnum())


def masked(text: str) -> str:
    """The last three letters or digits; of what is shorter than twice that, one."""
    plain = "".join(letter for letter in text if letter.isalnum())
    return plain[-SHOWN:] if len(plain) >= 2 * SHOWN else plain[-1:]


def said_of(form: Form) -> dict[str, str]:
    """What the person wrote, if they said that something has changed."""
    if form.values.get("details") != CHANGED:
        return {}
    typed = {
        name: form.optional_text(f"new-{name}", called=name, at_most=LONGEST)
        for name in SAID
    }
    return {name: text for name, text in typed.items() if text}


def _contact(telecom: Sequence[reading.Contact], system: str) -> str:
    return next((one.value for one in telecom if one.system == system), "")
