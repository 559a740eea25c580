# SPDX-License-Identifier: Apache-2.0
"""Patch, also by condition: https://hl7.org/fhir/R4/http.html#patch.

Somebody who writes in between is not overwritten: the patch is then made anew on what
they wrote.
"""

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.conditions import condition_of, several
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.negotiation import refused_body
from wardkeep.fhir.rest.outcome import of_problems, told
from wardkeep.fhir.rest.patching import JSON_PATCH, Patch, patched, read_patch
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import answered, expected_version, not_written
from wardkeep.fhir.store.change import MUST_EXIST, Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Conflict, Written

ATTEMPTS = 8


async def patch(asking: Asking, store: Store) -> Answer:
    type_, id_ = asking.parts
    ready = await _ready(asking, store, type_)
    if isinstance(ready, Answer):
        return ready
    if not is_fhir_id(id_):
        return told(404, "not-found", "There is no such resource here.")
    return await _apply(asking, store, ready[0], id_)


async def patch_by_condition(asking: Asking, store: Store) -> Answer:
    type_ = asking.parts[0]
    ready = await _ready(asking, store, type_)
    if isinstance(ready, Answer):
        return ready
    found = await condition_of(type_, asking.query, asking, store, session=ready[1])
    if isinstance(found, Answer):
        return found
    if not found.ids:
        return told(404, "not-found", "The condition finds nothing to patch.")
    if len(found.ids) > 1:
        return several(found)
    return await _apply(asking, store, ready[0], found.ids[0])


async def _ready(
    asking: Asking, store: Store, type_: str
) -> tuple[Patch, SessionView] | Answer:
    refused = refused_body(asking, also=frozenset({JSON_PATCH}))
    if refused is not None:
        return refused
    raw = await asking.body()
    if isinstance(raw, Problem):
        return of_problems([raw], status=400, code="structure")
    kind = asking.header(b"content-type").partition(";")[0].strip().lower()
    read = read_patch(raw, is_json_patch=kind == JSON_PATCH)
    if isinstance(read, Answer):
        return read
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    return beyond(session, "u", [type_]) or (read, session)


async def _apply(asking: Asking, store: Store, change: Patch, id_: str) -> Answer:
    type_ = asking.parts[0]
    expected = expected_version(asking)
    for _ in range(ATTEMPTS):
        found = await patched(type_, id_, change, asking, store)
        if isinstance(found, Answer):
            return found
        resource, version = found
        if expected not in (None, MUST_EXIST, version):
            words = f"It is at version {version} now. Read it again."
            return told(412, "conflict", words)
        written = await store.writer.write(
            Change(drafts=[draft_of(resource, id_)], expected=[version]),
            opener=asking.opener,
        )
        if isinstance(written, Written):
            return answered(asking, resource, written)
        if not isinstance(written, Conflict) or expected is not None:
            return not_written(written, has_condition=expected is not None)
    return told(409, "conflict", "Others write it just now. Try again.")


INTERACTIONS = (
    Interaction(
        name="patch", method="PATCH", path=(TYPE, ID), scope="u", handler=patch
    ),
    Interaction(
        name="patch",
        method="PATCH",
        path=(TYPE,),
        scope="u",
        handler=patch_by_condition,
    ),
)
