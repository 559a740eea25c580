# SPDX-License-Identifier: Apache-2.0
"""`$lastn`: the newest observations of each code, of one patient.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from collections.abc import Iterable, Sequence

from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.strict_json import decoded_object
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asked import asked_of
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.bundle import MATCH, bundle, own_address, search_entries
from wardkeep.fhir.rest.interaction import Interaction
from wardkeep.fhir.rest.outcome import of_costly, of_refusal, told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.search_asked import SearchAsked
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.ordering import Sort
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.search_request import SearchRequest, TooCostly

_OBSERVATION = "Observation"
MOST_LOOKED_AT = 5_000
_MAX = "max"
Group = frozenset[tuple[str, str]]


async def lastn(asking: Asking, store: Store) -> Answer:
    pairs = [pair for pair in asking.query if pair[0] != _MAX]
    names = {name.partition(":")[0] for name, _ in pairs}
    if not names & {"patient", "subject"}:
        words = "$lastn is about one patient: name it by patient or subject."
        return told(400, "required", words)
    most = dict(asking.query).get(_MAX, "1")
    if not (most.isascii() and most.isdigit() and int(most[:6]) > 0):
        return told(400, "value", "It is not a number.", expression=(_MAX,))
    asked = await _asked(asking, store, pairs)
    if isinstance(asked, Answer):
        return asked
    request = SearchRequest(
        queries=(asked.query,),
        count=MOST_LOOKED_AT,
        sorts=(Sort("date", is_descending=True, elements=("Observation.effective",)),),
        told=f"$lastn {asked.told}",
    )
    page = await store.searcher.search(request, opener=asking.opener)
    if isinstance(page, Refusal):
        return of_refusal(page)
    if isinstance(page, TooCostly):
        return of_costly(page)
    found = _newest(page.matches, int(most[:6]))
    texts = [one.text for one in found]
    entries = search_entries(found, texts, base=asking.base.encode(), mode=MATCH)
    links = [("self", own_address(asking))]
    body = bundle("searchset", entries, links=links, total=len(found))
    return Answer(body=body, headers=(JSON,))


async def _asked(
    asking: Asking, store: Store, pairs: Sequence[tuple[str, str]]
) -> SearchAsked | Answer:
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "s", [_OBSERVATION])
    if refused is not None:
        return refused
    return await asked_of(_OBSERVATION, pairs, asking, store, session=session)


def _newest(matches: Iterable[OpenedResource], most: int) -> list[OpenedResource]:
    """The first of each group; a code in common makes two codes one group."""
    groups: list[tuple[Group, list[OpenedResource]]] = []
    for one in matches:
        codes = _codes(decoded_object(one.text))
        known = next((group for group in groups if group[0] & codes), None)
        if known is None:
            groups.append((codes, [one]))
            continue
        groups[groups.index(known)] = (known[0] | codes, known[1])
        if len(known[1]) < most:
            known[1].append(one)
    return [one for _, members in groups for one in members]


def _codes(content: dict[str, object]) -> Group:
    code = content.get("code")
    codings: Sequence[object] = code.get("coding", ()) if isinstance(code, dict) else ()
    found = {
        (str(one.get("system", "")), str(one.get("code", "")))
        for one in codings
        if isinstance(one, dict)
    }
    text = code.get("text", "") if isinstance(code, dict) else ""
    return frozenset(found or {("", str(text))})


INTERACTIONS = (
    Interaction(
        name="$lastn",
        method="GET",
        path=(_OBSERVATION, "$lastn"),
        scope="s",
        handler=lastn,
    ),
)
