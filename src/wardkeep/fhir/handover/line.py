# SPDX-License-Identifier: Apache-2.0
"""A line of a handover, and that it was taken over, as FHIR Communications.

https://hl7.org/fhir/R4/communication.html: a handover is something that one shift tells
the next. Each author's line is a resource of its own, so that two people who write
about one patient at once overwrite nothing; each pause in typing is a version of it.
Taking over is another resource, which names the versions that were read: a line that
was changed since is not taken over.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.coded import Concept, Identifier, Payload, words_in
from wardkeep.fhir.model.moments import moment_told
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "Communication"
SYSTEM = "urn:wardkeep:handover"
LINE, TAKEN = "line", "taken-over"
LONGEST = 600
"""Characters: what is said of one patient in half a minute."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody hands over of one patient."""

    id: str
    seed: str = ""
    """What its id is made from, together with patient and author."""
    version: int = 0
    author: Person
    written: datetime
    text: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody took a patient over, and what they had read."""

    id: str
    by: Person
    at: datetime
    lines: tuple[tuple[str, int], ...] = ()
    """Ids and versions of lines."""


class HandoverBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def line_id(patient: str, author: str, seed: str) -> str:
    """The id of an author's line: no page writes over a line of somebody else's."""
    return derived_uuid("handover", patient, author, seed)


def beside(seed: str, version: int, text: str) -> str:
    """The seed of a line that keeps words which met a newer version of their own.

    It follows from them, so that what is sent twice is kept once.
    """
    return derived_uuid("handover-beside", seed, version, text)


def line_resource(line: Line, *, patient: str) -> Resource:
    """It as a resource, to be stored."""
    said = {"payload": [{"contentString": line.text}]} if line.text else {}
    return _made(
        line.id,
        LINE,
        patient=patient,
        by=line.author,
        at=line.written,
        more={"identifier": [{"system": SYSTEM, "value": line.seed}], **said},
    )


def taken_resource(taken: Taken, *, patient: str) -> Resource:
    """The same of taking over."""
    read = [
        {"reference": f"{TYPE}/{id_}/_history/{version}"}
        for id_, version in taken.lines
    ]
    more: dict[str, object] = {"inResponseTo": read} if read else {}
    return _made(taken.id, TAKEN, patient=patient, by=taken.by, at=taken.at, more=more)


def _made(
    id_: str,
    kind: str,
    *,
    patient: str,
    by: Person,
    at: datetime,
    more: dict[str, object],
) -> Resource:
    content = {
        "resourceType": TYPE,
        "id": id_,
        "status": "completed",
        "category": [{"coding": [{"system": SYSTEM, "code": kind}]}],
        "subject": {"reference": f"Patient/{patient}"},
        # To the microsecond: the ward's sheet compares a line with a taking over.
        "sent": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "sender": by,
        **more,
    }
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise HandoverBrokenError
    return made


class _Communication(msgspec.Struct, frozen=True, rename="camel"):
    identifier: tuple[Identifier, ...] = ()
    category: tuple[Concept, ...] = ()
    sent: str = ""
    sender: Person = Person()
    in_response_to: tuple[Person, ...] = ()
    payload: tuple[Payload, ...] = ()


def read_handover(stored: OpenedResource) -> Line | Taken | None:
    """Undo either; None where it is another Communication."""
    try:
        found = msgspec.json.decode(stored.text, type=_Communication)
        at = moment_told(found.sent)
    except (msgspec.DecodeError, ValueError):
        return None
    kinds = {
        one.code for it in found.category for one in it.coding if one.system == SYSTEM
    }
    if LINE in kinds:
        text = words_in(found.payload)
        return Line(
            id=stored.id,
            seed=next((it.value for it in found.identifier if it.system == SYSTEM), ""),
            version=stored.version,
            author=found.sender,
            written=at,
            text=text,
        )
    if TAKEN in kinds:
        named = (one.reference.split("/") for one in found.in_response_to)
        return Taken(
            id=stored.id,
            by=found.sender,
            at=at,
            lines=tuple(
                (parts[1], int(parts[3]))
                for parts in named
                if parts[2:3] == ["_history"] and parts[-1].isdecimal()
            ),
        )
    return None


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed over of one patient now, and what was before."""

    now: tuple[Line, ...]
    """Lines that nobody has taken over as they stand, the newest first."""
    before: tuple[tuple[Line, Taken], ...]
    """The others, each with who took it over, the newest first."""
    last_taken: Taken | None
    seen: frozenset[tuple[str, int]]
    """Id and version of every line that was opened, also of those without words."""


def handed(found: Sequence[Line | Taken]) -> Handed:
    """Lines and takings of one patient, put together."""
    taken = sorted(
        (one for one in found if isinstance(one, Taken)), key=lambda one: one.at
    )
    by_line = {line: one for one in taken for line in one.lines}
    lines = sorted(
        (one for one in found if isinstance(one, Line) and one.text),
        key=lambda one: (one.written, one.id),
        reverse=True,
    )
    return Handed(
        now=tuple(one for one in lines if (one.id, one.version) not in by_line),
        before=tuple(
            (one, by_line[one.id, one.version])
            for one in lines
            if (one.id, one.version) in by_line
        ),
        last_taken=taken[-1] if taken else None,
        seen=frozenset((one.id, one.version) for one in found if isinstance(one, Line)),
    )
