# SPDX-License-Identifier: Apache-2.0
"""Conditions of writes: a search that names none, one or several resources.

https://hl7.org/fhir/R4/http.html#ccreate. Besides its answer a condition has a guard:
the same search once more within the write's transaction, behind a lock that everyone
with this condition takes (hapi-fhir #3141, #6815: conditional creates made duplicates).
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asked import asked_of
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import of_costly, of_refusal, told
from wardkeep.fhir.rest.rights import beyond
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.change import Guard
from wardkeep.fhir.store.search_request import SearchRequest, TooCostly

MOST_OF_CONDITION = 1_000
_LOCK_BYTES = 8


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition found, and how to find out again within a write."""

    type: str
    ids: tuple[str, ...]
    guard: Guard


async def condition_of(
    type_: str,
    pairs: Sequence[tuple[str, str]],
    asking: Asking,
    store: Store,
    *,
    session: SessionView,
    most: int = 2,
) -> Condition | Answer:
    """Look; an answer where the condition cannot be read or may not be asked."""
    refused = beyond(session, "s", [type_])
    if refused is not None:
        return refused
    asked = await asked_of(type_, pairs, asking, store, session=session)
    if isinstance(asked, Answer):
        return asked
    if not asked.query.clauses:
        return told(412, "required", "The condition names nothing to search by.")
    request = SearchRequest(queries=(asked.query,), count=most, told=asked.told)
    found = await store.searcher.ids(request, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, TooCostly):
        return of_costly(found)
    spelled = repr((asking.opener.organisation, type_, sorted(pairs))).encode(
        "utf-8", "surrogatepass"
    )
    lock = int.from_bytes(sha256(spelled).digest()[:_LOCK_BYTES], "big", signed=True)
    guard = Guard(lock=lock, sql=found.sql, values=found.values)
    return Condition(type=type_, ids=found.ids, guard=guard)


def several(condition: Condition) -> Answer:
    words = f"Several {condition.type} resources match the condition; it must name one."
    return told(412, "multiple-matches", words)
