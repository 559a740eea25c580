# SPDX-License-Identifier: Apache-2.0
"""What is known of a person, masked; and what they say has changed.

Whoever looks over a shoulder learns nothing that opens an account elsewhere, and the
person still sees whether it is theirs.
"""

import msgspec

from wardkeep.care import reading
from wardkeep.fhir.arrivals.corrections import LONGEST, SAID
from wardkeep.web.forms import Form

SHOWN = 3
CHANGED = "changed"


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known: its name among the messages, and its end."""

    name: str
    end: str
    """The last characters; empty where nothing is known."""


def details_of(person: reading.Patient) -> tuple[Detail, ...]:
    """Telephone, e-mail and address, each by its end."""
    known = known_of(person)
    home = person.address[0].postal_code if person.address else ""
    shown = {
        "phone": known["phone"],
        "email": known["email"].partition("@")[0],
        "address": home or known["address"],
    }
    return tuple(Detail(name=name, end=masked(shown[name])) for name in SAID)


def known_of(person: reading.Patient) -> dict[str, str]:
    """What can be corrected, as it is known; empty where it is not."""
    return {
        "phone": _contact(person, "phone"),
        "email": _contact(person, "email"),
        "address": person.address[0].words if person.address else "",
    }


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


def _contact(person: reading.Patient, system: str) -> str:
    return next((one.value for one in person.telecom if one.system == system), "")
