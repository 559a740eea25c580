# SPDX-License-Identifier: Apache-2.0
"""A kind of entry: what is asked, what FHIR resource it makes, how it ends.

An entry is never overwritten: it ends, or it was entered in error, and both stay in its
history. So there is nothing to edit, and two people never write over each other.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

Content = dict[str, object]
NOTE = "urn:wardkeep:note"
"""An extension for types that have no note of their own."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a form."""

    name: str
    label: str
    called: str
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """One of these, where there are some."""
    is_day: bool = False
    is_optional: bool = False


SINCE = Field(
    name="since",
    label="Since",
    called="the day",
    hint="May stay empty. For example, 17 4 2021",
    is_day=True,
    is_optional=True,
)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes, about whom, when."""

    patient: str
    id: str
    author: dict[str, str]
    now: datetime

    @property
    def instant(self) -> str:
        return self.now.isoformat(timespec="seconds")

    @property
    def subject(self) -> dict[str, str]:
        return {"reference": f"Patient/{self.patient}"}

    def note(self, words: str) -> Content:
        """What was done, by whom and when (https://hl7.org/fhir/R4/datatypes.html#Annotation)."""
        who: Content = {"authorString": self.author["display"]}
        if "reference" in self.author:
            who = {"authorReference": self.author}
        return {**who, "time": self.instant, "text": words}


def _by_nobody(_visit: Visit, _content: Content) -> Trouble | None:
    return None


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind."""

    name: str
    """In addresses."""
    type: str
    noun: str
    """As in "Add a problem"."""
    section: str
    fields: tuple[Field, ...]
    make: Callable[[Mapping[str, str], Act], Content]
    end: Callable[[Content, Act], None]
    """Change the content of one that holds into one that is over."""
    end_words: str
    ended_words: str
    mistake: Callable[[Content], None]
    """The same into one that was entered in error."""
    is_over: Callable[[Content], bool]
    words: Callable[[Content], str]
    held: Callable[[Visit, Content], Trouble | None] = _by_nobody
    """Why the visitor may change nothing of it here."""


def coded(system: str, code: str, display: str = "") -> Content:
    coding: Content = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def add_note(content: Content, note: Content) -> None:
    """Beside the notes that there are."""
    kept = content.get("note")
    content["note"] = [*(kept if isinstance(kept, list) else ()), note]


def no_longer_so(content: Content, *, clinical: str, act: Act, words: str) -> None:
    """Its clinical status is resolved, and a note says who said so."""
    content["clinicalStatus"] = coded(clinical, "resolved", "Resolved")
    add_note(content, act.note(words))


def was_mistaken(content: Content, *, certainty: str) -> None:
    """FHIR: an entry in error has no clinical status (con-5, ait-2)."""
    content.pop("clinicalStatus", None)
    content["verificationStatus"] = coded(certainty, "entered-in-error")


def words_of(concept: object) -> str:
    """A CodeableConcept's text, or its first display."""
    if not isinstance(concept, dict):
        return ""
    codings = concept.get("coding")
    first = codings[0] if isinstance(codings, list) and codings else {}
    said = concept.get("text") or (
        first.get("display") if isinstance(first, dict) else ""
    )
    return said if isinstance(said, str) else ""


def has_code(concept: object, *codes: str) -> bool:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return isinstance(codings, list) and any(
        isinstance(one, dict) and one.get("code") in codes for one in codings
    )
