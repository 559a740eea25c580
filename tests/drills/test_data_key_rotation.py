# SPDX-License-Identifier: Apache-2.0
"""Drills on patients' data keys that are replaced under readers and writers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.ledgers import full_at
from support.rotations import (
    keys_of,
    rotate,
    settle_at_once,
    until_finished,
    wrapped_now,
)
from support.sealed_rows import (
    Notes,
    Row,
    as_owner,
    digest_over,
    plain_keys,
    rows_of,
    shared_now,
)
from support.template import settings_for
from support.warden import Installation
from wardkeep.assembly.database import OWNER, WARDEN, WEB, WORKER, address_for
from wardkeep.assembly.drills.ground import HOME, Ground, Person, ground
from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import stored_id
from wardkeep.crypto.aead import Key
from wardkeep.db.connection import connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.disclosure.answers import Grant, Refusal
from wardkeep.disclosure.keys import (
    ORGANISATION,
    PATIENT,
    ResumeRotation,
    RotateKey,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.fhir.store.applying import KEYS_SERVE_SECONDS
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.writing import Writer
from wardkeep.ledger.entry import Entry
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service import rotation_of_patients
from wardkeep.warden.service.rotation_levels import Passed

PATIENTS = 24
BOX_BYTES = 64
"""Of a wrapped key that a rotation gave."""
EVERYBODY = RotateKey(PATIENT, organisation=HOME)


class Ward:
    """A ground whose patients have measurements, replaced and deleted ones, homes."""

    def __init__(self, here: Ground, notes: Notes, nurse: Person) -> None:
        self.here, self.notes, self.nurse = here, notes, nurse
        self.number = here.numbers[HOME]

    async def rows(self) -> list[Row]:
        return await rows_of(self.here.settings, self.here.layout, self.number)

    async def wrapped(self) -> dict[str, tuple[bytes, bytes, bytes]]:
        installation = Installation.__new__(Installation)
        installation.settings, installation.layout = (
            self.here.settings,
            self.here.layout,
        )
        return await wrapped_now(installation, self.number)

    async def owner(self, sql: str, *values: object) -> str:
        return await as_owner(
            self.here.settings, self.here.layout, self.number, sql, *values
        )

    async def reads(self, patient: str) -> str:
        """Everything of a patient's that a nurse sees; what went wrong, or nothing."""
        answer = await self.here.reads(self.nurse.token, patient)
        opener = Opener(
            session=self.nurse.token,
            organisation=OrganisationId(self.number),
            purpose=Purpose.DIRECT_CARE,
        )
        id_ = f"pulse-{patient}"
        found = await self.here.reader.one("Observation", id_, opener=opener)
        return answer or ("" if isinstance(found, Opened) else str(found))

    async def plain(self) -> dict[str, dict[Tier, Key]]:
        """All newest data keys, the shared one too."""
        where = (self.here.settings, self.here.layout, self.number)
        shared = await shared_now(*where)
        return plain_keys(
            self.here.service, self.number, await self.wrapped(), shared=shared
        )

    async def reads_ward(self, id_: str) -> str:
        opener = Opener(
            session=self.nurse.token,
            organisation=OrganisationId(self.number),
            purpose=Purpose.DIRECT_CARE,
        )
        found = await self.here.reader.one("Location", id_, opener=opener)
        return "" if isinstance(found, Opened) else str(found)

    def said(self, action: str = "end-key-rotation") -> list[str]:
        ledger = self.here.service._ledger
        entries: Sequence[Entry] = list(ledger.entries(0, ledger.committed_size))
        return [one.reason for one in entries if one.action == action]


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ground(settings_for(tmp_path), patients=PATIENTS) as here:
        nurse = await here.person("ward_nurse", expects=10)
        notes = await Notes.of(here, nurse.token)
        for patient in nurse.expected:
            for beats in (70, 71, 72):
                await notes.put(patient, f"pulse-{patient}", beats)
        mine = nurse.expected[-1]
        await notes.put(mine, "removed", 60)
        await notes.remove("removed")
        await here.set_ways_in([mine])
        yield Ward(here, notes, nurse)


async def test_new_data_keys_open_all_of_a_patient_and_the_old_ones_nothing(
    ward: Ward,
) -> None:
    mine, before = ward.nurse.expected[-1], await ward.rows()
    wrapped = await ward.wrapped()
    old = plain_keys(ward.here.service, ward.number, wrapped)
    assert all(row.opens(ward.number, old) for row in before if row.body)
    settle_at_once(ward.here)
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME, patient=mine))
    last = await until_finished(ward.here)
    assert (last.rewrapped, last.unreadable, last.patient) == (1, 0, mine)
    after = await ward.rows()
    new = plain_keys(ward.here.service, ward.number, await ward.wrapped())
    assert [row.name for row in after] == [row.name for row in before], (
        "no version was added, lost or dated anew"
    )
    assert {row.tier for row in after if row.patient == mine} == {1, 2, 3}
    for then, now in zip(before, after, strict=True):
        if not now.body:
            continue
        assert now.opens(ward.number, new)
        assert now.opens(ward.number, old) is (now.patient != mine)
        assert then.opens(ward.number, new) is (now.patient != mine)
    of_mine = [row for row in after if row.patient == mine]
    digest = digest_over(of_mine)
    assert ward.said() == [
        f"patient {mine}: 1 patients, {len(of_mine)} versions,"
        " 0 open by none, digest " + digest
    ]
    assert await ward.reads(mine) == ""
    assert await ward.reads(ward.nurse.expected[0]) == ""


async def test_a_wrapped_key_from_before_opens_at_no_door_afterwards(
    ward: Ward,
) -> None:
    mine, before = ward.nurse.expected[-1], await ward.wrapped()
    rows = [row for row in await ward.rows() if row.patient == mine and row.tier == 2]

    async def asked(wrapped: bytes) -> str:
        named = tuple(row.sealed(ward.number).ref for row in rows)
        item = Item(mine, Tier.RECORD, wrapped, named)
        question = Disclose(
            ward.nurse.token, Purpose.DIRECT_CARE, "", Action.READ, (item,)
        )
        answer = await ward.here.door.ask_any(question)
        return answer.code if isinstance(answer, Refusal) else type(answer).__name__

    assert await asked(before[mine][1]) == Grant.__name__
    settle_at_once(ward.here)
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME, patient=mine))
    await until_finished(ward.here)
    after = (await ward.wrapped())[mine][1]
    assert await asked(before[mine][1]) == "not-this-organisation"
    assert await asked(after) == Grant.__name__
    # Who owns the database puts keys and rows of before back: nothing opens, and the
    # next rotation counts it.
    await ward.owner(
        "update record.patient set banner_key = $2, record_key = $3, sealed_key = $4"
        " where id = $1",
        mine,
        *before[mine],
    )
    assert await ward.here.reads(ward.nurse.token, mine) == "not-this-organisation"
    await rotate(ward.here, EVERYBODY)
    last = await until_finished(ward.here)
    assert last.unreadable == 1
    assert ward.said()[-1].endswith("keys of 1 patients open by none")


async def test_a_row_from_before_that_is_put_back_does_not_open_and_is_counted(
    ward: Ward,
) -> None:
    mine = ward.nurse.expected[-1]
    [then] = [
        row
        for row in await ward.rows()
        if row.patient == mine and row.version == 2 and row.body
    ]
    settle_at_once(ward.here)
    await rotate(ward.here, EVERYBODY)
    await until_finished(ward.here)
    await ward.owner(
        "update record.history set body = $2 where id = $1 and version = 2",
        then.stored_id,
        then.body,
    )
    asked = RotateKey(PATIENT, organisation=HOME, patient=mine)
    await rotate(ward.here, asked)
    last = await until_finished(ward.here)
    assert (last.rewrapped, last.unreadable) == (1, 1)
    assert "1 open by none" in ward.said()[-1]
    assert await ward.reads(mine) == "", "one row takes no other with it"


async def test_what_belongs_to_no_patient_gets_a_new_key_with_everybodys(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every body is a large one here: a portion of its own, beside the loop.
    monkeypatch.setattr(rotation_of_patients, "BYTES_AT_ONCE", 64)
    here = ward.here
    for _ in range(2):
        await ward.notes.open_ward("ward-9")
    where = (here.settings, here.layout, ward.number)
    shared = await shared_now(*where)
    old = plain_keys(here.service, ward.number, {}, shared=shared)
    await rotate(here, EVERYBODY)
    await _until_state(ward, "all wrapped anew")
    assert await ward.reads_ward("ward-9") == ""
    settle_at_once(here)
    assert (await until_finished(here)).unreadable == 0
    rows = [row for row in await ward.rows() if not row.patient]
    shared = await shared_now(*where)
    new = plain_keys(here.service, ward.number, {}, shared=shared)
    assert [row.version for row in rows] == [1, 2]
    assert all(row.opens(ward.number, new) for row in rows)
    assert not any(row.opens(ward.number, old) for row in rows)
    assert await ward.reads_ward("ward-9") == ""
    assert f" digest {digest_over(await ward.rows())}" in ward.said()[-1]


async def test_all_that_lies_under_data_keys_is_on_the_list_of_a_rotation(
    ward: Ward,
) -> None:
    held = await connect(address_for(ward.here.settings, ward.here.layout, OWNER))
    rows = await held.fetch(
        "select table_schema || '.' || table_name || '.' || column_name as found"
        "  from information_schema.columns as c"
        " where data_type = 'bytea' and table_schema not in ('warden', 'pg_catalog')"
        "   and exists (select from information_schema.tables as t"
        "                where t.table_schema = c.table_schema"
        "                  and t.table_name = c.table_name"
        "                  and t.table_type = 'BASE TABLE')"
    )
    await held.close()
    assert sorted(row["found"] for row in rows) == [
        "clinic.label.box",  # under the screen's own key
        "clinic.screen.code_hash",
        "clinic.screen.public_key",
        "clinic.screen.secret_hash",
        "record.history.body",  # by record.bodies_of
        "record.history.id",
        "record.history.present",
        "record.import_mark.source",
        "record.note_draft.note",  # an id
        "record.note_draft.seal",  # by record.boxes_beside
        "record.note_draft.wrapped_key",  # by record.boxes_beside
        "record.note_text.box",  # under the draft's own key
        "record.patient.banner_key",  # the keys themselves
        "record.patient.record_key",
        "record.patient.sealed_key",
        "record.resource.body",  # by record.bodies_of
        "record.resource.id",
        "record.resource.present",
        "record.shared_key.wrapped_key",
        "stock.entry.before_digest",  # sealed by nothing: hashes that are compared
        "stock.entry.digest",
        "stock.schedule.medicine",
    ], "what is sealed under a data key goes into record.boxes_beside"


async def test_readers_writers_and_an_import_go_on_while_every_key_is_replaced(
    ward: Ward,
) -> None:
    settle_at_once(ward.here)
    level = ward.here.service.rotator.of_patients
    level.settle_seconds = 0.3
    reading = asyncio.create_task(_keep_reading(ward))
    writing = asyncio.create_task(_keep_writing(ward))
    for _ in range(3):
        await rotate(ward.here, EVERYBODY)
        last = await until_finished(ward.here)
        assert (last.rewrapped >= PATIENTS, last.unreadable) == (True, 0)
    reading.cancel()
    writing.cancel()
    answers, written = await reading, await writing
    assert len(answers) > 10
    assert written > 10
    assert set(answers) == {""}, "no read was refused or failed"
    new = await ward.plain()
    rows = await ward.rows()
    assert len({row.patient for row in rows}) > PATIENTS, "new patients came meanwhile"
    assert all(row.opens(ward.number, new) for row in rows if row.body)


async def _keep_reading(ward: Ward) -> list[str]:
    answers: list[str] = []
    try:
        while True:
            answers.extend([await ward.reads(one) for one in ward.nurse.expected])
    except asyncio.CancelledError:
        return answers


async def _keep_writing(ward: Ward) -> int:
    """Next versions of what is there, and loads of new patients."""
    written = 0
    try:
        while True:
            patient = ward.nurse.expected[written % 10]
            await asyncio.shield(
                ward.notes.put(patient, f"pulse-{patient}", 60 + written % 40)
            )
            if written % 10 == 0:
                await asyncio.shield(ward.notes.register(f"new-{written:04d}"))
                await asyncio.shield(ward.notes.open_ward("ward-9"))
            written += 1
    except asyncio.CancelledError:
        return written


class SlowWriter(Writer):
    """One that has its keys, and stops before it stores what it sealed."""

    def __init__(
        self, ward: Ward, *, seconds: float = 0, is_load: bool = False
    ) -> None:
        here = ward.here
        warden = here.operator if is_load else here.door
        super().__init__(here.database, warden, clock=here.clock)
        self._ground, self._seconds = ward.here, seconds
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self.prepared = 0

    async def _prepare(self, *asked: Any) -> Any:
        ready = await super()._prepare(*asked)
        self.prepared += 1
        if self.prepared == 1:
            self._ground.clock.move(timedelta(seconds=self._seconds))
            self.reached.set()
            await self.go.wait()
        return ready


async def test_what_a_slow_writer_seals_by_the_old_key_is_sealed_anew_before_the_end(
    ward: Ward,
) -> None:
    mine = ward.nurse.expected[-1]
    ward.notes.writer = slow = SlowWriter(ward)
    writing = asyncio.create_task(ward.notes.put(mine, f"pulse-{mine}", 99))
    await slow.reached.wait()
    old = plain_keys(ward.here.service, ward.number, await ward.wrapped())
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME, patient=mine))
    await _until_state(ward, "all wrapped anew")
    slow.go.set()
    await writing
    late = await _newest(ward, mine)
    assert late.opens(ward.number, old), "it was sealed by the key from before"
    assert await ward.reads(mine) == ""
    settle_at_once(ward.here)
    assert (await until_finished(ward.here)).unreadable == 0
    late = await _newest(ward, mine)
    assert not late.opens(ward.number, old)
    assert await ward.reads(mine) == ""


async def test_what_comes_by_keys_of_before_between_the_last_pass_and_the_proof_is_met(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ward.notes.open_ward("ward-9")
    level = ward.here.service.rotator.of_patients
    prove, slow, writing = level.prove, [], []
    proofs: list[int] = []
    for act in (ward.notes.open_ward("ward-9"), ward.notes.register("late")):
        ward.notes.loader = writer = SlowWriter(ward, is_load=True)
        writing.append(asyncio.create_task(act))
        await writer.reached.wait()
        slow.append(writer)

    async def late(rotation: Rotation, last: Passed) -> str:
        for one in slow:
            one.go.set()
        await asyncio.gather(*writing)
        proofs.append(len(ward.said("prove-key-rotation")))
        return await prove(rotation, last)

    monkeypatch.setattr(level, "prove", late)
    settle_at_once(ward.here)
    await rotate(ward.here, EVERYBODY)
    last = await until_finished(ward.here)
    assert proofs == [0, 0], "the first one ended before any old key was destroyed"
    assert (last.rewrapped, last.unreadable) == (PATIENTS + 2, 0)
    new, rows = await ward.plain(), await ward.rows()
    assert all(row.opens(ward.number, new) for row in rows if row.body)
    assert {("late", 1), ("", 2)} <= {(row.patient, row.version) for row in rows}


async def test_a_writer_that_took_too_long_asks_for_keys_again(ward: Ward) -> None:
    mine = ward.nurse.expected[-1]
    ward.notes.writer = slow = SlowWriter(ward, seconds=KEYS_SERVE_SECONDS + 1)
    slow.go.set()
    await ward.notes.put(mine, f"pulse-{mine}", 99)
    assert slow.prepared == 2
    assert ward.here.service.rotator.of_patients.settle_seconds > 5 * KEYS_SERVE_SECONDS


async def _newest(ward: Ward, patient: str) -> Row:
    rows = [row for row in await ward.rows() if row.patient == patient]
    return next(row for row in rows if row.version == 4)


async def _until_state(ward: Ward, words: str) -> None:
    async with asyncio.timeout(30):
        while not (await keys_of(ward.here)).rotations[0].state.startswith(words):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_who_holds_a_patient_by_a_write_keeps_the_old_key_and_holds_up_no_other(
    ward: Ward,
) -> None:
    mine = ward.nurse.expected[-1]
    before = await ward.wrapped()
    held = await connect(address_for(ward.here.settings, ward.here.layout, WEB))
    await held.serve(OrganisationId(ward.number))
    settle_at_once(ward.here)
    async with held.transaction():
        await held.execute(
            "update record.resource set version = version + 1, body = body"
            " where id = $1",
            stored_id(f"pulse-{mine}"),
        )
        await rotate(ward.here, EVERYBODY)
        await _until_proved(ward, PATIENTS - 1)
        now = await ward.wrapped()
        sizes = {one: len(columns[1]) for one, columns in now.items()}
        assert sizes.pop(mine) == len(before[mine][1]) + BOX_BYTES, "both keys"
        assert set(sizes.values()) == {BOX_BYTES}, "the new key alone"
    await held.close()
    last = await until_finished(ward.here)
    # The version that it wrote has a body that was sealed for another version.
    assert (last.rewrapped, last.unreadable) == (PATIENTS, 1)


async def _until_proved(ward: Ward, patients: int) -> None:
    async with asyncio.timeout(30):
        while True:
            said = ward.said("prove-key-rotation")
            if said and f" {patients} patients," in said[-1]:
                return
            await asyncio.sleep(0.05)


async def test_an_erasure_in_the_middle_takes_both_keys_with_it(ward: Ward) -> None:
    mine = ward.nurse.expected[-1]
    await rotate(ward.here, EVERYBODY)
    await _until_state(ward, "all wrapped anew")
    held = await connect(address_for(ward.here.settings, ward.here.layout, WARDEN))
    await held.execute("select record.erase_patient($1, $2)", ward.number, mine)
    await held.close()
    settle_at_once(ward.here)
    assert (await until_finished(ward.here)).unreadable == 0
    assert (await ward.wrapped())[mine] == (b"", b"", b"")
    assert not [row for row in await ward.rows() if row.patient == mine]
    answer = await ward.here.operator.ask_any(
        RotateKey(PATIENT, organisation=HOME, patient=mine)
    )
    assert isinstance(answer, Refusal)
    assert answer.code == "no-such-patient"


async def test_the_organisations_key_and_its_patients_are_replaced_at_once(
    ward: Ward,
) -> None:
    settle_at_once(ward.here)
    for _ in range(3):
        await rotate(ward.here, EVERYBODY)
        await rotate(ward.here, RotateKey(ORGANISATION, organisation=HOME))
        await until_finished(ward.here)
    assert all(one.unreadable == 0 for one in (await keys_of(ward.here)).rotations)
    new = plain_keys(ward.here.service, ward.number, await ward.wrapped())
    rows = await ward.rows()
    assert all(row.opens(ward.number, new) for row in rows if row.body)


async def test_nobody_but_the_owners_functions_changes_a_version_in_its_place(
    ward: Ward,
) -> None:
    for role in (WEB, WORKER, WARDEN):
        held = await connect(address_for(ward.here.settings, ward.here.layout, role))
        await held.serve(OrganisationId(ward.number))
        with pytest.raises(DatabaseRefusedError):
            await held.execute("update record.resource set body = 'x'")
        with pytest.raises(DatabaseRefusedError):
            await held.execute("update record.history set body = 'x'")
        if role != WARDEN:
            with pytest.raises(DatabaseRefusedError):
                await held.execute(
                    "select record.reseal($1, 1, '{}', '{}', '{}', '{}', '{}')",
                    ward.number,
                )
        await held.close()


async def test_no_old_data_key_is_destroyed_that_the_ledger_does_not_tell_of(
    ward: Ward,
) -> None:
    mine = ward.nurse.expected[-1]
    asked = RotateKey(PATIENT, organisation=HOME, patient=mine)
    folder = ward.here.layout.ledger
    size = max(one.stat().st_size for one in folder.glob("*.ledger"))
    with full_at(size):
        answer = await ward.here.operator.ask_any(asked)
    assert isinstance(answer, Refusal)
    assert answer.code == "ledger-cannot-write"
    await rotate(ward.here, asked)
    await _until_state(ward, "all wrapped anew")
    two = await ward.wrapped()
    size = max(one.stat().st_size for one in folder.glob("*.ledger"))
    with full_at(size):
        settle_at_once(ward.here)
        await _until_state(ward, "waits and tries again: the ledger cannot")
    assert await ward.wrapped() == two, "both keys are there"
    await ward.here.operator.ask_any(ResumeRotation())
    await until_finished(ward.here)
    assert len((await ward.wrapped())[mine][1]) == BOX_BYTES


async def test_one_patients_keys_and_everybodys_are_not_replaced_at_once(
    ward: Ward,
) -> None:
    one, other = ward.nurse.expected[:2]
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME, patient=one))
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME, patient=other))
    for asked, code in (
        (EVERYBODY, "already-there"),
        (RotateKey(PATIENT, organisation=HOME, patient=one), "already-there"),
        (RotateKey(PATIENT, organisation=HOME, patient="x"), "no-such-patient"),
        (RotateKey(PATIENT, organisation="gone"), "no-such-organisation"),
    ):
        answer = await ward.here.operator.ask_any(asked)
        assert isinstance(answer, Refusal), answer
        assert answer.code == code
    at_the_door = await ward.here.door.ask_any(EVERYBODY)
    assert isinstance(at_the_door, Refusal), "who has the web process asks in vain"
    settle_at_once(ward.here)
    await until_finished(ward.here)
    assert {await ward.reads(patient) for patient in (one, other)} == {""}
