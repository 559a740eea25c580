# SPDX-License-Identifier: Apache-2.0
"""Resources of records of nobody, made to be somebody else's and of another time.

The one who gets them is not known by name: what names the person they came from is
taken out, or not used. Whoever reads that closely has opened the record, and is frozen.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import new_uuid
from wardkeep.fhir.loading.documents import Document
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.clinical_date import clinical_date

PERSON = "Patient"
_NOT_OURS = frozenset({PERSON, "Appointment", "CareTeam", "CarePlan"})
"""Of the person, or of somebody's work."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:\d{2})")
_NOW = "in-progress"
Json = dict[str, Any]


class Spare(NamedTuple):
    """One resource, without what ties it to the record that it came from."""

    type: str
    content: Json
    patient: str
    """Whose it was, as `Patient/id`."""
    clinical_at: datetime | None


def spare_in(document: Document) -> Iterator[Spare]:
    """What a record of nobody has to give."""
    contents = [msgspec.json.decode(one.raw, type=Json) for one in document.entries]
    person: Json = next((one for one in contents if one["resourceType"] == PERSON), {})
    names = [one for one in person.get("name", ()) if one.get("family")]
    if not names:
        return
    family, patient = names[0]["family"], f"{PERSON}/{person.get('id', '')}"
    named = _names_in(document)
    inside = _Inside(named, frozenset(named.values()) - {patient}, family)
    for content in contents:
        is_fit = content["resourceType"] not in _NOT_OURS
        if not is_fit or content.get("status") == _NOW:
            continue
        # A narrative says everything a second time, with the name.
        bare = {key: value for key, value in content.items() if key != "text"}
        cleaned = _without(bare, inside)
        if isinstance(cleaned, dict) and family not in str(cleaned):
            yield Spare(
                content["resourceType"], cleaned, patient, _clinical_at(cleaned)
            )


class _Inside(NamedTuple):
    """What ties a resource to the record that it comes from."""

    named: dict[str, str]
    """How entries refer to each other, and what that is as `Type/id`."""
    beside: frozenset[str]
    """All but the person."""
    family: str


def _names_in(document: Document) -> dict[str, str]:
    found = {}
    for entry in document.entries:
        literal = f"{entry.type}/{entry.id}"
        found[literal] = literal
        if entry.full_url:
            found[entry.full_url] = literal
    return found


def _clinical_at(content: Json) -> datetime | None:
    resource = parse(msgspec.json.encode(content))
    moment = clinical_date(resource) if isinstance(resource, Resource) else None
    return None if moment is None else from_microseconds(moment)


def _without(value: Any, inside: _Inside) -> Any:
    """The value without references into its record, and lines that name the person."""
    if isinstance(value, list):
        some = [_without(one, inside) for one in value]
        return [one for one in some if one is not None] or None
    if not isinstance(value, dict):
        return value
    literal = inside.named.get(str(value.get("reference")), "")
    if literal in inside.beside:
        return None
    kept = {key: _without(one, inside) for key, one in value.items()}
    if literal:
        kept["reference"] = literal
    if isinstance(value.get("data"), str):
        kept["data"] = _unnamed(value["data"], inside.family)
    return {key: one for key, one in kept.items() if one is not None} or None


def _unnamed(data: str, family: str) -> str:
    """A plain text in base64 without the lines that have the family name."""
    try:
        lines = base64.b64decode(data).decode().split("\n")
    except ValueError:
        return data
    kept = [line for line in lines if family not in line]
    return base64.b64encode("\n".join(kept).encode()).decode("ascii")


def written_for(
    spare: Spare, patient: str, clinical_at: datetime | None
) -> tuple[str, bytes]:
    """Its new id and its JSON, as of this patient and this clinical time."""
    by = timedelta()
    if clinical_at is not None and spare.clinical_at is not None:
        by = clinical_at - spare.clinical_at
    id_ = new_uuid()
    moved = _moved(spare.content, by, spare.patient, f"{PERSON}/{patient}")
    return id_, msgspec.json.encode({**moved, "id": id_})


def _moved(value: Any, by: timedelta, old: str, new: str) -> Any:
    """The same, later by so much, and of somebody else."""
    if isinstance(value, list):
        return [_moved(one, by, old, new) for one in value]
    if isinstance(value, dict):
        return {key: _moved(one, by, old, new) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    return new if value == old else _later(value, by)


def _later(text: str, by: timedelta) -> str:
    if _DAY.fullmatch(text):
        moved = datetime.fromisoformat(text).replace(tzinfo=UTC) + by
        return moved.date().isoformat()
    if _TIME.fullmatch(text):
        moment = datetime.fromisoformat(text) + by
        told = moment.isoformat(timespec="milliseconds" if "." in text else "seconds")
        return f"{told[:-6]}Z" if text.endswith("Z") else told
    return text
