# SPDX-License-Identifier: Apache-2.0
"""Replaces keys while everything goes on, and goes on after any interruption.

The old key is destroyed last: after a pass that found nothing under it and that began
when nobody could hold anything that it wraps any more, and after the ledger has that.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.crypto.signing import SigningKey
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import (
    AlreadyExistsError,
    DatabaseBusyError,
    DatabaseUnavailableError,
)
from wardkeep.disclosure.answers import Answer, Created, Done, Refusal
from wardkeep.disclosure.keys import (
    LEDGER,
    LEVELS,
    ORGANISATION,
    PATIENT,
    ROOT,
    TOKENS,
    AskKeys,
    Keys,
    NoteSplit,
    ResumeRotation,
    RotateKey,
    RotationView,
)
from wardkeep.identity import accounts
from wardkeep.ledger.log import Ledger
from wardkeep.warden import rotations
from wardkeep.warden.data_keys import begin_generation, floors, wrapped_keys_of
from wardkeep.warden.destroyed_keys import DestroyedKey, DestroyedKeys
from wardkeep.warden.floors_file import FloorsFile
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.resealing import TypeName
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.root_key_ring import RootKeyRing
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.rotation_ends import ENDED, RotationEnds
from wardkeep.warden.service.rotation_levels import (
    LedgerAwayError,
    Level,
    OrganisationLevel,
    Passed,
    RootLevel,
)
from wardkeep.warden.service.rotation_of_patients import (
    OlderKeysError,
    PatientsLevel,
)
from wardkeep.warden.service.rotation_of_tokens import OlderTokensError, TokensLevel
from wardkeep.warden.service.said import LEDGER_CANNOT_WRITE
from wardkeep.warden.service.trace import Trace

AGAIN_SECONDS = 5.0
"""After something was away: the database, a device, the ledger's disk."""
NEWEST = 20
log = logging.getLogger(__name__)

_NO_LEVEL = Refusal(
    code="no-such-level",
    why="There is no such level of keys.",
    mend=f"Choose one of: {', '.join(LEVELS)}.",
)
_NO_ORGANISATION = Refusal(
    code="no-such-organisation",
    why="There is no organisation of that name.",
    mend="Give its short name: wardkeep key rotate --help",
)
_NO_PATIENT = Refusal(
    code="no-such-patient",
    why="The organisation has no patient of that id with keys.",
    mend="Give the record's FHIR id; what was erased has no keys any more.",
)
_UNDER_WAY = Refusal(
    code="already-there",
    why="A rotation of this key is under way.",
    mend="See how far it is: wardkeep key status",
)
_OF_ORGANISATION = {ORGANISATION: "organisation key", TOKENS: "search-token key"}
_AGAIN = (LedgerAwayError, OlderKeysError, OlderTokensError)
_AWAY = (
    DatabaseBusyError,
    DatabaseUnavailableError,
    RootKeyUnavailableError,
)


class KeyFile(Protocol):
    """Where the ledger's signing key is kept."""

    def prepare(self, key: SigningKey) -> None:
        """Have a new one beside it, before it is announced."""
        ...

    def adopt(self) -> None:
        """Keep the new one in its place."""
        ...


class Progress(msgspec.Struct, kw_only=True):
    """How far one rotation is."""

    rotation: Rotation
    done: int = 0
    total: int = 0
    state: str = "begins"

    def tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class Rotator:
    """Answers the operator about keys, and does what was asked for."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        keystore: KeyStore,
        ring: RootKeyRing,
        ledger: Ledger,
        signing_key_file: KeyFile,
        type_name: TypeName,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keystore = keystore
        self._ring = ring
        self._ledger = ledger
        self._signing_key_file = signing_key_file
        self._trace = trace
        self._clock = clock
        self._ends = RotationEnds(ledger, trace)
        self.root = RootLevel(database, ring)
        self._destroyed = destroyed = DestroyedKeys(ring.folder)
        self.of_organisation = OrganisationLevel(
            database, ring, keystore, destroyed=destroyed
        )
        self.of_tokens = TokensLevel(
            database, ring, keystore, destroyed=destroyed, clock=clock
        )
        self._floors_file = FloorsFile(ring.folder)
        self.of_patients = PatientsLevel(
            database,
            keystore,
            trace,
            type_name=type_name,
            floors_file=self._floors_file,
            written=self._is_written,
        )
        self._written: Written = _not_yet
        self._under_way: dict[str, Progress] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._again = asyncio.Event()
        self._changing_signer = asyncio.Lock()
        self._beginning = asyncio.Lock()
        self.desk = Desk(
            later={
                AskKeys: self._ask,
                RotateKey: self._rotate,
                ResumeRotation: self._resume,
                NoteSplit: self._note_split,
            }
        )

    async def resume(self, written: Written) -> None:
        """Go on with what an end of the warden interrupted."""
        self._written = written
        for number, level in self._back():
            # A restored backup, or somebody put it back: the ledger has it either way.
            said = f"the {level} key in use was destroyed once"
            self._trace.of_operator(
                "met-destroyed-key", organisation=number, reason=said
            )
        await self._start_unfinished()

    async def _start_unfinished(self) -> None:
        async with self._database.connection() as connection:
            found = await rotations.unfinished(connection)
            is_known = any(one.level == ROOT for one in found)
            if self._ring.record.older and not is_known:
                # The record was written, and the row of it was not any more.
                found.append(await self._begin_row(connection, ROOT, 0))
        for one in found:
            if one.id not in self._under_way:
                self._start(one)

    async def close(self) -> None:
        """Stop; the next start goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Questions ---------------------------------------------------------------

    async def _ask(self, _: AskKeys) -> Answer:
        fault = ""
        try:
            await asyncio.to_thread(self._ring.check)
        except RootKeyUnavailableError as error:
            fault = str(error)
        async with self._database.connection() as connection:
            found = await rotations.newest(connection, at_most=NEWEST)
            slugs = await _slugs(connection)
            behind = self._floors_file.behind(await floors(connection))
        views = [self._view(one, slugs.get(one.organisation, "")) for one in found]
        return Keys(
            root_key=self._ring.identity,
            older_root_key=self._ring.older_identity,
            fault=fault,
            rotations=tuple(views),
            behind=tuple(slugs.get(one, str(one)) for one in behind),
            back=tuple((slugs.get(one, ""), level) for one, level in self._back()),
        )

    def _back(self) -> Iterator[tuple[int, str]]:
        """Keys in use that were destroyed once, as (organisation, level)."""
        for one in self._keystore.organisations:
            for level, fingerprint in (
                (ORGANISATION, self._keystore.fingerprint(one)),
                (TOKENS, self._keystore.tokens_of(one).fingerprint),
            ):
                if self._destroyed.has(DestroyedKey(one, level, fingerprint)):
                    yield one, level

    def _view(self, one: Rotation, slug: str) -> RotationView:
        progress = self._under_way.get(one.id)
        state = progress.state if progress else "waits for wardkeep key resume"
        return RotationView(
            id=one.id,
            level=one.level,
            organisation=slug,
            began_at=microseconds_since_epoch(one.began_at),
            rewrapped=one.rewrapped,
            done=progress.done if progress else one.rewrapped,
            total=progress.total if progress else one.rewrapped,
            state="finished" if one.finished_at else state,
            is_finished=one.finished_at is not None,
            unreadable=one.unreadable,
            patient=one.patient,
        )

    async def _rotate(self, asked: RotateKey) -> Answer:
        try:
            if asked.level == ROOT:
                return await self._rotate_root(asked)
            if asked.level in _OF_ORGANISATION:
                return await self._rotate_organisation(asked)
            if asked.level == PATIENT:
                async with self._beginning:
                    return await self._rotate_data_keys(asked)
            if asked.level == LEDGER:
                return await self._rotate_ledger()
        except AlreadyExistsError:
            return _UNDER_WAY
        except RootKeyUnavailableError as error:
            return Refusal(
                code="root-key",
                why=str(error),
                mend="Nothing was changed: the key in use is the one before.",
            )
        return _NO_LEVEL

    async def _rotate_root(self, asked: RotateKey) -> Answer:
        address = asked.to or _next_address(
            self._ring.record.current, self._clock.now()
        )
        if not await self._is_noted(0, f"{self._ring.identity} to {address}"):
            return LEDGER_CANNOT_WRITE
        async with self._database.transaction() as connection:
            rotation = await self._begin_row(connection, ROOT, 0)
            await asyncio.to_thread(
                self._ring.turn_to,
                address,
                keeps_older=asked.keeps_older,
                secret=asked.secret,
            )
        self._start(rotation)
        return Created(rotation.id)

    async def _rotate_organisation(self, asked: RotateKey) -> Answer:
        async with self._database.connection() as connection:
            row = await accounts.find_organisation(connection, asked.organisation)
        if row is None:
            return _NO_ORGANISATION
        if not await self._is_noted(row.number, _OF_ORGANISATION[asked.level]):
            return LEDGER_CANNOT_WRITE
        level = self.of_tokens if asked.level == TOKENS else self.of_organisation
        async with self._database.transaction() as connection:
            rotation = await rotations.begin(
                connection,
                level=asked.level,
                organisation=row.number,
                at=self._clock.now(),
                generation=await level.turn(connection, row.number),
            )
        self._start(rotation)
        return Created(rotation.id)

    async def _rotate_data_keys(self, asked: RotateKey) -> Answer:
        """Of one patient or of all; never both at once, nor two of one patient."""
        async with self._database.connection() as connection:
            row = await accounts.find_organisation(connection, asked.organisation)
            if row is None:
                return _NO_ORGANISATION
            named = (row.number, asked.patient)
            if asked.patient and not await wrapped_keys_of(connection, *named):
                return _NO_PATIENT
            for other in await rotations.unfinished(connection):
                is_here = (other.level, other.organisation) == (PATIENT, row.number)
                if is_here and not (other.patient and asked.patient):
                    return _UNDER_WAY
        said = f"data keys of {asked.patient or 'every patient'}"
        if not await self._is_noted(row.number, said):
            return LEDGER_CANNOT_WRITE
        async with self._database.transaction() as connection:
            generation = await begin_generation(
                connection, row.number, now_seconds=int(self._clock.now().timestamp())
            )
            rotation = await rotations.begin(
                connection,
                level=PATIENT,
                organisation=row.number,
                at=self._clock.now(),
                patient=asked.patient,
                generation=generation,
            )
        self._start(rotation)
        return Created(rotation.id)

    async def _rotate_ledger(self) -> Answer:
        """The ledger itself says in an entry which key signs it from now on."""
        new = SigningKey.generate()
        name = new.verify_key.public_bytes.hex()
        if not await self._is_noted(0, f"ledger key: to {name}"):
            return LEDGER_CANNOT_WRITE
        # One at a time: there is one place for a key that is not announced yet.
        async with self._changing_signer:
            await asyncio.to_thread(self._change_signing_key, new)
        self._trace.of_operator(ENDED, reason=f"ledger key: {name} signs")
        return Created(name)

    def _change_signing_key(self, new: SigningKey) -> None:
        """Each step on the disk before the next; a start finishes what was begun."""
        self._signing_key_file.prepare(new)
        self._ledger.change_key(new)
        self._signing_key_file.adopt()

    async def _begin_row(
        self, connection: Connection, level: str, organisation: int
    ) -> Rotation:
        return await rotations.begin(
            connection, level=level, organisation=organisation, at=self._clock.now()
        )

    async def _resume(self, _: ResumeRotation) -> Answer:
        await self._start_unfinished()
        self._again.set()
        return Done()

    async def _note_split(self, asked: NoteSplit) -> Answer:
        said = f"{asked.shares} shares of {self._ring.identity}; {asked.threshold} open"
        self._trace.of_operator("split-root-key", reason=said)
        return Done()

    # The work ----------------------------------------------------------------

    def _start(self, rotation: Rotation) -> None:
        progress = Progress(rotation=rotation)
        self._under_way[rotation.id] = progress
        task = asyncio.get_running_loop().create_task(self._run(progress))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, progress: Progress) -> None:
        while True:
            try:
                await self._turn(progress)
            except (*_AWAY, *_AGAIN) as error:
                words = str(error) or type(error).__name__
                progress.state = f"waits and tries again: {words}"
            except Exception as error:
                progress.state = f"waits and tries again: {type(error).__name__}"
                log.exception("a rotation was interrupted: %s", type(error).__name__)
            else:
                self._under_way.pop(progress.rotation.id, None)
                return
            await self._pause(AGAIN_SECONDS)

    async def _turn(self, progress: Progress) -> None:
        """Passes until one finds nothing, long enough after the last that did."""
        rotation = progress.rotation
        level = self._level(rotation)
        await level.prepare(rotation)
        quiet_since = self._clock.monotonic_seconds()
        while True:
            progress.state = "wraps anew"
            began = self._clock.monotonic_seconds()
            passed = await level.turn_all(rotation, progress.tell)
            if passed.rewrapped or passed.is_further:
                await self._count(progress, passed)
                quiet_since = self._clock.monotonic_seconds()
            elif began - quiet_since >= level.settle_seconds:
                break
            left = quiet_since + level.settle_seconds - self._clock.monotonic_seconds()
            if left > 0:
                minutes = max(1, round(left / 60))
                progress.state = f"all wrapped anew; goes on in {minutes} min"
                await self._pause(left)
        await self._end(progress, level, passed)

    def _level(self, rotation: Rotation) -> Level:
        if rotation.level == PATIENT:
            return self.of_patients
        if rotation.level == TOKENS:
            return self.of_tokens
        return self.root if rotation.level == ROOT else self.of_organisation

    async def _end(self, progress: Progress, level: Level, passed: Passed) -> None:
        """First the ledger, then the old key, then the row that says so."""
        rotation = progress.rotation
        progress.state = "proves it"
        said = await level.prove(rotation, passed)
        async with self._database.connection() as connection:
            await self._ends.say(connection, rotation, said)
        if not await self._written():
            raise LedgerAwayError
        await level.retire(rotation, passed)
        async with self._database.connection() as connection:
            await rotations.finish(
                connection,
                rotation.id,
                unreadable=passed.unreadable,
                at=self._clock.now(),
            )

    async def _count(self, progress: Progress, passed: Passed) -> None:
        async with self._database.connection() as connection:
            await rotations.note_progress(
                connection, progress.rotation.id, rewrapped=passed.rewrapped
            )

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until somebody asks to go on now."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()
        self._again.clear()

    async def _is_written(self) -> bool:
        return await self._written()

    async def _is_noted(self, organisation: int, said: str) -> bool:
        """Whether the ledger has it that a rotation begins; else nothing is begun."""
        self._trace.of_operator(
            "begin-key-rotation", organisation=organisation, reason=said[:200]
        )
        return await self._written()


def _next_address(current: str, now: datetime) -> str:
    """Where a new root key of the same kind is made.

    Raises:
        RootKeyUnavailableError: it has to be named.
    """
    scheme = current.partition(":")[0]
    if scheme in {"file", "passphrase"}:
        return f"{scheme}:root-{now:%Y%m%dT%H%M%S}.key"
    message = "Name the new root key with --to; it is no file."
    raise RootKeyUnavailableError(message)


async def _slugs(connection: Connection) -> dict[int, str]:
    found = await accounts.organisations(connection)
    return {one.number: one.slug for one in found}


async def _not_yet() -> bool:
    return False
