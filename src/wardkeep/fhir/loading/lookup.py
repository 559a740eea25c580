# SPDX-License-Identifier: Apache-2.0
"""What an import must know of what is stored: marks, patients, references, versions.

An import session opens no patient's data. The organisation's own resources (places,
people who work there) it may open, to see whether they are the same.
"""

from collections.abc import Collection, Iterable, Sequence

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.crypto.aead import Cipher
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.sealed import open_row
from wardkeep.fhir.loading.references import Conditional, conditional
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.type_codes import type_code, type_name
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.keys import own_wrapped_key
from wardkeep.fhir.store.opening import shared_cipher
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, stored_row
from wardkeep.fhir.store.stamping import without_stamp
from wardkeep.fhir.store.tokens import TokenMemory

Versions = dict[tuple[str, str], int | None]
"""By (type, id) the version that is stored; None where it has the same content."""

_IS_KNOWN = """
select exists (select from record.import_mark where organisation = $1 and source = $2)
"""
_PATIENTS = "select id from record.patient where organisation = $1 and id = any($2)"
_REFERRED = """
select wanted.place, found.id
  from unnest($1::integer[], $2::smallint[], $3::bigint[])
       as wanted (place, type, token)
 cross join lateral record.matching(wanted.type, array[wanted.token], 1) as found
"""
_OWN = f"""
select {RESOURCE_COLUMNS}
  from unnest($2::smallint[], $3::bytea[]) as wanted (type, id)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
 where r.patient is null
"""  # noqa: S608 - constants


class Lookup:
    """Asks the database, and remembers who was referred to."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        opener: Opener,
        memory: TokenMemory,
    ) -> None:
        self._database = database
        self._warden = warden
        self._opener = opener
        self._memory = memory
        self._referred: dict[bytes, bytes] = {}

    async def is_known(self, mark: bytes) -> bool:
        """Whether a document with this mark was loaded."""
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            return bool(await connection.fetch_value(_IS_KNOWN, organisation, mark))

    async def patients_here(self, ids: Collection[str]) -> set[str]:
        """Those of the patients who are stored."""
        if not ids:
            return set()
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_PATIENTS, organisation, list(ids))
        return {row["id"] for row in rows}

    async def conditionals(
        self, references: Collection[bytes]
    ) -> dict[bytes, bytes] | Refusal:
        """Literal references for conditional ones; empty where they lead nowhere.

        Addresses of other servers are not ours to resolve and are left out.
        """
        symbolic = [one for one in references if not one.startswith(b"http")]
        asked = {
            one: by
            for one in symbolic
            if one not in self._referred and (by := conditional(one)) is not None
        }
        found = await self._find(asked) if asked else {}
        if isinstance(found, Refusal):
            return found
        self._referred |= found
        return {one: self._referred.get(one, b"") for one in symbolic}

    async def _find(
        self, asked: dict[bytes, Conditional]
    ) -> dict[bytes, bytes] | Refusal:
        tokens = await self._memory.tokens_of([by.term for by in asked.values()])
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await connection.fetch(
                _REFERRED,
                list(range(len(asked))),
                [type_code(by.type) for by in asked.values()],
                tokens,
            )
        references = list(asked.items())
        return {
            references[row["place"]][0]: (
                f"{references[row['place']][1].type}/{id_of(row['id'])}".encode()
            )
            for row in rows
        }

    async def own_versions(self, drafts: Sequence[Draft]) -> Versions | Refusal:
        """The stored versions of the organisation's own resources among these."""
        if not drafts:
            return {}
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OWN,
                organisation,
                [type_code(draft.type) for draft in drafts],
                [stored_id(draft.id) for draft in drafts],
            )
            if not rows:
                return {}
            wrapped = await own_wrapped_key(
                connection,
                self._warden,
                session=self._opener.session,
                organisation=organisation,
            )
        if isinstance(wrapped, Refusal):
            return wrapped
        cipher = await shared_cipher(self._warden, self._opener, wrapped)
        if isinstance(cipher, Refusal):
            return cipher
        return self._compared(drafts, rows, cipher)

    def _compared(
        self, drafts: Iterable[Draft], rows: Iterable[Row], cipher: Cipher
    ) -> Versions:
        arriving = {(draft.type, draft.id): draft.resource for draft in drafts}
        versions: Versions = {}
        for row in rows:
            stored = stored_row(row, organisation=self._opener.organisation, patient="")
            key = (type_name(row["type"]), id_of(row["id"]))
            text = stored.whole(open_row(cipher, stored))
            is_same = _has_same_content(text, arriving[key], key[1])
            versions[key] = None if is_same else row["version"]
        return versions


def _has_same_content(text: bytes, arriving: Resource, id_: str) -> bool:
    stored = parse(text, most_bytes=len(text))
    if not isinstance(stored, Resource):
        return False
    return without_stamp(stored.content) == without_stamp(
        arriving.content | {"id": id_}
    )
