# SPDX-License-Identifier: Apache-2.0
"""Patches applied to stored resources: https://hl7.org/fhir/R4/http.html#patch."""

import base64
import binascii

from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.strict_json import (
    compact_json,
    decoded_object,
    read_object,
)
from wardkeep.fhir.patch import apply_fhirpath_patch, apply_json_patch
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.entries import Entry
from wardkeep.fhir.rest.outcome import of_not_found, of_problems, of_refusal, told
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import with_own_references
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.validation import check

JSON_PATCH = "application/json-patch+json"
_OURS = ("versionId", "lastUpdated")
Patch = list[object] | dict[str, object]


def read_patch(raw: bytes, *, is_json_patch: bool) -> Patch | Answer:
    """The operations as they were sent."""
    if is_json_patch:
        wrapped = parse_list(raw)
        if isinstance(wrapped, Problem):
            return of_problems([wrapped], status=400, code="structure")
        return wrapped
    found = parse(raw)
    if not isinstance(found, Resource):
        return of_problems(found, status=400, code="structure")
    if found.type != "Parameters":
        words = "Send a JSON Patch, or a FHIRPath Patch as a Parameters resource."
        return told(415, "not-supported", words)
    return found.content


def parse_list(raw: bytes) -> list[object] | Problem:
    """A JSON array, read by the same strict rules as a resource."""
    found = read_object(b'{"patch":%b}' % raw)
    if isinstance(found, Problem):
        return found
    operations = found[0].get("patch")
    if len(found[0]) != 1 or not isinstance(operations, list):
        wrong = "it is not an array of operations"
        return Problem(place="patch", wrong=wrong, mend="Send a JSON Patch.")
    return operations


async def patched(
    type_: str, id_: str, patch: Patch, asking: Asking, store: Store
) -> tuple[Resource, int] | Answer:
    """The patched resource and the version that it builds on."""
    found = await store.reader.one(type_, id_, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, NotFound):
        return of_not_found(found)
    resource = apply(found, patch, base=asking.base)
    return resource if isinstance(resource, Answer) else (resource, found.version)


def apply(found: OpenedResource, patch: Patch, *, base: str) -> Resource | Answer:
    content = _without_stamp(decoded_object(found.text))
    if isinstance(patch, list):
        changed = apply_json_patch(content, patch)
    else:
        changed = apply_fhirpath_patch(content, patch)
    if isinstance(changed, Problem):
        return of_problems([changed], status=422, code="processing")
    if changed.get("id") != found.id or changed.get("resourceType") != found.type:
        words = "A patch may not change the type or the id of a resource."
        return told(422, "business-rule", words)
    # Read anew: a patch may have made it larger than a resource may be.
    resource = parse(with_own_references(compact_json(changed), base))
    if not isinstance(resource, Resource):
        return of_problems(resource, status=422, code="structure")
    problems = check(resource)
    if problems:
        return of_problems(problems, status=422, code="structure")
    return resource


def _without_stamp(content: dict[str, object]) -> dict[str, object]:
    meta = content.get("meta")
    if not isinstance(meta, dict):
        return content
    rest = {key: value for key, value in meta.items() if key not in _OURS}
    return {
        key: (rest if key == "meta" else value)
        for key, value in content.items()
        if key != "meta" or rest
    }


async def patched_entry(
    entry: Entry, type_: str, id_: str, asking: Asking, store: Store
) -> tuple[Resource, int] | Answer:
    """The patch of a bundle's entry: Parameters, or a Binary with a JSON Patch."""
    content = entry.content or {}
    patch: Patch | Answer = content
    if content.get("resourceType") == "Binary":
        if content.get("contentType") != JSON_PATCH:
            words = f"A Binary brings a patch of type {JSON_PATCH}."
            return told(415, "not-supported", words, expression=(entry.expression,))
        try:
            raw = base64.b64decode(str(content.get("data", "")), validate=True)
        except (binascii.Error, ValueError):
            return told(400, "value", "Its data is not base64.")
        patch = read_patch(raw, is_json_patch=True)
    if isinstance(patch, Answer):
        return patch
    return await patched(type_, id_, patch, asking, store)
