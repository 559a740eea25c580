# SPDX-License-Identifier: Apache-2.0
"""Update, also as create, also by condition: https://hl7.org/fhir/R4/http.html#update."""

from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.conditions import condition_of, several
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import (
    NO_VERSION,
    answered,
    expected_version,
    not_written,
    resource_in,
)
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change, Guard
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Written


async def update(asking: Asking, store: Store) -> Answer:
    type_, id_ = asking.parts
    resource = await resource_in(asking, type_=type_)
    if isinstance(resource, Answer):
        return resource
    fault = _fault_of_id(resource, id_)
    if fault is not None:
        return fault
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "u", [type_])
    if refused is not None:
        return refused
    return await _store(asking, store, resource, id_)


def _fault_of_id(resource: Resource, id_: str) -> Answer | None:
    place = (f"{resource.type}.id",)
    if not is_fhir_id(id_):
        return told(400, "invalid", "The id in the address is no FHIR id.")
    if resource.id is None:
        words = "An update needs the id in the resource too."
        return told(400, "required", words, expression=place)
    if resource.id != id_:
        words = "The id in the resource is not the one in the address."
        return told(400, "invalid", words, expression=place)
    return None


async def _store(
    asking: Asking,
    store: Store,
    resource: Resource,
    id_: str,
    *,
    guard: Guard | None = None,
) -> Answer:
    expected = expected_version(asking)
    if expected == NO_VERSION:
        return told(412, "conflict", "If-Match names no version that there is.")
    if asking.header(b"if-none-match").strip() == "*":
        expected = MUST_NOT_EXIST
    change = Change(
        drafts=[draft_of(resource, id_)],
        expected=[expected],
        guards=[guard] if guard is not None else [],
    )
    written = await store.writer.write(change, opener=asking.opener)
    if not isinstance(written, Written):
        return not_written(written, has_condition=expected is not None)
    return answered(asking, resource, written)


async def update_by_condition(asking: Asking, store: Store) -> Answer:
    """https://hl7.org/fhir/R4/http.html#cond-update."""
    type_ = asking.parts[0]
    resource = await resource_in(asking, type_=type_)
    if isinstance(resource, Answer):
        return resource
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "u", [type_])
    if refused is not None:
        return refused
    found = await condition_of(type_, asking.query, asking, store, session=session)
    if isinstance(found, Answer):
        return found
    if len(found.ids) > 1:
        return several(found)
    if not found.ids:
        id_ = resource.id or new_uuid()
        return await _store(asking, store, resource, id_, guard=found.guard)
    if resource.id not in (None, found.ids[0]):
        words = "The condition finds a resource with another id than this one has."
        return told(400, "invalid", words, expression=(f"{type_}.id",))
    return await _store(asking, store, resource, found.ids[0])


INTERACTIONS = (
    Interaction(
        name="update", method="PUT", path=(TYPE, ID), scope="u", handler=update
    ),
    Interaction(
        name="update",
        method="PUT",
        path=(TYPE,),
        scope="u",
        handler=update_by_condition,
    ),
)
