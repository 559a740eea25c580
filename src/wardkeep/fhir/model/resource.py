# SPDX-License-Identifier: Apache-2.0
"""A FHIR resource as it came: its type, id, content, and JSON text to store."""

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.strict_json import MOST_BYTES, compact_json, read_object


class Resource(msgspec.Struct, frozen=True):
    """A resource whose structure has not been judged: that is `validation.check`.

    `content` is the caller's to read and not to change: `compact` says the same.
    """

    type: str
    id: str | None
    content: dict[str, object]
    compact: bytes
    """JSON without white space, equal in content to what came in; decimals keep
    their digits (`1.00` stays `1.00`)."""

    def __repr__(self) -> str:
        """Name it without a word of its content: resources end up in tracebacks."""
        return f"Resource({self.type}/{self.id})"


def parse(
    raw: bytes, *, most_bytes: int = MOST_BYTES
) -> Resource | tuple[Problem, ...]:
    """Read one resource from JSON. Never raises; takes time linear in its size."""
    found = read_object(raw, most_bytes=most_bytes)
    if isinstance(found, Problem):
        return (found,)
    content, compact = found
    return _named(content, compact)


def from_content(content: object) -> Resource | tuple[Problem, ...]:
    """A resource from content that `parse` has read as part of something larger.

    For the entries of a Bundle: what was decoded once is not decoded again.
    """
    if not isinstance(content, dict):
        return (_problem("", "it is not a JSON object", "Put a resource here."),)
    return _named(content, compact_json(content))


def _named(
    content: dict[str, object], compact: bytes
) -> Resource | tuple[Problem, ...]:
    type_name, given_id = content.get("resourceType"), content.get("id")
    if not isinstance(type_name, str) or not is_resource_type(type_name):
        wrong = "it does not name a type of FHIR R4 resource"
        return (_problem("resourceType", wrong, "Set it to one, as in Patient."),)
    if given_id is None and "id" not in content:
        return Resource(type_name, None, content, compact)
    if not isinstance(given_id, str) or not is_fhir_id(given_id):
        wrong = "it is not an id"
        mend = "Use 1 to 64 of the letters A-Z and a-z, digits, '-' and '.'."
        return (_problem(f"{type_name}.id", wrong, mend),)
    return Resource(type_name, given_id, content, compact)


def _problem(place: str, wrong: str, mend: str) -> Problem:
    return Problem(place=place or "the resource", wrong=wrong, mend=mend)
