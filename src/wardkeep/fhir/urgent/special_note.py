# SPDX-License-Identifier: Apache-2.0
"""A special note or flag of urgent care as a FHIR Flag, with who reviewed it, and back.

https://hl7.org/fhir/R4/flag.html; categories of BaRS (flags.py beside). Each thing that
is done with it is a step with its doer: who wrote what a call taker reads at night is
never a question. When it is to be reviewed is a Task of its own, which names nobody who
does it: it explains nobody's openings, and lists find it by its time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.flags import (
    AUDIENCE,
    AUDIENCES,
    CATEGORIES,
    NOTE,
    REVIEW,
    SYSTEM as CATEGORY,
)
from wardkeep.fhir.urgent.saying import code_in, concept, id_in, instant, text_in
from wardkeep.fhir.work.expects import Content, listed

TYPE, TASK = "Flag", "Task"
OWNER, _STEP = f"{NOTE}:owner", f"{NOTE}:step"
TASK_SYSTEM, TASK_CODE = "urn:wardkeep:task", "review-special-note"
WRITTEN, REVIEWED, ENDED, UNDONE = "written", "reviewed", "ended", "undone"
MISTAKE = "mistake"
KINDS = frozenset({WRITTEN, REVIEWED, ENDED, UNDONE, MISTAKE})
UNDO_WITHIN = timedelta(minutes=15)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done with it."""

    kind: str
    at: datetime
    by: Person
    words: str = ""
    """Why it ended, or what was changed."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: str
    patient: str
    category: str
    """A code of `CATEGORIES`."""
    words: str
    audience: str
    owner: str
    """Who looks after it: a person, team or practice, in words."""
    review: date
    since: datetime
    last: date | None = None
    """The last day on which it holds; None: until somebody ends it."""
    steps: tuple[Step, ...] = ()

    @property
    def is_mistake(self) -> bool:
        return self._standing(MISTAKE)

    @property
    def is_ended(self) -> bool:
        return self._standing(ENDED) or self.is_mistake

    def _standing(self, kind: str) -> bool:
        """Whether the last step is of the kind; an undo leaves it in force again."""
        return self.steps[-1].kind == kind

    def is_over(self, today: date) -> bool:
        """Whether nobody has to follow it any more."""
        return self.is_ended or (self.last is not None and self.last < today)

    def is_due(self, today: date) -> bool:
        """Whether it is to be reviewed by now."""
        return not self.is_over(today) and self.review <= today

    def can_take_back(self, by: Person, now: datetime) -> bool:
        """An end or a mistake, within a quarter of an hour, by whoever said it."""
        last = self.steps[-1]
        is_recent = timedelta(0) <= now - last.at <= UNDO_WITHIN
        is_theirs = bool(by.reference) and by.reference == last.by.reference
        return self.is_ended and is_theirs and is_recent


def with_step(note: Note, step: Step) -> Note:
    return msgspec.structs.replace(note, steps=(*note.steps, step))


def note_content(note: Note, *, over: Content | None = None) -> Content:
    """It as a resource's content; of `over`, what is not ours stays as it was."""
    ended = note.steps[-1].at if note.is_ended else None
    period = {"start": instant(note.since)}
    if ended is not None:
        period["end"] = instant(ended)
    elif note.last is not None:
        period["end"] = note.last.isoformat()
    status = "inactive" if note.is_ended else "active"
    return {
        **(over or {}),
        "resourceType": TYPE,
        "id": note.id,
        "extension": [
            *(it for it in listed(over or {}, "extension") if not _is_ours(it)),
            *_extensions(note),
        ],
        "status": "entered-in-error" if note.is_mistake else status,
        "category": [concept(CATEGORY, note.category, CATEGORIES[note.category])],
        "code": {"text": note.words},
        "subject": {"reference": f"Patient/{note.patient}"},
        "period": period,
        "author": reference_to(note.steps[0].by),
    }


def _is_ours(extension: Content) -> bool:
    return str(extension.get("url", "")).startswith(f"{NOTE}:")


def _extensions(note: Note) -> Iterator[Content]:
    yield {"url": AUDIENCE, "valueCode": note.audience}
    yield {"url": OWNER, "valueString": note.owner}
    yield {"url": REVIEW, "valueDate": note.review.isoformat()}
    if note.last is not None:
        yield {"url": f"{NOTE}:last", "valueDate": note.last.isoformat()}
    for step in note.steps:
        parts: list[Content] = [
            {"url": "kind", "valueCode": step.kind},
            {"url": "at", "valueInstant": instant(step.at)},
            {"url": "by", "valueReference": reference_to(step.by)},
        ]
        if step.words:
            parts.append({"url": "words", "valueString": step.words})
        yield {"url": _STEP, "extension": parts}


def note_in(content: Content) -> Note | None:
    """Undo it; None where it is another kind of Flag."""
    said = {str(one.get("url")): one for one in listed(content, "extension")}
    review = _day(said.get(REVIEW, {}).get("valueDate"))
    period = content.get("period")
    since = moment_in(period.get("start")) if isinstance(period, dict) else None
    category = code_in(content.get("category"), CATEGORY)
    steps = tuple(_steps(content))
    if review is None or since is None or category not in CATEGORIES or not steps:
        return None
    audience = said.get(AUDIENCE, {}).get("valueCode")
    one = Note(
        id=str(content.get("id", "")),
        patient=id_in(content.get("subject"), "Patient"),
        category=category,
        words=text_in(content.get("code")),
        audience=str(audience) if audience in AUDIENCES else "everybody",
        owner=str(said.get(OWNER, {}).get("valueString", "")),
        review=review,
        since=since,
        last=_day(said.get(f"{NOTE}:last", {}).get("valueDate")),
        steps=steps,
    )
    return _as_marked(one, content)


_MARKED = {"inactive": ENDED, "entered-in-error": MISTAKE}


def _as_marked(one: Note, content: Content) -> Note:
    """Whoever ended it among the alerts, or by other software, wrote no step."""
    kind = _MARKED.get(str(content.get("status")))
    if kind is None or one.is_ended:
        return one
    by = Person("", "Somebody, among the alerts or by other software")
    return with_step(one, Step(kind=kind, at=one.steps[-1].at, by=by))


def _steps(content: Content) -> Iterator[Step]:
    for one in listed(content, "extension"):
        if one.get("url") != _STEP:
            continue
        said = {str(it.get("url")): it for it in listed(one, "extension")}
        kind = said.get("kind", {}).get("valueCode")
        at = moment_in(said.get("at", {}).get("valueInstant"))
        if kind in KINDS and at is not None:
            yield Step(
                kind=str(kind),
                at=at,
                by=person_in(said.get("by", {}).get("valueReference")),
                words=str(said.get("words", {}).get("valueString", "")),
            )


def _day(said: object) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def review_id(note: str) -> str:
    return derived_uuid("special-note-review", note)


def due_at(day: date) -> datetime:
    """When a day begins in London, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def review_content(note: Note, *, now: datetime) -> Content:
    """The Task by which lists find that it is to be reviewed: one for each note."""
    over = note.is_ended or (note.last is not None and note.last < note.review)
    return {
        "resourceType": TASK,
        "id": review_id(note.id),
        "status": "completed" if over else "requested",
        "intent": "order",
        "code": {
            "coding": [{"system": TASK_SYSTEM, "code": TASK_CODE}],
            "text": "Review a special note",
        },
        "description": "A special note is to be reviewed",
        "focus": {"reference": f"{TYPE}/{note.id}"},
        "for": {"reference": f"Patient/{note.patient}"},
        "authoredOn": instant(note.since),
        "lastModified": instant(now),
        "restriction": {"period": {"end": instant(due_at(note.review))}},
    }
