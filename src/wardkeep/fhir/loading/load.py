# SPDX-License-Identifier: Apache-2.0
"""Loading: documents become records, each whole or not at all, none twice.

A document's mark (keyed, so that it tells nothing) is stored with it: what was loaded
is known again, and after an interruption the rest goes on.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.loading.documents import Document, Entry, documents
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.outcomes import KnownAlready, Loaded, Outcome, Refused
from wardkeep.fhir.loading.references import (
    conditional,
    literals_of,
    replacer,
    symbolic_in,
)
from wardkeep.fhir.loading.sources import Source
from wardkeep.fhir.loading.unpacking import read
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.store.outcomes import Conflict, Invalid, Opener, Written
from wardkeep.fhir.store.tokens import tokens_of
from wardkeep.fhir.store.writing import MUST_NOT_EXIST, Change, Writer
from wardkeep.fhir.validation import check

_TWO_TOKENS = struct.Struct(">qq")
_MOST_PROBLEMS = 20
_BATCH = 5000


class Loader:
    """Loads documents under an import session, which opens nothing that exists."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        writer: Writer,
        *,
        opener: Opener,
        limits: Limits,
    ) -> None:
        self._database = database
        self._warden = warden
        self._writer = writer
        self._opener = opener
        self._limits = limits

    def read(self, source: Source) -> Iterator[Document | Problem]:
        """The documents of a source, read within the limits."""
        text = read(Path(source.path), source.member, self._limits)
        if isinstance(text, Problem):
            yield text
        else:
            yield from documents(source, text, self._limits)

    async def load(self, document: Document) -> Outcome:
        """Store a document whole, or say why not."""
        mark = await self._mark(document)
        if isinstance(mark, Refusal):
            return _refused(document.name, mark)
        if await self._is_known(mark):
            return KnownAlready()
        read_ = await self._resources(document)
        if isinstance(read_, Refused):
            return read_
        return await self._store(document, read_, mark)

    async def _mark(self, document: Document) -> bytes | Refusal:
        digest = hashlib.sha256(document.text).digest()
        values = [b"import-mark\x1f1" + digest, b"import-mark\x1f2" + digest]
        tokens = await tokens_of(self._warden, self._opener.session, values)
        return tokens if isinstance(tokens, Refusal) else _TWO_TOKENS.pack(*tokens)

    async def _is_known(self, mark: bytes) -> bool:
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            return bool(
                await connection.fetch_value(
                    "select exists (select from record.import_mark"
                    " where organisation = $1 and source = $2)",
                    organisation,
                    mark,
                )
            )

    async def _resources(
        self, document: Document
    ) -> Sequence[tuple[str, Resource]] | Refused:
        """(id, resource) of every entry, its references made literal, and checked."""
        ids = [entry.id or new_uuid() for entry in document.entries]
        literals = literals_of(document.entries, ids)
        literals.update(await self._conditionals(document.entries, literals))
        replace = replacer(literals)
        found: list[tuple[str, Resource]] = []
        problems: list[Problem] = []
        for entry, id_ in zip(document.entries, ids, strict=True):
            resource = parse(replace(entry.raw))
            if isinstance(resource, Resource):
                problems += _placed(document, entry, check(resource))
                found.append((id_, resource))
            else:
                problems += _placed(document, entry, resource)
            if len(problems) >= _MOST_PROBLEMS:
                break
        return Refused(problems=tuple(problems)) if problems else found

    async def _conditionals(
        self, entries: Iterable[Entry], known: dict[bytes, bytes]
    ) -> dict[bytes, bytes]:
        """References by identifier, found among the organisation's own resources."""
        asked = {one: conditional(one) for one in symbolic_in(entries) - known.keys()}
        wanted = [(one, by) for one, by in asked.items() if by is not None]
        if not wanted:
            return {}
        tokens = await tokens_of(
            self._warden, self._opener.session, [by.term for _, by in wanted]
        )
        if isinstance(tokens, Refusal):
            return {}
        found: dict[bytes, bytes] = {}
        async with self._database.connection(self._opener.organisation) as connection:
            for (reference, by), token in zip(wanted, tokens, strict=True):
                id_ = await connection.fetch_value(
                    "select id from record.matching($1::smallint, $2::bigint[], 1)",
                    type_code(by.type),
                    [token],
                )
                if id_ is not None:
                    found[reference] = f"{by.type}/{id_}".encode()
        return found

    async def _store(
        self, document: Document, found: Sequence[tuple[str, Resource]], mark: bytes
    ) -> Outcome:
        patients = {id_ for id_, resource in found if resource.type == "Patient"}
        has_patient = bool(patients) or any(patients_of(one) for _, one in found)
        fresh = found if has_patient else await self._not_here(found)
        if not fresh:
            return KnownAlready()
        changes = [
            Change(resource=one, id=id_, expected_version=MUST_NOT_EXIST)
            for id_, one in fresh
        ]
        written: Written | Refusal | Conflict | Invalid | None = None
        for start in range(0, len(changes), len(changes) if has_patient else _BATCH):
            is_last = has_patient or start + _BATCH >= len(changes)
            written = await self._writer.write(
                changes[start : len(changes) if has_patient else start + _BATCH],
                opener=self._opener,
                mark=mark if is_last else b"",
            )
            if not isinstance(written, Written):
                return _outcome_of(document.name, written)
        return Loaded(
            resources=len(changes),
            patients=len(patients),
            unchanged=len(found) - len(changes),
            bytes=sum(len(one.compact) for _, one in fresh),
        )

    async def _not_here(
        self, found: Sequence[tuple[str, Resource]]
    ) -> list[tuple[str, Resource]]:
        """Those of the organisation's own resources that are not stored yet."""
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                "select r.type, r.id from unnest($2::smallint[], $3::text[])"
                " as wanted (type, id) join record.resource as r"
                " on r.organisation = $1 and r.type = wanted.type"
                " and r.id = wanted.id",
                organisation,
                [type_code(one.type) for _, one in found],
                [id_ for id_, _ in found],
            )
        here = {(row["type"], row["id"]) for row in rows}
        return [
            (id_, one) for id_, one in found if (type_code(one.type), id_) not in here
        ]


def _placed(
    document: Document, entry: Entry, problems: Iterable[Problem]
) -> list[Problem]:
    """Problems of a resource, with the file and the entry in front."""
    return [
        msgspec.structs.replace(
            one, place=f"{document.name}: {entry.place} {one.place}".strip()
        )
        for one in problems
    ]


def _refused(name: str, refusal: Refusal) -> Refused:
    problem = Problem(place=name, wrong=refusal.why.rstrip("."), mend=refusal.mend)
    return Refused(problems=(problem,))


def _outcome_of(name: str, written: Refusal | Conflict | Invalid) -> Refused:
    if isinstance(written, Refusal):
        return _refused(name, written)
    if isinstance(written, Invalid):
        return Refused(
            problems=tuple(
                msgspec.structs.replace(one, place=f"{name}: {one.place}")
                for one in written.problems
            )
        )
    return Refused(
        problems=(
            Problem(
                place=name,
                wrong=f"{written.type}/{written.id} is already here",
                mend="An import adds new patients; send changes through the API.",
            ),
        )
    )
