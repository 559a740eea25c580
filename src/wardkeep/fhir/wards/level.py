# SPDX-License-Identifier: Apache-2.0
"""An observation level as a FHIR Procedure: what is done for a patient, since when.

https://hl7.org/fhir/R4/procedure.html: `performedPeriod` is how long it holds, and
`reasonCode` why. Not a ServiceRequest: an order explains its patient to whoever gave
it (`work/kinds/service_request.py`), for more than a year. The levels are those of NICE
NG10, 1.4 (https://www.nice.org.uk/guidance/ng10); how often is chosen. A Flag with the
same change says it in the banner of every page.
"""

from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.wards.saying import (
    BY,
    SYSTEM,
    code_in,
    concept,
    is_of,
    moment_said,
    of_person,
    person_said,
    put_extension,
    said_in,
    texts_in,
    written,
)
from wardkeep.fhir.work.expects import Content, listed, status_of

TYPE, FLAG = "Procedure", "Flag"
CATEGORY = "observation-level"
LEVELS = f"{SYSTEM}:level"
EVERY, REVIEW, ENDED_BY = (f"{SYSTEM}:{it}" for it in ("every", "review", "ended-by"))
GENERAL = "general"
HELD, ENDED, MISTAKE = "in-progress", "completed", "entered-in-error"
MOST_MINUTES = 1440


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One level."""

    code: str
    title: str
    short: str
    """As a board and a banner have it; `{}` is how many minutes."""
    every: tuple[int, ...]
    """Minutes between two checks that may be chosen; the first is proposed."""
    is_continuous: bool = False
    """Whether somebody stays with the patient all the time."""


KINDS = {
    one.code: one
    for one in (
        Kind(
            code=GENERAL,
            title="General observation",
            short="General",
            every=(60, 30, 120, 240),
        ),
        Kind(
            code="intermittent",
            title="Intermittent observation",
            short="Every {} minutes",
            every=(15, 5, 10, 20, 30),
        ),
        Kind(
            code="eyesight",
            title="Continuous: within eyesight",
            short="Within eyesight",
            every=(30, 15, 60),
            is_continuous=True,
        ),
        Kind(
            code="arms-length",
            title="Continuous: within arm’s length",
            short="Within arm’s length",
            every=(30, 15, 60),
            is_continuous=True,
        ),
    )
}


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody's level is, or was."""

    id: str
    patient: str
    code: str
    every: int
    """Minutes between two checks, at most."""
    began: datetime
    by: Person
    reason: str
    review: datetime | None = None
    ended: datetime | None = None
    ended_by: Person = Person()
    is_mistake: bool = False

    @property
    def is_open(self) -> bool:
        return self.ended is None and not self.is_mistake


def short_words(code: str, every: int) -> str:
    """A level as a board says it; one of other software by its code."""
    kind = KINDS.get(code)
    return code if kind is None else kind.short.format(every)


def is_level(content: Content) -> bool:
    """Whether a Procedure is one."""
    return is_of(content.get("category"), CATEGORY)


def read_level(content: Content) -> Level | None:
    """What a Procedure says as a level; None where it is none."""
    period = content.get("performedPeriod")
    began = moment_in(period.get("start")) if isinstance(period, dict) else None
    code = code_in(content.get("code"), LEVELS)
    every = said_in(content).get(EVERY, {}).get("valueInteger")
    if not is_level(content) or began is None or not code:
        return None
    is_number = isinstance(every, int) and 0 < every <= MOST_MINUTES
    subject = person_in(content.get("subject")).reference.partition("/")[2]
    status, ended = status_of(content), None
    if isinstance(period, dict):
        ended = moment_in(period.get("end"))
    return Level(
        id=str(content.get("id", "")),
        patient=subject,
        code=code,
        every=every if is_number and isinstance(every, int) else 60,
        began=began,
        by=_author(content),
        reason=texts_in(content, "reasonCode"),
        review=moment_said(content, REVIEW),
        ended=ended if ended is not None or status == HELD else began,
        ended_by=person_said(content, ENDED_BY),
        is_mistake=status == MISTAKE,
    )


def _author(content: Content) -> Person:
    nodes = [one.get("actor") for one in listed(content, "performer")]
    found = [person_in(one) for one in nodes]
    return found[0] if found else person_said(content, BY)


def level_content(level: Level) -> Content:
    """It as a resource's content."""
    kind = KINDS.get(level.code)
    title = level.code if kind is None else kind.title
    period: dict[str, Any] = {"start": written(level.began)}
    if level.ended is not None:
        period["end"] = written(max(level.ended, level.began))
    content: Content = {
        "resourceType": TYPE,
        "id": level.id,
        "status": _status(level),
        "category": concept(SYSTEM, CATEGORY, "Therapeutic observation"),
        "code": concept(
            LEVELS, level.code, f"{title}, at least every {level.every} minutes"
        ),
        "subject": {"reference": f"Patient/{level.patient}"},
        "performedPeriod": period,
        "performer": [{"actor": reference_to(level.by)}],
        "reasonCode": [{"text": level.reason}],
    }
    put_extension(content, EVERY, valueInteger=level.every)
    if level.review is not None:
        put_extension(content, REVIEW, valueDateTime=written(level.review))
    if level.ended is not None and level.ended_by.words:
        put_extension(content, ENDED_BY, **of_person(level.ended_by))
    return content


def _status(level: Level) -> str:
    if level.is_mistake:
        return MISTAKE
    return HELD if level.ended is None else ENDED


def flag_id(level: str) -> str:
    return derived_uuid("ward-level-flag", level)


def flag_content(level: Level) -> Content:
    """The alert of every page; general observation, which everybody has, has none."""
    period: dict[str, Any] = {"start": written(level.began)}
    if level.ended is not None:
        period["end"] = written(max(level.ended, level.began))
    status = "active" if level.ended is None else "inactive"
    words = short_words(level.code, level.every)
    return {
        "resourceType": FLAG,
        "id": flag_id(level.id),
        "status": MISTAKE if level.is_mistake else status,
        "category": [concept(SYSTEM, CATEGORY, "Observation level")],
        "code": concept(
            LEVELS, level.code, f"Observed: {words[:1].lower()}{words[1:]}"
        ),
        "subject": {"reference": f"Patient/{level.patient}"},
        "period": period,
    }
