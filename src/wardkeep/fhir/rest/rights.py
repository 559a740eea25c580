# SPDX-License-Identifier: Apache-2.0
"""Whose token it is and what its scopes cover, where no key is asked for.

The warden judges every key by the same scopes (`warden/rules/scope_covers.py`); here
they decide what is not looked for at all, and what is answered where nothing is.
"""

from collections.abc import Iterable
from functools import lru_cache

from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import of_refusal, told
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.search.query import Query
from wardkeep.fhir.search.terms import Linked, Match, Referring

_ANY = "*"


async def session_of(asking: Asking, store: Store) -> SessionView | Answer:
    """The live session of the token; an answer where there is none for programs."""
    session: SessionView | Refusal | None = asking.session
    if session is None:
        session = await store.sessions.of(asking.token)
    if isinstance(session, Refusal):
        return of_refusal(session)
    if not session.scope or session.organisation != asking.opener.organisation:
        return told(403, "forbidden", "This token is not one for programs.")
    return session


@lru_cache(maxsize=256)
def _letters(scope: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in scope.split():
        bare = word.partition("?")[0]
        type_, _, letters = bare.partition("/")[2].partition(".")
        found[type_] = found.get(type_, "") + letters
    return found


@lru_cache(maxsize=256)
def _wholly(scope: str) -> str:
    """Without scopes that have a filter."""
    return " ".join(word for word in scope.split() if "?" not in word)


def covers(session: SessionView, letter: str, type_: str) -> bool:
    letters = _letters(session.scope)
    return letter in letters.get(type_, "") or letter in letters.get(_ANY, "")


def beyond(session: SessionView, letter: str, types: Iterable[str]) -> Answer | None:
    """403 where one of the types is not covered."""
    for type_ in types:
        if not covers(session, letter, type_):
            words = f"The scopes of this program do not include {type_}.{letter}."
            return told(403, "forbidden", words)
    return None


def narrowed(session: SessionView, query: Query) -> Query | Answer:
    """The query without links through types that the scopes do not cover.

    Whoever may search patients alone learns no diagnosis by asking who has it.
    """
    clauses = []
    for clause in query.clauses:
        kept = tuple(one for one in clause.any_of if _may_ask(session, one))
        if clause.any_of and not kept:
            words = f"The scopes of this program do not cover what {clause.code} asks."
            return told(403, "forbidden", words, expression=(clause.code,))
        clauses.append(clause._replace(any_of=kept))
    return query._replace(clauses=tuple(clauses))


def _may_ask(session: SessionView, match: Match) -> bool:
    if not isinstance(match, Linked | Referring):
        return True
    # What a filter hides must not be told by asking who has it.
    letters = _letters(_wholly(session.scope))
    is_covered = "s" in letters.get(match.type, "") + letters.get(_ANY, "")
    return is_covered and all(
        any(_may_ask(session, one) for one in clause.any_of) for clause in match.clauses
    )


async def missing(
    asking: Asking, store: Store, *, letter: str, type_: str, answer: Answer
) -> Answer:
    """An answer that tells of no patient, to whoever may be told even that."""
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    return beyond(session, letter, [type_]) or answer
