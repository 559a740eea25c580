# SPDX-License-Identifier: Apache-2.0
"""An assessment as a FHIR QuestionnaireResponse, and back (docs/formats/assessment.md).

https://hl7.org/fhir/R4/questionnaireresponse.html. Signing makes a version:
`completed`, then `amended`. It names the stored version of the Questionnaire that it
was answered under, so that a score is what it was when somebody acted on it.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.response import About, Answered, response_of
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "QuestionnaireResponse"
SIGNED, AMENDED, WRONG = "completed", "amended", "entered-in-error"
DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_PART = "urn:wardkeep:assessment:"
ASKED, BY, WHY, BEGUN_BY, SCORE = (
    f"{_PART}{name}" for name in ("asked", "by", "why", "begun-by", "score")
)


class Asked(msgspec.Struct, frozen=True):
    """Which Questionnaire was asked, at which of its stored versions."""

    id: str
    version: int

    @property
    def reference(self) -> str:
        return f"Questionnaire/{self.id}/_history/{self.version}"


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an assessment, as far as it tells without its Questionnaire."""

    id: str
    patient: str
    title: str
    canonical: str
    status: str
    asked: Asked | None
    """None: it came from elsewhere, or was asked at check-in."""
    answered: str
    """When the answers were given: a FHIR dateTime."""
    author: Person = Person()
    by: Person = Person()
    """Who made this version."""
    why: str = ""
    """What this version changed and why; empty of the first one."""
    begun_by: str = ""
    encounter: str = ""
    version: int
    recorded: datetime
    """When this version was stored."""
    text: bytes

    @property
    def is_wrong(self) -> bool:
        return self.status == WRONG


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs what, and when: all of a response but its answers."""

    id: str
    patient: str
    asked: Asked
    status: str
    answered: datetime
    author: Person
    by: Person
    why: str = ""
    begun_by: str = ""
    encounter: str = ""
    score: str = ""
    """In words, for whoever has not got the Questionnaire; empty: it is no scale."""


def resource_of(act: Act, questionnaire: Questionnaire, given: Answered) -> Resource:
    """It as a resource, to be stored; `given` has no problems."""
    said: list[dict[str, object]] = [
        {"url": ASKED, "valueReference": {"reference": act.asked.reference}},
        {"url": BY, "valueReference": act.by},
    ]
    if act.score:
        said.append({"url": SCORE, "valueString": act.score})
    if act.why:
        said.append({"url": WHY, "valueString": act.why})
    if act.begun_by:
        said.append({"url": BEGUN_BY, "valueString": act.begun_by})
    about = About(
        subject=f"Patient/{act.patient}",
        authored=act.answered,
        author=act.author.reference,
        author_name=act.author.display,
        encounter=act.encounter and f"Encounter/{act.encounter}",
        status=act.status,
        extension=tuple(said),
        title=questionnaire.words(),
    )
    return response_of(questionnaire, given, about, id_=act.id)


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_reference: Person = Person()


class _Beside(msgspec.Struct, frozen=True):
    extension: tuple[_Extension, ...] = ()


class _Response(msgspec.Struct, frozen=True):
    status: str = ""
    questionnaire: str = ""
    beside: _Beside = msgspec.field(default=_Beside(), name="_questionnaire")
    authored: str = ""
    author: Person = Person()
    encounter: Person = Person()
    extension: tuple[_Extension, ...] = ()


_decode = msgspec.json.Decoder(_Response).decode


def read_assessment(opened: OpenedResource) -> Assessment | None:
    """None where it is not written as R4 says."""
    try:
        found = _decode(opened.text)
    except msgspec.DecodeError:
        return None
    said = {one.url: one for one in found.extension}
    nothing = _Extension()
    titles = [one.value_string for one in found.beside.extension if one.url == DISPLAY]
    return Assessment(
        id=opened.id,
        patient=opened.patient,
        title=titles[0] if titles else "",
        canonical=found.questionnaire,
        status=found.status,
        asked=_asked(said.get(ASKED, nothing).value_reference.reference),
        answered=found.authored or opened.last_updated.isoformat(timespec="seconds"),
        author=found.author,
        by=said.get(BY, nothing).value_reference,
        why=said.get(WHY, nothing).value_string,
        begun_by=said.get(BEGUN_BY, nothing).value_string,
        encounter=found.encounter.reference.partition("Encounter/")[2],
        version=opened.version,
        recorded=opened.last_updated,
        text=opened.text,
    )


def _asked(reference: str) -> Asked | None:
    kind, _, rest = reference.partition("/")
    id_, history, version = rest.partition("/_history/")
    is_number = version.isascii() and version.isdigit()
    is_one = kind == "Questionnaire" and bool(history) and is_number
    return Asked(id_, int(version)) if is_one else None
