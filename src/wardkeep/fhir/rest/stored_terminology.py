# SPDX-License-Identifier: Apache-2.0
"""Searches that name a stored ValueSet or CodeSystem, written out in plain codes.

https://hl7.org/fhir/R4/search.html#token: `:in`, `:not-in`, `:above` and `:below`. What
FHIR R4 brings along needs no step here. Anything else is looked up in the store as the
program that asks, so that its scopes and the ledger hold, and `code:in=URL` becomes
`code=system|code,…` before the search is read.
"""

from collections.abc import Sequence

from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.model.terminology import (
    Terminology,
    ValueSet,
    code_system_in,
    hl7s_own,
    kin_of,
    value_set_in,
    without_version,
)
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.outcome import of_costly, of_refusal, told
from wardkeep.fhir.rest.rights import beyond
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.search.query import Query, parse_query
from wardkeep.fhir.search.terms import split, unescape
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.search_request import SearchRequest, TooCostly

Pair = tuple[str, str]
_SETS = {"in": "", "not-in": ":not"}
_KIN = {"above": False, "below": True}
_VALUE_SET, _CODE_SYSTEM = "ValueSet", "CodeSystem"
MOST_LOOKED_UP = 20
"""Stored resources that one search may have looked up."""


class _Wanted:
    """Looks up what a search names, and what that names in turn."""

    def __init__(self, store: Store, opener: Opener, session: SessionView) -> None:
        self._store = store
        self._opener = opener
        self._session = session
        self._left = MOST_LOOKED_UP
        self.known = hl7s_own()
        self.place = ""
        """The parameter that is being written out, for errors."""

    def refused(self, code: str, words: str) -> Answer:
        return told(400, code, words, expression=(self.place,))

    async def value_set(self, url: str) -> str | Answer:
        """Know a set and all that it is composed of; the URL by which it is known."""
        text = await self._text(_VALUE_SET, url)
        if not isinstance(text, bytes):
            return text
        named, value_set = value_set_in(text)
        named = named or url
        self._learn(Terminology({}, {named: value_set}))
        return await self._needed(value_set) or named

    async def _needed(self, value_set: ValueSet) -> Answer | None:
        """Know what the set names, and what that names; None: all was looked for."""
        ahead = [value_set]
        while ahead:
            systems, sets = ahead.pop().needs
            for url in systems - self.known.systems.keys():
                answer = await self.code_system(url)
                if answer is not None:
                    return answer
            for url in sets:
                if self.known.value_set(url) is not None:
                    continue
                text = await self._text(_VALUE_SET, url)
                if not isinstance(text, bytes):
                    return text
                named, inner = value_set_in(text)
                self._learn(Terminology({}, {named: inner}))
                ahead.append(inner)
        return None

    async def code_system(self, url: str) -> Answer | None:
        """Know a system; an answer where it is not to be known."""
        text = await self._text(_CODE_SYSTEM, url)
        if not isinstance(text, bytes):
            return text
        found = code_system_in(text)
        if found is None:
            words = "The CodeSystem that is stored does not have all its concepts."
            return self.refused("not-supported", words)
        self._learn(Terminology(dict([found]), {}))
        return None

    def _learn(self, more: Terminology) -> None:
        self.known = self.known.with_these(more)

    async def _text(self, type_: str, url: str) -> bytes | Answer:
        """The one that is stored under a canonical URL, or under its own id."""
        if not self._left:
            words = f"It needs more than {MOST_LOOKED_UP} stored sets and systems."
            return self.refused("too-costly", words)
        self._left -= 1
        refused = beyond(self._session, "s", [type_])
        if refused is not None:
            return refused
        prefix, _, id_ = url.rpartition("/")
        if prefix == type_ and is_fhir_id(id_):
            one = await self._store.reader.one(type_, id_, opener=self._opener)
            return self._text_of(one, type_)
        return await self._by_url(type_, url)

    async def _by_url(self, type_: str, url: str) -> bytes | Answer:
        bare, _, version = url.partition("|")
        pairs = [("url", bare), *([("version", version)] if version else [])]
        query = parse_query(type_, pairs)
        if not isinstance(query, Query):
            return self._unknown(type_)
        request = SearchRequest(queries=(query,), count=1, told=f"{type_} url")
        page = await self._store.searcher.search(request, opener=self._opener)
        if isinstance(page, Refusal):
            return of_refusal(page)
        if isinstance(page, TooCostly):
            return of_costly(page)
        return page.matches[0].text if page.matches else self._unknown(type_)

    def _text_of(
        self, one: OpenedResource | Refusal | NotFound, type_: str
    ) -> bytes | Answer:
        if isinstance(one, Refusal):
            return of_refusal(one)
        return self._unknown(type_) if isinstance(one, NotFound) else one.text

    def _unknown(self, type_: str) -> Answer:
        words = f"There is no such {type_} here. Store it first, or list the codes."
        return self.refused("not-found", words)


async def with_stored_terminology(
    pairs: Sequence[Pair], store: Store, *, opener: Opener, session: SessionView
) -> Sequence[Pair] | Answer:
    """The same search with stored sets and systems written out."""
    wanted = _Wanted(store, opener, session)
    found: list[Pair] = []
    for name, value in pairs:
        bare, _, modifier = name.rpartition(":")
        wanted.place = name.partition(":")[0]
        written: str | Answer | None = None
        if modifier in _SETS and bare:
            written = await _listed(wanted, value)
        elif modifier in _KIN and bare:
            written = await _kin(wanted, value, is_below=_KIN[modifier])
        if isinstance(written, Answer):
            return written
        plain = bare + _SETS.get(modifier, "")
        found.append((name, value) if written is None else (plain, written))
    return found


async def _listed(wanted: _Wanted, value: str) -> str | Answer | None:
    """The codes of the sets; None where all of them are R4's own."""
    urls = [unescape(one) for one in split(value, ",")]
    if all(wanted.known.value_set(url) is not None for url in urls):
        return None
    pairs: set[Pair] = set()
    for url in urls:
        named: str | Answer = url
        if wanted.known.value_set(url) is None:
            named = await wanted.value_set(url)
        if isinstance(named, Answer):
            return named
        expanded = wanted.known.expand(named)
        if expanded is None:
            words = "That value set cannot be listed: it needs codes not known here."
            return wanted.refused("not-supported", words)
        pairs |= expanded
    return _written(pairs)


async def _kin(wanted: _Wanted, value: str, *, is_below: bool) -> str | Answer | None:
    """The codes above or below in a stored system; None where none is named."""
    pairs: set[Pair] = set()
    is_stored = False
    for one in split(value, ","):
        parts = [unescape(part) for part in split(one, "|", most=1)]
        if len(parts) == 1 or not parts[0]:
            return None
        system = without_version(parts[0])
        if system not in wanted.known.systems:
            answer = await wanted.code_system(system)
            if answer is not None:
                return answer
            is_stored = True
        kin = kin_of(wanted.known, system, parts[1], is_below=is_below)
        pairs |= kin or {(system, parts[1])}
    return _written(pairs) if is_stored else None


def _written(pairs: set[Pair]) -> str:
    """As a search has them. No code at all: one that no resource has."""
    if not pairs:
        return f"{_escaped('urn:wardkeep:empty-value-set')}|none"
    return ",".join(
        f"{_escaped(system)}|{_escaped(code)}" for system, code in sorted(pairs)
    )


def _escaped(text: str) -> str:
    for sign in "\\,|$":
        text = text.replace(sign, "\\" + sign)
    return text
