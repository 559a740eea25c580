# SPDX-License-Identifier: Apache-2.0
"""What was gone through together about one subject of an assessment, as a FHIR Goal.

https://hl7.org/fhir/R4/goal.html. The four steps are those of DIALOG+ (understanding,
looking forward, exploring options, agreeing on actions), as Priebe and colleagues
published them; the words are ours. There is one for each assessment and subject, whose
id follows from both, so that two who begin it at once meet. An action of a colleague's
or a team's is a Task beside it; those of the person, or of others, stand here alone.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from wardkeep.base.ids import derived_uuid, is_fhir_id
from wardkeep.fhir.model.coded import Concept
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "Goal"
SYSTEM = "urn:wardkeep:talk"
ACTIVE, REACHED, LEFT, WRONG = (
    *("active", "completed", "cancelled"),
    "entered-in-error",
)
ENDINGS = {REACHED: "Reached", LEFT: "Not wanted any more", WRONG: "Entered in error"}
UNDERSTANDING, FORWARD, OPTIONS = "understanding", "forward", "options"
STEPS = {
    UNDERSTANDING: "Understanding",
    FORWARD: "Looking forward",
    OPTIONS: "Exploring options",
}
"""The steps that are told in words; the fourth is what is agreed."""
HINTS = {
    UNDERSTANDING: "What is hard about it, in the person’s words, and what works "
    "already or has helped before.",
    FORWARD: "How it would be at its best, and the smallest step that would be felt.",
    OPTIONS: "What the person can do, what you can do, and what somebody else can do.",
}
MOST_ACTIONS = 4
_ABOUT, _ACTION, _BY, _WHEN = (
    f"{SYSTEM}:{name}" for name in ("about", "action", "by", "when")
)
_BETWEEN = "."
_LONGEST_ID = 64
Content = dict[str, object]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was agreed."""

    words: str
    who: Person
    by: date | None = None
    task: str = ""
    """The Task that it became; empty: nobody here has it on a list."""


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of one assessment, gone through together."""

    id: str
    patient: str
    subject: str
    """As the Questionnaire names it."""
    steps: dict[str, str]
    """By code; those with no words are left out."""
    actions: tuple[Action, ...] = ()
    status: str = ACTIVE
    author: Person = Person()
    """Who made this version."""
    when: str = ""
    """An instant, as FHIR writes it."""
    version: int = 0

    @property
    def assessment(self) -> str:
        return parts_of(self.id)[0]

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def is_wrong(self) -> bool:
        return self.status == WRONG

    @property
    def ended(self) -> str:
        """How it ended, in words; empty while it goes on."""
        return ENDINGS.get(self.status, "")

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """The steps with their titles, those with no words left out."""
        found = ((title, self.steps.get(code, "")) for code, title in STEPS.items())
        return tuple((title, words) for title, words in found if words)


def talk_id(assessment: str, link: str) -> str:
    """Empty where no id can be made of both: that subject is not gone through."""
    made = f"{assessment}{_BETWEEN}{link}"
    is_one = (
        assessment
        and link
        and is_fhir_id(made)
        and len(made) <= _LONGEST_ID
        and _BETWEEN not in link
    )
    return made if is_one else ""


def parts_of(id_: str) -> tuple[str, str]:
    """Undo it: the assessment and the subject's linkId."""
    assessment, _, link = id_.rpartition(_BETWEEN)
    return assessment, link


def task_id(talk: str, words: str, who: str) -> str:
    """Of an action's Task: the same action sent twice is one task."""
    return derived_uuid("talk-task", talk, words, who)


def talk_content(one: Talk) -> Content:
    """It as a resource, to be stored."""
    assessment, link = parts_of(one.id)
    said: list[Content] = [
        {
            "url": _ABOUT,
            "valueReference": {"reference": f"QuestionnaireResponse/{assessment}"},
        },
        {"url": _BY, "valueReference": reference_to(one.author)},
        {"url": _WHEN, "valueInstant": one.when},
    ]
    said += [
        {"url": f"{SYSTEM}:{code}", "valueString": words}
        for code, words in one.steps.items()
    ]
    said += [_written(action) for action in one.actions]
    return {
        "resourceType": TYPE,
        "id": one.id,
        "extension": said,
        "lifecycleStatus": one.status,
        "category": [
            {"coding": [{"system": SYSTEM, "code": link}], "text": one.subject}
        ],
        "description": {"text": one.steps.get(FORWARD) or one.subject},
        "subject": {"reference": f"Patient/{one.patient}"},
        "startDate": one.when[:10],
        "expressedBy": {"reference": f"Patient/{one.patient}"},
    }


def _written(action: Action) -> Content:
    said: list[Content] = [
        {"url": "what", "valueString": action.words},
        {"url": "who", "valueReference": reference_to(action.who)},
    ]
    if action.by is not None:
        said.append({"url": "by", "valueDate": action.by.isoformat()})
    if action.task:
        reference = {"reference": f"Task/{action.task}"}
        said.append({"url": "task", "valueReference": reference})
    return {"url": _ACTION, "extension": said}


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_date: str = ""
    value_instant: str = ""
    value_reference: Person = Person()
    extension: tuple["_Extension", ...] = ()


class _Goal(msgspec.Struct, frozen=True, rename="camel"):
    lifecycle_status: str = ""
    category: tuple[Concept, ...] = ()
    extension: tuple[_Extension, ...] = ()


def read_talk(opened: OpenedResource) -> Talk | None:
    """None where it is no talk of ours, or is written in another way."""
    try:
        found = msgspec.json.decode(opened.text, type=_Goal)
        said = {one.url: one for one in found.extension}
        if not opened.patient or _ABOUT not in said or not found.category:
            return None
        return Talk(
            id=opened.id,
            patient=opened.patient,
            subject=found.category[0].text,
            steps=_steps_in(said),
            actions=tuple(_read(one) for one in found.extension if one.url == _ACTION),
            status=found.lifecycle_status,
            author=said.get(_BY, _Extension()).value_reference,
            when=said.get(_WHEN, _Extension()).value_instant,
            version=opened.version,
        )
    except (msgspec.DecodeError, ValueError):
        return None


def _steps_in(said: Mapping[str, _Extension]) -> dict[str, str]:
    found = {
        code: said[f"{SYSTEM}:{code}"].value_string
        for code in STEPS
        if f"{SYSTEM}:{code}" in said
    }
    return {code: words for code, words in found.items() if words}


def _read(one: _Extension) -> Action:
    said = {part.url: part for part in one.extension}
    by = said.get("by", _Extension()).value_date
    return Action(
        words=said.get("what", _Extension()).value_string,
        who=said.get("who", _Extension()).value_reference,
        by=date.fromisoformat(by) if by else None,
        task=said.get("task", _Extension()).value_reference.reference.partition("/")[2],
    )
