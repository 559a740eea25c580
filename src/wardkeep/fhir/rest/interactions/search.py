# SPDX-License-Identifier: Apache-2.0
"""Search by type and by POST: https://hl7.org/fhir/R4/http.html#search."""

from wardkeep.base.outcome import Problem
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.finding import Scope, find
from wardkeep.fhir.rest.interaction import TYPE, Interaction
from wardkeep.fhir.rest.negotiation import is_form
from wardkeep.fhir.rest.outcome import of_problems, told
from wardkeep.fhir.rest.store import Store


async def search_type(asking: Asking, store: Store) -> Answer:
    scope = Scope(types=(asking.parts[0],), path=asking.parts[0])
    return await find(asking, store, scope=scope, pairs=asking.query)


async def search_type_by_post(asking: Asking, store: Store) -> Answer:
    """The parameters of the body and of the address together."""
    if not is_form(asking) and asking.header(b"content-type"):
        words = "Send application/x-www-form-urlencoded."
        return told(415, "not-supported", words)
    form = await asking.form()
    if isinstance(form, Problem):
        return of_problems([form], status=400, code="structure")
    scope = Scope(types=(asking.parts[0],), path=asking.parts[0])
    return await find(asking, store, scope=scope, pairs=[*asking.query, *form])


INTERACTIONS = (
    Interaction(
        name="search-type",
        method="GET",
        path=(TYPE,),
        scope="s",
        handler=search_type,
    ),
    Interaction(
        name="search-type",
        method="POST",
        path=(TYPE, "_search"),
        scope="s",
        handler=search_type_by_post,
    ),
)
