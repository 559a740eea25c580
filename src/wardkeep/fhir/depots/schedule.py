# SPDX-License-Identifier: Apache-2.0
"""A depot schedule as a FHIR MedicationRequest, with all that was decided about it.

https://hl7.org/fhir/R4/medicationrequest.html. `intent` is `plan`: nobody orders or
supplies by it; interval and window are what the prescriber said. Entries are only
added, as extensions; which day is due and whether it goes on follow from those that
hold. So two people never both write the next one, and taking one back needs no second
truth. What was given is a MedicationAdministration beside it (`dose.py`).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.depots.codes import CODE, DMD, ROUTES, SNOMED, SYSTEM, UCUM, UNITS
from wardkeep.fhir.depots.due import Window, window_of
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.work.expects import Content, listed

TYPE, FLAG = "MedicationRequest", "Flag"
PLACE = f"{SYSTEM}:place"
_EARLY, _LATE, _COUNTS, _NEXT = (
    f"{SYSTEM}:{it}" for it in ("early", "late", "counts", "next")
)
_ENTRY = f"{SYSTEM}:entry"
GIVEN, NOT_DONE, PUT_OFF, STOPPED, CHANGED, STRUCK, MISTAKE = (
    *("given", "not-given", "put-off", "stopped", "changed"),
    *("taken-back", "mistake"),
)
TITLES = {
    GIVEN: "Given",
    NOT_DONE: "Not given",
    PUT_OFF: "Put off",
    STOPPED: "Stopped",
    CHANGED: "Schedule changed",
    STRUCK: "Taken back",
    MISTAKE: "Entered in error",
}
_ENDED = {
    **dict.fromkeys(("stopped", "completed", "cancelled"), STOPPED),
    "entered-in-error": MISTAKE,
}
MOST_DAYS = 366
CAN_BE_STRUCK = frozenset({GIVEN, NOT_DONE, PUT_OFF, STOPPED})


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody recorded about it."""

    id: str
    kind: str
    at: datetime
    """When it happened."""
    recorded: datetime
    by: Person
    due: date | None = None
    """The day that was due when it was written."""
    to: date | None = None
    """The day that is due by it."""
    side: str = ""
    words: str = ""
    who: str = ""
    """Who decided it, where somebody else did."""
    about: str = ""
    """Of one that takes another back: its id."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine's schedule of one patient, as it stands."""

    id: str
    patient: str
    medicine: str
    code: str = ""
    """dm+d, as somebody typed it."""
    dose: Decimal
    unit: str
    route: str
    every: int
    """Days."""
    early: int
    late: int
    counts: str
    """From which day the next one is counted: a key of `COUNTS`."""
    first: date
    place: Person
    prescriber: str
    began: datetime
    author: Person
    entries: tuple[Entry, ...] = ()

    @property
    def struck(self) -> frozenset[str]:
        """Ids of entries that were taken back."""
        return frozenset(one.about for one in self.entries if one.kind == STRUCK)

    @property
    def holding(self) -> tuple[Entry, ...]:
        gone = self.struck
        return tuple(
            one for one in self.entries if one.id not in gone and one.kind != STRUCK
        )

    @property
    def due(self) -> date:
        """The day of the next dose: what the last entry that holds says."""
        days = [one.to for one in self.holding if one.to is not None]
        return days[-1] if days else self.first

    @property
    def window(self) -> Window:
        return window_of(self.due, early=self.early, late=self.late)

    @property
    def ended(self) -> Entry | None:
        """What ended it; None while it goes on."""
        over = [one for one in self.holding if one.kind in (STOPPED, MISTAKE)]
        return over[-1] if over else None

    @property
    def is_mistake(self) -> bool:
        return any(one.kind == MISTAKE for one in self.holding)

    @property
    def last_given(self) -> Entry | None:
        given = [one for one in self.holding if one.kind == GIVEN]
        return max(given, key=lambda one: one.at, default=None)

    @property
    def dosage(self) -> str:
        """As in "100 mg into a muscle (IM), every 28 days"."""
        words = f"{self.dose} {UNITS[self.unit]}"
        return f"{words} {_lower(ROUTES[self.route].words)}, {every_words(self.every)}"

    def has(self, entry: str) -> bool:
        return any(one.id == entry for one in self.entries)


def every_words(days: int) -> str:
    """As in "every 28 days (4 weeks)"."""
    if days == 1:
        return "every day"
    weeks, rest = divmod(days, 7)
    if rest:
        return f"every {days} days"
    return f"every {days} days ({'1 week' if weeks == 1 else f'{weeks} weeks'})"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def medicine_of(words: str, code: str) -> Content:
    """The medicine of schedule and dose; its first code is how both are found."""
    coding: list[Content] = [{"system": SYSTEM, "code": CODE}]
    if code:
        coding.append({"system": DMD, "code": code, "userSelected": True})
    return {"coding": coding, "text": words}


def quantity_of(dose: Decimal, unit: str) -> Content:
    return {"value": dose, "unit": UNITS[unit], "system": UCUM, "code": unit}


def route_of(route: str) -> Content:
    coded = ROUTES[route]
    coding = [
        {"system": f"{SYSTEM}:route", "code": route},
        {"system": SNOMED, "code": coded.snomed},
    ]
    return {"coding": coding, "text": coded.words}


def is_schedule(content: Content) -> bool:
    """Whether a MedicationRequest is one."""
    return any(
        one.get("system") == SYSTEM and one.get("code") == CODE
        for one in codings_in(content.get("medicationCodeableConcept"))
    )


def schedule_content(one: Schedule, *, over: Content | None = None) -> Content:
    """It as a resource's content; of `over`, what is not ours stays as it was."""
    status = "active" if one.ended is None else "stopped"
    before = over or {}
    return {
        **before,
        "resourceType": TYPE,
        "id": one.id,
        "extension": [
            *(it for it in listed(before, "extension") if not _is_ours(it)),
            {"url": _EARLY, "valueUnsignedInt": one.early},
            {"url": _LATE, "valueUnsignedInt": one.late},
            {"url": _COUNTS, "valueCode": one.counts},
            {"url": _NEXT, "valueDate": one.due.isoformat()},
            {"url": PLACE, "valueReference": reference_to(one.place)},
            *map(_entry_content, one.entries),
        ],
        "status": "entered-in-error" if one.is_mistake else status,
        "intent": "plan",
        "medicationCodeableConcept": medicine_of(one.medicine, one.code),
        "subject": {"reference": f"Patient/{one.patient}"},
        "authoredOn": written(one.began),
        # Named by words alone: an order of somebody's would explain their openings.
        "requester": {"display": one.prescriber},
        "recorder": {"display": one.author.display or one.author.reference},
        "dosageInstruction": [
            {
                "text": one.dosage,
                "timing": {
                    "repeat": {
                        "boundsPeriod": {"start": one.first.isoformat()},
                        "frequency": 1,
                        "period": one.every,
                        "periodUnit": "d",
                    }
                },
                "route": route_of(one.route),
                "doseAndRate": [{"doseQuantity": quantity_of(one.dose, one.unit)}],
            }
        ],
    }


def _is_ours(extension: Content) -> bool:
    return str(extension.get("url", "")).startswith(f"{SYSTEM}:")


def _entry_content(one: Entry) -> Content:
    parts: list[Content] = [
        {"url": "id", "valueString": one.id},
        {"url": "kind", "valueCode": one.kind},
        {"url": "at", "valueDateTime": written(one.at)},
        {"url": "recorded", "valueInstant": written(one.recorded)},
        {"url": "by", "valueReference": reference_to(one.by)},
    ]
    for url, day in (("due", one.due), ("to", one.to)):
        if day is not None:
            parts.append({"url": url, "valueDate": day.isoformat()})
    for url, text in (
        *(("side", one.side), ("words", one.words)),
        *(("who", one.who), ("about", one.about)),
    ):
        if text:
            parts.append({"url": url, "valueString": text})
    return {"url": _ENTRY, "extension": parts}


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def day_in(said: object) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def codings_in(node: object) -> list[Content]:
    return listed(node, "coding") if isinstance(node, dict) else []


def code_in(node: object, system: str) -> str:
    found = (one.get("code") for one in codings_in(node) if one.get("system") == system)
    said = next(found, "")
    return said if isinstance(said, str) else ""


def text_in(node: object) -> str:
    said = node.get("text") if isinstance(node, dict) else ""
    return said if isinstance(said, str) else ""


def number_in(said: object) -> Decimal | None:
    """A FHIR decimal above nothing."""
    if isinstance(said, bool) or not isinstance(said, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(said))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found > 0 else None


def quantity_in(node: object) -> tuple[Decimal, str] | None:
    """Dose and unit; None where either is not one of ours."""
    if not isinstance(node, dict) or node.get("code") not in UNITS:
        return None
    value = number_in(node.get("value"))
    return None if value is None else (value, str(node["code"]))


def read_schedule(content: Content) -> Schedule | None:
    """What a MedicationRequest says as a schedule; None where it is none of ours."""
    if not is_schedule(content):
        return None
    lines = listed(content, "dosageInstruction")
    days = _days_in(content, lines[0]) if lines else None
    rates = listed(lines[0], "doseAndRate") if lines else []
    dose = quantity_in(rates[0].get("doseQuantity")) if rates else None
    began = moment_in(content.get("authoredOn"))
    route = code_in(lines[0].get("route"), f"{SYSTEM}:route") if lines else ""
    if days is None or dose is None or began is None or route not in ROUTES:
        return None
    said = _said(content)
    medicine = content.get("medicationCodeableConcept")
    return Schedule(
        id=str(content.get("id", "")),
        patient=_patient(content),
        medicine=text_in(medicine),
        code=code_in(medicine, DMD),
        dose=dose[0],
        unit=dose[1],
        route=route,
        first=days[0],
        every=days[1],
        early=days[2],
        late=days[3],
        counts="due" if said.get(_COUNTS, {}).get("valueCode") == "due" else "given",
        place=person_in(said.get(PLACE, {}).get("valueReference")),
        prescriber=person_in(content.get("requester")).display,
        began=began,
        author=person_in(content.get("recorder")),
        entries=(*_entries(content), *_ended_elsewhere(content, began)),
    )


def _said(content: Content) -> dict[str, Content]:
    return {str(one.get("url")): one for one in listed(content, "extension")}


def _days_in(content: Content, dosage: Content) -> tuple[date, int, int, int] | None:
    """The first day, and the days of interval and window."""
    said, repeat = _said(content), _below(dosage, "timing", "repeat")
    first = day_in(_below(repeat, "boundsPeriod").get("start"))
    every = repeat.get("period")
    early = said.get(_EARLY, {}).get("valueUnsignedInt")
    late = said.get(_LATE, {}).get("valueUnsignedInt")
    if first is None or repeat.get("periodUnit") != "d":
        return None
    if not (_is_days(every) and _is_days(early) and _is_days(late)) or not every:
        return None
    return first, int(every), int(early or 0), int(late or 0)


def _is_days(said: object) -> bool:
    is_number = isinstance(said, int) and not isinstance(said, bool)
    return is_number and said in range(MOST_DAYS + 1)


def _ended_elsewhere(content: Content, began: datetime) -> Iterator[Entry]:
    """For what other software ended; ours has an entry that says why."""
    kind = _ENDED.get(str(content.get("status")), "")
    entries = tuple(_entries(content))
    gone = {one.about for one in entries if one.kind == STRUCK}
    own = any(one.kind in (STOPPED, MISTAKE) and one.id not in gone for one in entries)
    if kind and not own:
        yield Entry(id="marked", kind=kind, at=began, recorded=began, by=Person())


def _below(node: Content, *names: str) -> Content:
    for name in names:
        found = node.get(name)
        if not isinstance(found, dict):
            return {}
        node = found
    return node


def _patient(content: Content) -> str:
    return person_in(content.get("subject")).reference.removeprefix("Patient/")


def _entries(content: Content) -> Iterator[Entry]:
    for one in listed(content, "extension"):
        entry = _entry(one) if one.get("url") == _ENTRY else None
        if entry is not None:
            yield entry


def _entry(node: Content) -> Entry | None:
    said = {str(one.get("url")): one for one in listed(node, "extension")}

    def text(url: str) -> str:
        found = said.get(url, {}).get("valueString")
        return found if isinstance(found, str) else ""

    kind = said.get("kind", {}).get("valueCode")
    at = moment_in(said.get("at", {}).get("valueDateTime"))
    if kind not in TITLES or at is None or not text("id"):
        return None
    return Entry(
        id=text("id"),
        kind=str(kind),
        at=at,
        recorded=moment_in(said.get("recorded", {}).get("valueInstant")) or at,
        by=person_in(said.get("by", {}).get("valueReference")),
        due=day_in(said.get("due", {}).get("valueDate")),
        to=day_in(said.get("to", {}).get("valueDate")),
        side=text("side"),
        words=text("words"),
        who=text("who"),
        about=text("about"),
    )


def flag_id(schedule: str) -> str:
    return derived_uuid("depot-flag", schedule)


def flag_content(one: Schedule, *, now: datetime) -> Content:
    """The alert that every page shows from the day after the window on.

    Its period begins then: until it does, it is no alert yet, here and elsewhere.
    """
    begins, over = one.window.late_from, one.ended
    period = {"start": written(begins if over is None else min(begins, now))}
    if over is not None:
        period["end"] = written(now)
    status = "active" if over is None else "inactive"
    return {
        "resourceType": FLAG,
        "id": flag_id(one.id),
        "status": "entered-in-error" if one.is_mistake else status,
        "category": [
            {"coding": [{"system": SYSTEM, "code": "overdue"}], "text": "Medicines"}
        ],
        "code": {
            "coding": [{"system": SYSTEM, "code": "overdue"}],
            "text": f"Depot overdue: {one.medicine}, was due {day_words(one.due)}",
        },
        "subject": {"reference": f"Patient/{one.patient}"},
        "period": period,
    }


def day_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
