# SPDX-License-Identifier: Apache-2.0
"""What happened with a call, without names: kinds, moments and codes of resources.

A function of a resource's content alone, so that what lies beside the record can be
made anew from it, and compared. A step that was taken back has not happened.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.urgent import case, outcome, queueing
from wardkeep.fhir.urgent.saying import id_in
from wardkeep.fhir.urgent.steps import STATUS, State
from wardkeep.fhir.work.expects import Content, listed, status_of

APPOINTMENT = "Appointment"
TYPES = (case.TYPE, queueing.TYPE, outcome.TYPE, APPOINTMENT)
"""Resources that tell what happened."""
NEVER = frozenset({"entered-in-error", "cancelled", "rejected"})
"""Of a place in a queue with this status nothing happened: its end was taken back."""
_NOT_BOOKED = frozenset({"proposed", "cancelled", "entered-in-error", "waitlist"})


class Happened(msgspec.Struct, frozen=True, gc=False):
    """What one resource tells."""

    source: str
    """Which, as in `Task/x`."""
    case: str
    """Of which call, as in `Encounter/x`; else what it is about, or itself."""
    code: str = ""
    """Of the disposition that it is about."""
    due: datetime | None = None
    kinds: tuple[str, ...] = ()
    moments: tuple[datetime, ...] = ()
    """When each of them was."""

    @property
    def first(self) -> datetime:
        return min(self.moments)


def happened_in(content: Content) -> Happened | None:
    """None where nothing happened that is counted."""
    match content.get("resourceType"):
        case "Encounter":
            found = _of_case(content)
        case "Task":
            found = _of_place(content)
        case "ServiceRequest":
            found = _of_outcome(content)
        case "Appointment":
            found = _of_booking(content)
        case _:
            return None
    return found if found is not None and found.kinds else None


def _of_case(content: Content) -> Happened | None:
    said = case.case_in(content)
    if said is None or said.status == case.MISTAKE:
        return None
    told = {"call-answered": said.began}
    if said.outcome is not None:
        told["call-ended"] = said.outcome.at
    if said.status == case.OVER and said.ended is not None:
        told["case-closed"] = said.ended
    source = f"{case.TYPE}/{said.id}"
    return Happened(
        source=source,
        case=source,
        code=said.outcome.code if said.outcome else "",
        kinds=tuple(told),
        moments=tuple(told.values()),
    )


def _of_place(content: Content) -> Happened | None:
    entry = queueing.entry_in(content)
    if entry is None or status_of(content) in NEVER:
        return None
    source = f"{queueing.TYPE}/{entry.id}"
    told = list(_steps_of(entry, status_of(content)))
    return Happened(
        source=source,
        case=f"{case.TYPE}/{entry.case}" if entry.case else source,
        code=entry.code,
        due=entry.due,
        kinds=tuple(kind for kind, _ in told),
        moments=tuple(at for _, at in told),
    )


def _steps_of(entry: queueing.Entry, status: str) -> Iterator[tuple[str, datetime]]:
    """Its steps; other software may have written none, and it waits all the same."""
    kinds = {str(one.step) for one in entry.standing}
    if "queue" not in kinds:
        yield "queue", entry.given
    for one in entry.standing:
        yield str(one.step), one.at
    if status == STATUS[State.DONE] and "end" not in kinds:
        yield "end", entry.changed


def _of_outcome(content: Content) -> Happened | None:
    """What it came to: first, or after a clinician looked at it."""
    found = outcome.outcome_in(content)
    if found is None or found.status == "entered-in-error":
        return None
    source = f"{outcome.TYPE}/{found.id}"
    return Happened(
        source=source,
        case=f"{case.TYPE}/{found.case}" if found.case else source,
        code=found.code,
        due=found.due,
        kinds=("outcome-changed" if found.replaces else "outcome-given",),
        moments=(found.given,),
    )


def _of_booking(content: Content) -> Happened | None:
    """An appointment that what a call came to is the ground of."""
    ground = next(
        filter(None, (id_in(one, outcome.TYPE) for one in listed(content, "basedOn"))),
        "",
    )
    made = moment_in(content.get("created")) or moment_in(content.get("start"))
    if not ground or made is None or status_of(content) in _NOT_BOOKED:
        return None
    return Happened(
        source=f"{APPOINTMENT}/{content.get('id', '')}",
        case=f"{outcome.TYPE}/{ground}",
        due=moment_in(content.get("start")),
        kinds=("booked",),
        moments=(made,),
    )
