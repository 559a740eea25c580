# SPDX-License-Identifier: Apache-2.0
"""Loading: documents become records, each whole or not at all, none twice.

A document's mark (keyed, so that it tells nothing) is stored with it: what was loaded
is known again, and after an interruption the rest goes on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.loading.documents import Document, Entry, documents
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.lookup import Lookup
from wardkeep.fhir.loading.outcomes import (
    KnownAlready,
    Loaded,
    Outcome,
    PutOff,
    Refused,
)
from wardkeep.fhir.loading.references import (
    literals_of,
    replacer,
    symbolic_in,
)
from wardkeep.fhir.loading.sources import Source
from wardkeep.fhir.loading.unpacking import read
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    Opener,
    Written,
)
from wardkeep.fhir.store.tokens import TokenMemory, packed_mark
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.validation import check
from wardkeep.fhir.validation.entry_codes import entry_codes_in

_MOST_PROBLEMS = 20


class Loader:
    """Loads documents under an import session, which opens no patient's data."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        opener: Opener,
        limits: Limits,
        clock: Clock,
        adds_to: AbstractSet[str] = frozenset(),
    ) -> None:
        """`adds_to`: patients who are here, and to whom it adds all the same."""
        memory = TokenMemory(warden, opener.session, clock=clock)
        self._writer = Writer(
            database, warden, clock=clock, memory=memory, takes_entry_codes=True
        )
        self._lookup = Lookup(database, warden, opener=opener, memory=memory)
        self._memory = memory
        self._opener = opener
        self._limits = limits
        self._adds_to = adds_to

    async def load_source(
        self, source: Source, *, is_last_chance: bool
    ) -> list[Outcome | Problem]:
        """Load every document of a source; what became of each."""
        return [
            document
            if isinstance(document, Problem)
            else await self.load(document, is_last_chance=is_last_chance)
            for document in self.read(source)
        ]

    def read(self, source: Source) -> Iterator[Document | Problem]:
        """The documents of a source, read within the limits."""
        text = read(Path(source.path), source.member, self._limits)
        if isinstance(text, Problem):
            yield text
        else:
            yield from documents(source, text, self._limits)

    async def load(self, document: Document, *, is_last_chance: bool) -> Outcome:
        """Store a document whole, or say why not.

        Before the last chance, a document that refers to something unknown is put off.
        """
        mark = _mark_of(document)
        tokens = await self._memory.tokens_of(mark)
        if isinstance(tokens, Refusal):
            return _refused(document.name, tokens)
        if await self._lookup.is_known(packed_mark(tokens)):
            return KnownAlready()
        drafts = await self._drafts(document, is_last_chance=is_last_chance)
        if not isinstance(drafts, list):
            return drafts
        return await self._store(document, drafts, mark)

    async def _drafts(
        self, document: Document, *, is_last_chance: bool
    ) -> list[Draft] | PutOff | Refused:
        """Every entry, its references made literal, and checked."""
        entries, ids = document.entries, _ids(document.entries)
        literals = literals_of(entries, ids)
        known = await self._lookup.conditionals(symbolic_in(entries) - literals.keys())
        if isinstance(known, Refusal):
            return _refused(document.name, known)
        unknown = [one for one, literal in known.items() if not literal]
        if unknown and not is_last_chance:
            return PutOff()
        if unknown:
            return _leads_nowhere(document.name, unknown[0])
        return _read(document, ids, literals | known)

    async def _store(
        self, document: Document, drafts: list[Draft], mark: Sequence[bytes]
    ) -> Outcome:
        owners = {draft.owner for draft in drafts if draft.owner}
        here = await self._lookup.patients_here(owners - self._adds_to)
        if here:
            return _patient_is_here(document.name, here)
        versions = await self._lookup.own_versions([d for d in drafts if not d.owner])
        if isinstance(versions, Refusal):
            return _refused(document.name, versions)
        fresh = [d for d in drafts if versions.get((d.type, d.id), 0) is not None]
        change = Change(
            drafts=fresh,
            expected=[versions.get((draft.type, draft.id), 0) for draft in fresh],
            mark=mark,
        )
        written = await self._writer.write(change, opener=self._opener)
        if not isinstance(written, Written):
            return _outcome_of(document.name, written)
        return Loaded(
            resources=len(fresh),
            patients=len(owners),
            unchanged=len(drafts) - len(fresh),
            bytes=sum(len(draft.resource.compact) for draft in fresh),
            entry_codes=tuple(_entry_codes(document.name, fresh)),
        )


def _mark_of(document: Document) -> tuple[bytes, bytes]:
    """Two values: a token is 64 bits, and that is little for what nobody confirms."""
    digest = hashlib.sha256(document.text).digest()
    return b"import-mark\x1f1" + digest, b"import-mark\x1f2" + digest


def _ids(entries: Iterable[Entry]) -> list[str]:
    return [entry.id or new_uuid() for entry in entries]


def _read(
    document: Document, ids: Sequence[str], literals: dict[bytes, bytes]
) -> list[Draft] | Refused:
    replace = replacer(literals)
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for entry, id_ in zip(document.entries, ids, strict=True):
        resource = parse(replace(entry.raw), most_bytes=len(entry.raw) * 2 + 64)
        found = check(resource) if isinstance(resource, Resource) else resource
        problems += _placed(document, entry, found)
        if len(problems) >= _MOST_PROBLEMS:
            break
        if isinstance(resource, Resource) and not problems:
            drafts.append(draft_of(resource, id_))
    return Refused(problems=tuple(problems)) if problems else drafts


def _entry_codes(name: str, drafts: Iterable[Draft]) -> Iterator[str]:
    """Where codes that open homes seem to stand, and never which."""
    for draft in drafts:
        if draft.tier is not Tier.SEALED:
            for one in entry_codes_in(draft.resource):
                yield f"{name}: {draft.type}/{draft.id}: {one.place}"


def _placed(
    document: Document, entry: Entry, problems: Iterable[Problem]
) -> list[Problem]:
    """Problems of a resource, with the file and the entry in front."""
    return [
        msgspec.structs.replace(
            one, place=": ".join(filter(None, (document.name, entry.place, one.place)))
        )
        for one in problems
    ]


def _refused(name: str, refusal: Refusal) -> Refused:
    problem = Problem(place=name, wrong=refusal.why.rstrip("."), mend=refusal.mend)
    return Refused(problems=(problem,))


def _leads_nowhere(name: str, reference: bytes) -> Refused:
    kind = "a fullUrl" if reference.startswith(b"urn:") else "an identifier"
    problem = Problem(
        place=name,
        wrong=f"a reference by {kind} leads nowhere",
        mend="Load what it refers to first, or put it into the same file.",
    )
    return Refused(problems=(problem,))


def _patient_is_here(name: str, here: Iterable[str]) -> Refused:
    return Refused(
        problems=tuple(
            Problem(
                place=name,
                wrong=f"Patient/{patient} is already here",
                mend="An import adds new patients; send changes through the API.",
            )
            for patient in sorted(here)[:_MOST_PROBLEMS]
        )
    )


class GuardWithoutConditionError(Exception):
    """An import has no conditional creates; the store says that one was met."""


def _outcome_of(
    name: str, written: Refusal | Conflict | Invalid | AlreadyThere
) -> Refused:
    if isinstance(written, Refusal):
        return _refused(name, written)
    if isinstance(written, Invalid):
        return Refused(
            problems=tuple(
                msgspec.structs.replace(one, place=f"{name}: {one.place}")
                for one in written.problems[:_MOST_PROBLEMS]
            )
        )
    if isinstance(written, AlreadyThere):
        raise GuardWithoutConditionError(name)
    return Refused(
        problems=(
            Problem(
                place=name,
                wrong=f"{written.type}/{written.id} is already here",
                mend="An import adds what is new; send changes through the API.",
            ),
        )
    )
