# SPDX-License-Identifier: Apache-2.0
"""Delete, also by condition: https://hl7.org/fhir/R4/http.html#delete.

What is deleted stays in history. Deleting what is not there is done already.
"""

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.rest.answer import Answer, etag
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.conditions import MOST_OF_CONDITION, condition_of
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import NO_VERSION, expected_version, not_written
from wardkeep.fhir.store.change import Change, Removal
from wardkeep.fhir.store.outcomes import Written


async def delete(asking: Asking, store: Store) -> Answer:
    type_, id_ = asking.parts
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "d", [type_])
    if refused is not None:
        return refused
    if not is_fhir_id(id_):
        return told(404, "not-found", "There is no such resource here.")
    expected = expected_version(asking)
    if expected == NO_VERSION:
        return told(412, "conflict", "If-Match names no version that there is.")
    removal = Removal(type=type_, id=id_, expected_version=expected)
    return await _remove(asking, store, [removal])


async def delete_by_condition(asking: Asking, store: Store) -> Answer:
    """Every match is deleted, up to a thousand; all of them or none."""
    type_ = asking.parts[0]
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "d", [type_])
    if refused is not None:
        return refused
    found = await condition_of(
        type_,
        asking.query,
        asking,
        store,
        session=session,
        most=MOST_OF_CONDITION + 1,
    )
    if isinstance(found, Answer):
        return found
    if len(found.ids) > MOST_OF_CONDITION:
        words = f"More than {MOST_OF_CONDITION} resources match; narrow the condition."
        return told(412, "multiple-matches", words)
    removals = [Removal(type=type_, id=id_) for id_ in found.ids]
    return await _remove(asking, store, removals)


async def _remove(asking: Asking, store: Store, removals: list[Removal]) -> Answer:
    if not removals:
        return Answer(status=204, headers=())
    written = await store.writer.write(Change(removals=removals), opener=asking.opener)
    if not isinstance(written, Written):
        has_condition = removals[0].expected_version is not None
        return not_written(written, has_condition=has_condition)
    is_one = len(written.removed) == 1
    headers = ((b"etag", etag(written.removed[0].version)),) if is_one else ()
    return Answer(status=204, headers=headers)


INTERACTIONS = (
    Interaction(
        name="delete", method="DELETE", path=(TYPE, ID), scope="d", handler=delete
    ),
    Interaction(
        name="delete",
        method="DELETE",
        path=(TYPE,),
        scope="d",
        handler=delete_by_condition,
    ),
)
