# SPDX-License-Identifier: Apache-2.0
"""Search on everything and within compartments: https://hl7.org/fhir/R4/http.html#search."""

from collections.abc import Sequence

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.model.definitions import definitions, is_resource_type
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.compartments import has_compartment, types_in, within
from wardkeep.fhir.rest.finding import Scope, find
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.negotiation import is_form
from wardkeep.fhir.rest.outcome import of_problems, told
from wardkeep.fhir.rest.rights import covers, session_of
from wardkeep.fhir.rest.store import Store

Pair = tuple[str, str]
_ALL = "*"


async def search_system(asking: Asking, store: Store) -> Answer:
    return await _everywhere(asking, store, asking.query)


async def search_system_by_post(asking: Asking, store: Store) -> Answer:
    if not is_form(asking):
        return told(415, "not-supported", "Send application/x-www-form-urlencoded.")
    form = await asking.form()
    if isinstance(form, Problem):
        return of_problems([form], status=400, code="structure")
    return await _everywhere(asking, store, [*asking.query, *form])


async def _everywhere(asking: Asking, store: Store, pairs: Sequence[Pair]) -> Answer:
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    every = [name for name in definitions().types if is_resource_type(name)]
    types = _types(pairs, every, session)
    if isinstance(types, Answer):
        return types
    return await find(asking, store, scope=Scope(types=types, path=""), pairs=pairs)


def _types(
    pairs: Sequence[Pair], every: Sequence[str], session: SessionView
) -> tuple[str, ...] | Answer:
    """The types of `_type`, or all that the program's scopes cover."""
    listed = [
        one for name, value in pairs if name == "_type" for one in value.split(",")
    ]
    unknown = [one for one in listed if one not in every]
    if unknown:
        words = "_type names what is no resource type, or not one that is here."
        return told(400, "value", words, expression=("_type",))
    found = tuple(listed or [one for one in every if covers(session, "s", one)])
    return found or told(403, "forbidden", "The scopes include no search.")


async def search_compartment(asking: Asking, store: Store) -> Answer:
    """`Patient/1/Observation` and `Patient/1/*`."""
    compartment, id_, wanted = asking.parts
    if not has_compartment(compartment) or not is_fhir_id(id_):
        words = "There is no such compartment: Patient, Encounter, Practitioner,"
        return told(404, "not-found", f"{words} RelatedPerson and Device have one.")
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    every = types_in(compartment)
    types: tuple[str, ...] | Answer = (wanted,)
    if wanted == _ALL:
        types = _types(asking.query, every, session)
    if isinstance(types, Answer):
        return types
    clauses = [within(compartment, id_, type_) for type_ in types]
    inside = [
        (type_, clause)
        for type_, clause in zip(types, clauses, strict=True)
        if clause is not None
    ]
    if not inside:
        words = f"{wanted} is never in the compartment of a {compartment}."
        return told(404, "not-found", words)
    scope = Scope(
        types=tuple(type_ for type_, _ in inside),
        path="/".join(asking.parts),
        clauses=tuple((clause,) for _, clause in inside),
    )
    return await find(asking, store, scope=scope, pairs=asking.query)


INTERACTIONS = (
    Interaction(
        name="search-system", method="GET", path=(), scope="s", handler=search_system
    ),
    Interaction(
        name="search-system",
        method="POST",
        path=("_search",),
        scope="s",
        handler=search_system_by_post,
    ),
    Interaction(
        name="search-compartment",
        method="GET",
        path=(TYPE, ID, TYPE),
        scope="s",
        handler=search_compartment,
    ),
    Interaction(
        name="search-compartment",
        method="GET",
        path=(TYPE, ID, _ALL),
        scope="s",
        handler=search_compartment,
    ),
)
