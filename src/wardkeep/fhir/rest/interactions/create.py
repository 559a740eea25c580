# SPDX-License-Identifier: Apache-2.0
"""Create, and create if none exists: https://hl7.org/fhir/R4/http.html#create."""

from urllib.parse import urlsplit

from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking, pairs_of
from wardkeep.fhir.rest.conditions import Condition, condition_of, several
from wardkeep.fhir.rest.interaction import TYPE, Interaction
from wardkeep.fhir.rest.interactions.read import read
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import answered, not_written, resource_in
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import AlreadyThere, Written


async def create(asking: Asking, store: Store) -> Answer:
    type_ = asking.parts[0]
    resource = await resource_in(asking, type_=type_)
    if isinstance(resource, Answer):
        return resource
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "c", [type_])
    if refused is not None:
        return refused
    wanted = asking.header(b"if-none-exist")
    if wanted:
        return await _create_unless(asking, store, resource, session, wanted)
    return await _written(asking, store, resource, None)


async def _create_unless(
    asking: Asking, store: Store, resource: Resource, session: SessionView, wanted: str
) -> Answer:
    """Of everyone who asks at once one creates, and all others are shown that one."""
    query = urlsplit(wanted).query or wanted.lstrip("?")
    condition = await condition_of(
        resource.type, pairs_of(query), asking, store, session=session
    )
    if isinstance(condition, Answer):
        return condition
    if not condition.ids:
        answer = await _written(asking, store, resource, condition)
        if answer is not _LOST:
            return answer
        condition = await condition_of(
            resource.type, pairs_of(query), asking, store, session=session
        )
        if isinstance(condition, Answer):
            return condition
    if len(condition.ids) > 1:
        return several(condition)
    asking.parts = (resource.type, *condition.ids)
    found = await read(asking, store)
    location = f"{asking.base}/{resource.type}/{condition.ids[0]}".encode()
    return Answer(
        status=found.status,
        body=found.body,
        headers=(*found.headers, (b"location", location)),
    )


_LOST = Answer(status=0)
"""Somebody else created it between the look and the write."""


async def _written(
    asking: Asking, store: Store, resource: Resource, condition: Condition | None
) -> Answer:
    draft = draft_of(resource, new_uuid())
    change = Change(
        drafts=[draft],
        expected=[0],
        guards=[condition.guard] if condition is not None else [],
    )
    written = await store.writer.write(change, opener=asking.opener)
    if isinstance(written, AlreadyThere):
        return _LOST
    if not isinstance(written, Written):
        return not_written(written, has_condition=False)
    return answered(asking, resource, written)


INTERACTIONS = (
    Interaction(name="create", method="POST", path=(TYPE,), scope="c", handler=create),
)
