# SPDX-License-Identifier: Apache-2.0
"""AuditEvents found in the ledger: by number, or by any search that looks at an event.

The ledger has an index by patient and account, and is in the order of time; whatever
else a search asks is held against each event. Chains are not followed from events.
"""

from collections.abc import Iterable

import msgspec

from wardkeep.disclosure.answers import LedgerLine, LedgerPage, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ReadLedger
from wardkeep.fhir.audit.events import ACCOUNTS, event_of
from wardkeep.fhir.model.primitives import EARLIEST, LATEST
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.query import Query, holds
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    AnyTerm,
    Clause,
    HasId,
    HasTerm,
    InRange,
    Linked,
    Match,
    OwnedBy,
    Referring,
    term,
)
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.reserved import AUDIT_EVENT as TYPE, ledger_event_id
from wardkeep.fhir.store.search_request import TooCostly
from wardkeep.fhir.store.search_sql import window_of

MOST_QUESTIONS = 40
"""To the warden for one page: some 10,000 entries."""
MOST_COUNTED = 10_000
NEWEST = -1
RECORDED = f"{TYPE}.recorded"
_ABOUT = f"{TYPE}.entity.what"
_UPDATED = f"{TYPE}.meta.lastUpdated"
_PATIENT = f"{SEPARATOR}r{SEPARATOR}Patient/"
_AGENT = f"{TYPE}.agent.who{SEPARATOR}"
_ACCOUNTS = (f"{_AGENT}i{SEPARATOR}{ACCOUNTS}{SEPARATOR}", f"{_AGENT}v{SEPARATOR}")
"""How a term begins that names who did it: `agent:identifier`."""


_TOO_MANY = TooCostly(
    wrong="too many entries of the ledger would have to be read",
    mend="Name a patient or a time.",
)


class LedgerPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of events ended."""

    before: int
    """Entries before this one come next; `NEWEST`: all of them."""
    skipped: int = 0
    """Matches of the newest of these that the page has given already."""


class LedgerEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events that match, the newest first."""

    events: tuple[OpenedResource, ...]
    next: LedgerPlace | None
    """None: the ledger has no more."""


class _Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What of a query the ledger itself can look for."""

    patient: str
    account: str
    since: int
    until: int
    first: int
    before: int


class LedgerReader:
    """Reads the ledger for programs, through the warden."""

    def __init__(self, warden: WardenClient, *, name: str) -> None:
        """`name`: what the events call this server."""
        self._warden = warden
        self._name = name

    async def one(
        self, id_: str, *, opener: Opener
    ) -> OpenedResource | Refusal | NotFound:
        wanted = ledger_event_id(TYPE, id_)
        if wanted is None:
            return NotFound(type=TYPE, id=id_)
        question = ReadLedger(
            opener.session,
            before=wanted.entry + 1,
            first=wanted.entry,
            is_one=True,
            request=opener.request,
        )
        page = await self._warden.ask(question, LedgerPage)
        if isinstance(page, Refusal):
            return page
        found = [one for one in page.lines if (one.entry, one.part) == wanted]
        if not found:
            return NotFound(type=TYPE, id=id_)
        return event_of(found[0], name=self._name)

    async def search(
        self, query: Query, place: LedgerPlace, *, most: int, opener: Opener
    ) -> LedgerEvents | Refusal | TooCostly:
        """At most `most` events from the place on."""
        if not _is_servable(query):
            return LedgerEvents(events=(), next=None)
        asked = _of_events(query)
        narrowed = _narrowed(asked, place.before)
        found: list[tuple[OpenedResource, int]] = []
        for _ in range(MOST_QUESTIONS):
            page = await self._ask(narrowed, opener)
            if isinstance(page, Refusal):
                return page
            found.extend(self._matching(asked, page.lines))
            if page.next < 0 or len(found) - place.skipped > most:
                return _cut(found, place, most, page.next)
            narrowed = msgspec.structs.replace(narrowed, before=page.next)
        if len(found) > place.skipped:
            return _cut(found, place, most, narrowed.before)
        return _TOO_MANY

    async def count(self, query: Query, *, opener: Opener) -> int | Refusal | TooCostly:
        """How many events match; they are read for it."""
        found = await self.search(
            query, LedgerPlace(NEWEST), most=MOST_COUNTED, opener=opener
        )
        if not isinstance(found, LedgerEvents):
            return found
        return len(found.events) if found.next is None else _TOO_MANY

    async def _ask(self, narrowed: _Narrowed, opener: Opener) -> LedgerPage | Refusal:
        question = ReadLedger(
            opener.session,
            patient=narrowed.patient,
            account=narrowed.account,
            before=narrowed.before,
            first=narrowed.first,
            since=narrowed.since,
            until=narrowed.until,
            request=opener.request,
        )
        return await self._warden.ask(question, LedgerPage)

    def _matching(
        self, query: Query, lines: Iterable[LedgerLine]
    ) -> Iterable[tuple[OpenedResource, int]]:
        for line in lines:
            event = event_of(line, name=self._name)
            resource = parse(event.text)
            if isinstance(resource, Resource) and holds(query, resource):
                yield event, line.entry


def _cut(
    found: list[tuple[OpenedResource, int]], place: LedgerPlace, most: int, next_: int
) -> LedgerEvents:
    """A page of what was found, and where the rest of it begins."""
    end = place.skipped + most
    events = tuple(event for event, _ in found[place.skipped : end])
    if len(found) <= end:
        rest = LedgerPlace(next_) if next_ >= 0 else None
        return LedgerEvents(events=events, next=rest)
    entry = found[end][1]
    given = sum(1 for _, one in found[:end] if one == entry)
    return LedgerEvents(events=events, next=LedgerPlace(entry + 1, given))


def _is_servable(query: Query) -> bool:
    return not any(
        isinstance(match, Linked | Referring)
        for clause in query.clauses
        for match in clause.any_of
    )


def _of_events(query: Query) -> Query:
    """The query in terms of what an event has."""
    return query._replace(
        clauses=tuple(
            clause._replace(any_of=tuple(map(_of_event, clause.any_of)))
            for clause in query.clauses
        )
    )


def _of_event(match: Match) -> Match:
    """It was last updated when it was recorded, and belongs to whom it is about."""
    if isinstance(match, InRange) and match.element == _UPDATED:
        return match._replace(element=RECORDED)
    if isinstance(match, OwnedBy):
        about = [term(_ABOUT, "r", f"Patient/{one}") for one in match.patients]
        return AnyTerm(tuple(about))
    return match


def _narrowed(query: Query, before: int) -> _Narrowed:
    patient, account, low, high, first = "", "", EARLIEST, LATEST, 0
    for clause in query.clauses:
        if clause.is_negated:
            continue
        patient = patient or _patient_of(clause)
        account = account or _account_of(clause)
        window = window_of(clause, RECORDED)
        if window is not None:
            low, high = max(low, window[0]), min(high, window[1])
        entry = _entry_of(clause)
        if entry is not None:
            first, before = entry, min(before, entry + 1) if before >= 0 else entry + 1
    return _Narrowed(
        patient=patient,
        account=account,
        since=low if low > EARLIEST else 0,
        until=high if high < LATEST else 0,
        first=first,
        before=before,
    )


def _patient_of(clause: Clause) -> str:
    """The one patient whom every alternative names."""
    named = {_named_by(match) for match in clause.any_of}
    return named.pop() if len(named) == 1 else ""


def _named_by(match: Match) -> str:
    terms: tuple[bytes, ...] = ()
    if isinstance(match, HasTerm):
        terms = (match.term,)
    elif isinstance(match, AnyTerm):
        terms = match.terms
    named = {one.decode(errors="replace").partition(_PATIENT)[2] for one in terms}
    return named.pop() if len(named) == 1 else ""


def _account_of(clause: Clause) -> str:
    """The one account that a clause names as who did it."""
    match = clause.any_of[0] if len(clause.any_of) == 1 else None
    if not isinstance(match, HasTerm):
        return ""
    named = match.term.decode(errors="replace")
    for beginning in _ACCOUNTS:
        if named.startswith(beginning):
            return named.removeprefix(beginning)
    return ""


def _entry_of(clause: Clause) -> int | None:
    match = clause.any_of[0] if len(clause.any_of) == 1 else None
    wanted = ledger_event_id(TYPE, match.id) if isinstance(match, HasId) else None
    return wanted.entry if wanted else None
