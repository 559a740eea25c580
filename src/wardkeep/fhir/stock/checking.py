# SPDX-License-Identifier: Apache-2.0
"""Holds every register against itself and against the records, and opens no patient.

Three ways, none of which whoever edits the database has all of. The chain: each entry's
digest is made anew. The records: each entry's resource has the digest's token beside
it, which only the warden makes. And back: what says that it belongs to a register has
its entry there. What it does not find is in docs/formats/stock.md.
"""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.stock.content import DELIVERY, NOTE, SYSTEM
from wardkeep.fhir.stock.entry import Entry, Fault, faults_in
from wardkeep.fhir.stock.rows import EntryRow, Source, StockRows
from wardkeep.fhir.store.tokens import tokens_of

DISPENSE = "MedicationDispense"
_TYPES = (DELIVERY, NOTE, DISPENSE)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    registers: int
    entries: int
    faults: tuple[Fault, ...]
    gone: tuple[Fault, ...] = ()
    """Entries whose patient's record is there no more, as after an erasure."""


async def check_registers(
    stock: StockRows,
    warden: WardenClient,
    *,
    session: str,
    organisation: OrganisationId,
) -> Checked | Refusal:
    """Go through all of an organisation's registers."""
    found = await stock.everything(organisation)
    entries = [one.entry for one in found]
    asked = [(type_, f"{SYSTEM}|") for type_ in _TYPES]
    asked += [
        (one.entry.source.partition("/")[0], f"{SYSTEM}|{one.digest.hex()}")
        for one in found
    ]
    terms = [terms_of(type_, [("identifier", value)]) for type_, value in asked]
    tokens = await tokens_of(warden, session, [one for some in terms for one in some])
    if isinstance(tokens, Refusal):
        return tokens
    any_of, own = tokens[: len(_TYPES)], tokens[len(_TYPES) :]
    faults = [*_chains(found)]
    sources = await stock.sources(organisation, sorted({one.source for one in entries}))
    unsaid = _unsaid(entries, own, sources)
    gone = {one.source for one in entries if one.about} - sources.keys()
    faults += [fault for entry, fault in unsaid if entry.source not in gone]
    for type_, token in zip(_TYPES, any_of, strict=True):
        bearing = await stock.bearing(organisation, type_, token)
        faults += _unwritten(bearing, {one.source for one in entries})
    registers = {(one.place, one.item) for one in entries}
    return Checked(
        registers=len(registers),
        entries=len(entries),
        faults=tuple(faults),
        gone=tuple(fault for entry, fault in unsaid if entry.source in gone),
    )


def _chains(found: Sequence[EntryRow]) -> list[Fault]:
    faults: list[Fault] = []
    for _, some in groupby(found, key=lambda one: (one.entry.place, one.entry.item)):
        own = list(some)
        faults += faults_in([one.entry for one in own], [one.digest for one in own])
    return faults


def _unsaid(
    entries: Sequence[Entry], tokens: Sequence[int], sources: dict[str, Source]
) -> list[tuple[Entry, Fault]]:
    """Entries that no resource bears out."""
    faults = []
    for entry, token in zip(entries, tokens, strict=True):
        source = sources.get(entry.source)
        if source is not None and token in source.tokens:
            continue
        words = (
            "the record of it is gone"
            if source is None
            else "the record of it says something else"
        )
        fault = Fault(
            place=entry.place, item=entry.item, number=entry.number, words=words
        )
        faults.append((entry, fault))
    return faults


def _unwritten(bearing: Sequence[str], known: set[str]) -> list[Fault]:
    """Resources that say that they belong to a register, where no entry does."""
    return [
        Fault(
            place="",
            item="",
            number=0,
            words=f"{one} belongs to an entry that is in no register",
        )
        for one in sorted(set(bearing) - known)
    ]
