# SPDX-License-Identifier: Apache-2.0
"""Keyed tokens by the search that they stand for, asked of the warden in one question.

Rows that a list shows bear tokens beside what is sealed. Whoever knows which token
stands for which code reads of them what the list shows, and opens nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import tokens_of

Asked = tuple[str, str, str]
"""Type, parameter and one value."""


class TokenMap:
    """The token of each search asked for."""

    def __init__(self, tokens: Mapping[Asked, int]) -> None:
        self._tokens = tokens

    def __getitem__(self, asked: Asked) -> int:
        return self._tokens[asked]

    def all(self, type_: str, name: str, values: Iterable[str]) -> list[int]:
        return [self._tokens[type_, name, one] for one in values]

    def which(
        self, row: Iterable[int], type_: str, name: str, values: Iterable[str]
    ) -> str:
        """Which of some values a row's tokens say; empty: none of them."""
        there = frozenset(row)
        found = (one for one in values if self._tokens[type_, name, one] in there)
        return next(found, "")


async def token_map(
    warden: WardenClient, opener: Opener, asked: Sequence[Asked]
) -> TokenMap | Refusal:
    """Of each (type, parameter, value); a value that is no search is an error.

    Raises:
        ValueError: one of them is no search, or stands for more than one token.
    """
    terms = []
    for type_, name, value in asked:
        [term] = terms_of(type_, [(name, value)])
        terms.append(term)
    found = await tokens_of(warden, opener.session, terms)
    if isinstance(found, Refusal):
        return found
    return TokenMap(dict(zip(asked, found, strict=True)))
