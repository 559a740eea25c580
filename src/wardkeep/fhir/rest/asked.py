# SPDX-License-Identifier: Apache-2.0
"""What a search or a condition asks for, made ready for the store in one place.

Stored value sets are written out, references by our own address are made relative, the
parameters are read, and links through types that the scopes do not cover are refused.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.disclosure.answers import SessionView
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import of_problems
from wardkeep.fhir.rest.rights import narrowed
from wardkeep.fhir.rest.search_asked import SearchAsked, read_search, without_base
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.stored_terminology import with_stored_terminology

Pair = tuple[str, str]


async def asked_of(
    type_: str,
    pairs: Sequence[Pair],
    asking: Asking,
    store: Store,
    *,
    session: SessionView,
) -> SearchAsked | Answer:
    """One type's search, as this session may ask it."""
    written = await with_stored_terminology(
        pairs, store, opener=asking.opener, session=session
    )
    if isinstance(written, Answer):
        return written
    return read_asked(type_, written, asking, session=session)


def read_asked(
    type_: str,
    pairs: Sequence[Pair],
    asking: Asking,
    *,
    session: SessionView,
    is_lenient: bool = False,
) -> SearchAsked | Answer:
    """The same where nothing stored is left to be written out."""
    own = without_base(type_, pairs, asking.base)
    asked = read_search(type_, own, is_lenient=is_lenient)
    if isinstance(asked, tuple):
        return of_problems(asked, status=400, code="invalid")
    query = narrowed(session, asked.query)
    if isinstance(query, Answer):
        return query
    return msgspec.structs.replace(asked, query=query)
