# SPDX-License-Identifier: Apache-2.0
"""Patients' sealed rows as they lie in the database, and what plain keys open."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from support.warden import RunningWarden
from wardkeep.assembly.database import OWNER, WORKER, address_for
from wardkeep.assembly.drills.ground import HOME, Ground
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.layout import Layout
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.base.stored_id import id_of
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key
from wardkeep.db.connection import Connection, connect
from wardkeep.disclosure.answers import SignedIn
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.disclosure.questions import BeginImport
from wardkeep.disclosure.sealed import (
    ROW_KEY_BYTES,
    SealedResource,
    key_identity,
    open_row,
    row_key_identity,
)
from wardkeep.fhir.home.way_in import VERY_RESTRICTED
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.type_codes import type_name
from wardkeep.fhir.store.change import Change, Removal
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.warden.service.service import WardenService

SHARED_ROWS = 3
TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)
_ROWS = """
select x.*, coalesce(p.id, '') as patient_id from (
  select type, id, version, tier, body, patient, last_updated from record.resource
  union all
  select type, id, version, tier, body, patient, last_updated from record.history) as x
  left join record.patient as p on p.number = x.patient
 order by p.number nulls first, type, id, version
"""
_SHARED = "select wrapped_key from record.shared_key"
Plain = Mapping[str, Mapping[Tier, Key]]
"""Data keys in the clear, by patient and tier."""


class Row(NamedTuple):
    """One version, current or replaced."""

    patient: str
    type: int
    stored_id: bytes
    version: int
    tier: int
    body: bytes
    last_updated: object

    @property
    def name(self) -> tuple[str, int, bytes, int, int, object]:
        """All of it that a rotation leaves alone."""
        return (*self[:5], self.last_updated)

    def sealed(self, number: int) -> SealedResource:
        return SealedResource(
            organisation=number,
            type=type_name(self.type),
            id=id_of(self.stored_id),
            version=self.version,
            patient=self.patient,
            tier=Tier(self.tier),
            body=self.body,
        )

    def opens(self, number: int, keys: Plain) -> bool:
        """Whether plain keys open it, as somebody with a dump would."""
        sealed = self.sealed(number)
        cipher = Cipher(keys[self.patient][sealed.tier])
        try:
            if sealed.tier is Tier.SEALED:
                box = self.body[:ROW_KEY_BYTES]
                key = cipher.open(box, row_key_identity(sealed.identity))
                cipher = Cipher(Key(key))
            return bool(open_row(cipher, sealed))
        except BoxCannotBeOpenedError:
            return False


async def _connected(settings: Settings, layout: Layout, role: str) -> Connection:
    return await connect(address_for(settings, layout, role))


async def rows_of(settings: Settings, layout: Layout, number: int) -> list[Row]:
    """Every version of what is shared and of every patient's, in a proof's order."""
    connection = await _connected(settings, layout, WORKER)
    try:
        await connection.serve(OrganisationId(number))
        found = await connection.fetch(_ROWS)
    finally:
        await connection.close()
    return [
        Row(
            one["patient_id"],
            one["type"],
            one["id"],
            one["version"],
            one["tier"],
            one["body"],
            one["last_updated"],
        )
        for one in found
    ]


async def shared_now(settings: Settings, layout: Layout, number: int) -> bytes:
    """The wrapped key of what belongs to no patient."""
    connection = await _connected(settings, layout, WORKER)
    try:
        await connection.serve(OrganisationId(number))
        found = await connection.fetch_value(_SHARED)
    finally:
        await connection.close()
    assert isinstance(found, bytes)
    return found


async def as_owner(
    settings: Settings, layout: Layout, number: int, sql: str, *values: object
) -> str:
    """What who owns the database does to an organisation's rows."""
    connection = await _connected(settings, layout, OWNER)
    try:
        await connection.serve(OrganisationId(number))
        return await connection.execute(sql, *values)
    finally:
        await connection.close()


def plain_keys(
    service: WardenService,
    number: int,
    wrapped: Mapping[str, tuple[bytes, bytes, bytes]],
    *,
    shared: bytes = b"",
    place: int = 0,
) -> dict[str, dict[Tier, Key]]:
    """Patients' data keys, as only the warden knows them: the newest, or one behind.

    Where there is none behind, the newest too.
    """
    found: dict[str, dict[Tier, Key]] = {}
    named = [
        (patient, tier, column)
        for patient, columns in wrapped.items()
        for tier, column in zip(TIERS, columns, strict=True)
    ]
    for patient, tier, column in [*named, ("", Tier.SHARED, shared)]:
        if column:
            identity = key_identity(organisation=number, patient=patient, tier=tier)
            keys = service._keystore.unwrap_all(number, column, identity)
            if keys:
                found.setdefault(patient, {})[tier] = keys[: place + 1][-1]
    return found


def digest_over(rows: Sequence[Row]) -> str:
    """The digest of a proof, from a dump, as docs/formats/database.md says."""
    digest = b""
    for patient in dict.fromkeys(row.patient for row in rows):
        lines = "".join(
            f"{row.type}|{row.stored_id.hex()}|{row.version}"
            f"|{hashlib.sha256(row.body).hexdigest()}\n"
            for row in rows
            if row.patient == patient
        )
        one = hashlib.sha256(f"{patient}\n{lines}".encode()).digest()
        digest = hashlib.sha256(digest + one).digest()
    return digest.hex()


def pulse(id_: str, patient: str, beats: int) -> Resource:
    made = parse(
        json.dumps(
            {
                "resourceType": "Observation",
                "id": id_,
                "status": "final",
                "code": {"text": "pulse"},
                "subject": {"reference": f"Patient/{patient}"},
                "valueQuantity": {"value": beats, "code": "/min"},
            }
        ).encode()
    )
    assert isinstance(made, Resource), made
    return made


class Notes:
    """A nurse's measurements, and loads of new patients."""

    def __init__(self, here: Ground, token: str, load: str) -> None:
        number = OrganisationId(here.numbers[HOME])
        self._nurse = Opener(
            session=token, organisation=number, purpose=Purpose.DIRECT_CARE
        )
        self._load = Opener(session=load, organisation=number, purpose=Purpose.IMPORT)
        self.writer = Writer(here.database, here.door, clock=here.clock)
        self.loader = Writer(here.database, here.operator, clock=here.clock)

    @classmethod
    async def of(cls, here: Ground, token: str) -> "Notes":
        entered = await here.operator.ask(BeginImport(HOME), SignedIn)
        assert isinstance(entered, SignedIn), entered
        return cls(here, token, entered.token)

    async def put(self, patient: str, id_: str, beats: int) -> None:
        """The next version of a measurement, or the first."""
        draft = draft_of(pulse(id_, patient, beats), id_)
        await self._write(Change(drafts=[draft], expected=[None]))

    async def open_ward(self, id_: str) -> None:
        """A place, which belongs to no patient, or its next version."""
        text = json.dumps({"resourceType": "Location", "id": id_, "name": "Ward"})
        made = parse(text.encode())
        assert isinstance(made, Resource), made
        change = Change(drafts=[draft_of(made, id_)], expected=[None])
        answer = await self.loader.write(change, opener=self._load)
        assert isinstance(answer, Written), answer

    async def remove(self, id_: str) -> None:
        await self._write(Change(removals=[Removal(type="Observation", id=id_)]))

    async def _write(self, change: Change) -> None:
        answer = await self.writer.write(change, opener=self._nurse)
        assert isinstance(answer, Written), answer

    async def register(self, patient: str) -> None:
        """A new patient with one measurement, by keys that the warden makes now."""
        made = parse(json.dumps({"resourceType": "Patient", "id": patient}).encode())
        assert isinstance(made, Resource), made
        first = f"first-{patient}"
        drafts = [draft_of(made, patient), draft_of(pulse(first, patient, 66), first)]
        change = Change(drafts=drafts, expected=[0, 0])
        answer = await self.loader.write(change, opener=self._load)
        assert isinstance(answer, Written), answer


async def load_records(
    running: RunningWarden, folder: Path, *, patients: int, each: int
) -> int:
    """An organisation with patients, each with rows in three tiers; its number."""
    number = await running.organisation()
    path = folder / "all.json"
    path.write_bytes(records_bundle(patients, each))
    made = running.installation
    report = await load_paths(
        made.settings,
        made.layout,
        paths=[path],
        organisation=running.home,
        show=lambda **_: None,
    )
    assert report.resources == patients * (each + 2) + SHARED_ROWS
    return number


def records_bundle(patients: int, each: int) -> bytes:
    """What is shared, and patients with rows in three tiers: one, so many, and one."""
    made: list[dict[str, object]] = [
        {"resourceType": "Location", "id": f"ward-{n}", "name": "Ward"}
        for n in range(SHARED_ROWS)
    ]
    for n in range(patients):
        named = {"reference": f"Patient/p-{n:03d}"}
        made.append({"resourceType": "Patient", "id": f"p-{n:03d}"})
        made.append(
            {
                "resourceType": "Basic",
                "id": f"way-{n:03d}",
                "meta": {"security": [VERY_RESTRICTED]},
                "code": {"text": "way in"},
                "subject": named,
            }
        )
        made.extend(
            {
                "resourceType": "Observation",
                "id": f"pulse-{n:03d}-{m:03d}",
                "status": "final",
                "code": {"text": "pulse"},
                "subject": named,
            }
            for m in range(each)
        )
    entries = [{"resource": one} for one in made]
    found = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(found).encode()
