# SPDX-License-Identifier: Apache-2.0
"""The proving ground: a whole installation of its own, with synthetic people.

A real database, warden, ledger and store in a folder that goes away. The clock is the
machine's, moved on where a drill takes weeks. Attackers read through the store, as a
web process that was taken over could, so that what counts as reached was in the clear.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.serving import embedded_database
from wardkeep.assembly.warden_process import warden_running
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.base.nhs_number import SYSTEM, numbers_of_test_range
from wardkeep.base.settings import Settings
from wardkeep.crypto.software_authenticator import SoftwareAuthenticator
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.confirming import Act, BeginConfirm, FinishConfirm
from wardkeep.disclosure.containment import (
    BeginProve,
    BreakGlass,
    Containment,
    FinishProve,
    FreezeNow,
    ReadContainment,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    AddRelationships,
    BeginEnrolment,
    BeginImport,
    BeginSignIn,
    CreateAccount,
    CreateOrganisation,
    Disclose,
    FinishEnrolment,
    FinishSignIn,
    ForWork,
    Invite,
    Item,
    SaidTie,
    SetWork,
)
from wardkeep.fhir.home.way_in import WayIn, way_in_resource
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Opened, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.warden.freezes import ACCOUNT
from wardkeep.warden.service.service import WardenService

HOME, ELSEWHERE = "fernhill", "larkspur"
SURNAME = "Quillfeather"
"""Of everybody here: nobody real has it, and a search of a dump would find it."""
HOME_CODE = "C4821Y"
"""Of every key safe here."""
NHS_NUMBERS = tuple(islice(numbers_of_test_range(), 1_000))
"""Of the patients here, in turn; a thief who knows them looks for each."""
PLANTED = 6
"""Values of each patient here: number, two names, a line, a city, a birth date."""
_NO_VALUES = frozenset({"resourceType", "id", "meta", "system"})
_CONNECTIONS = 4
_A_BUNDLE = 500
_A_WEEK = 7 * 24 * 3600 * 1_000_000
A = TypeVar("A")


class MovedClock(SystemClock):
    """The machine's clock, moved on by as much as a drill says."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def monotonic_seconds(self) -> float:
        return super().monotonic_seconds() + self._ahead.total_seconds()

    def move(self, by: timedelta) -> None:
        self._ahead += by


class Person(msgspec.Struct, kw_only=True):
    """Somebody of the drill: an account, a session, and the passkey beside it."""

    account: str
    token: str
    key: SoftwareAuthenticator
    expected: tuple[str, ...] = ()


class DrillBrokenError(Exception):
    """The ground could not be made ready; that is no result of a drill."""


class Ground:
    """What drills stand on."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        *,
        clock: MovedClock,
        service: WardenService,
    ) -> None:
        self.settings = settings
        self.layout = layout
        self.clock = clock
        self.service = service
        self.door = WardenClient(layout.door_socket, asker="drill")
        self.operator = WardenClient(layout.operator_socket, asker="drill operator")
        self.database = Database(address_for(settings, layout, WEB), size=_CONNECTIONS)
        self.reader = Reader(self.database, self.door)
        self._given = 0
        self.numbers: dict[str, int] = {}
        self.values: dict[str, int] = {}
        """Of each patient who was read, or whose key was given: how many values."""
        self.patients: dict[str, tuple[str, ...]] = {}

    async def close(self) -> None:
        await self.door.close()
        await self.operator.close()
        await self.database.close()

    async def fill(self, organisation: str, patients: int, folder: Path) -> None:
        """An organisation with so many synthetic patients."""
        made = await self.operator.ask(
            CreateOrganisation(organisation, organisation.title()), Created
        )
        self.numbers[organisation] = int(_must(made, Created).id)
        named = tuple(f"{organisation}-{n:06d}" for n in range(patients))
        for start in range(0, patients, _A_BUNDLE):
            _write(folder, organisation, named, start)
        report = await load_paths(
            self.settings,
            self.layout,
            paths=[folder],
            organisation=organisation,
            show=lambda **_: None,
        )
        if report.resources != patients:
            message = f"{report.resources} of {patients} patients were loaded"
            raise DrillBrokenError(message)
        self.patients[organisation] = named

    async def person(
        self, role: str, *, expects: int = 0, organisation: str = HOME
    ) -> Person:
        """Somebody new, signed in; `expects` patients whom the work explains."""
        asked = CreateAccount(organisation, f"Drill {role}", role)
        account = _must(await self.operator.ask(asked, Created), Created).id
        invite = Invite(account=account, valid_hours=1)
        secret = _must(await self.operator.ask(invite, Created), Created).id
        key = SoftwareAuthenticator(origin=self.settings.public_origin)
        options = await self.door.ask(BeginEnrolment(secret), CeremonyOptions)
        response = key.register(_must(options, CeremonyOptions).options)
        entered = await self.door.ask(
            FinishEnrolment(secret, response, "Drill key", "drill"), SignedIn
        )
        mine = self._some(organisation, expects)
        if mine:
            pairs = tuple((account, one, "ward") for one in mine)
            await self.operator.ask(AddRelationships(organisation, pairs), Done)
        return Person(
            account=account,
            token=_must(entered, SignedIn).token,
            key=key,
            expected=mine,
        )

    def _some(self, organisation: str, many: int) -> tuple[str, ...]:
        """The next ones from the end: nobody is expected by two."""
        if not many:
            return ()
        everybody = self.patients.get(organisation, ())
        last = len(everybody) - self._given
        if many > last:
            message = f"{many} patients more are needed than there are"
            raise DrillBrokenError(message)
        self._given += many
        return everybody[last - many : last]

    async def sign_in(self, key: SoftwareAuthenticator) -> SignedIn | Refusal:
        options = await self.door.ask(BeginSignIn(), CeremonyOptions)
        response = key.sign_in(_must(options, CeremonyOptions).options)
        return await self.door.ask(FinishSignIn(response, "drill"), SignedIn)

    async def prove(self, who: Person) -> Answer:
        """The owner's finger on the passkey."""
        options = await self.door.ask(BeginProve(who.token), CeremonyOptions)
        if isinstance(options, Refusal):
            return options
        response = who.key.sign_in(options.options)
        return await self.door.ask_any(FinishProve(who.token, response))

    async def breaks_glass(self, who: Person, patient: str) -> str:
        """The same finger, for the glass; the refusal's code, or nothing."""
        return await self.confirms(who, BreakGlass(patient, "life"))

    async def confirms(self, who: Person, act: Act) -> str:
        """The same for any act."""
        options = await self.door.ask(BeginConfirm(who.token, act), CeremonyOptions)
        if isinstance(options, Refusal):
            return options.code
        response = who.key.sign_in(options.options)
        said = await self.door.ask(FinishConfirm(who.token, act, response), Done)
        return said.code if isinstance(said, Refusal) else ""

    async def alarms_about(self, account: str, officer: Person) -> set[str]:
        """Kinds of what waits on the security desk about somebody, as it is now."""
        answer = await self.door.ask(ReadContainment(officer.token), Containment)
        waiting = _must(answer, Containment).alarms
        return {one.kind for one in waiting if one.account == account}

    async def freeze(self, account: str, officer: Person) -> None:
        asked = FreezeNow(officer.token, ACCOUNT, account, "glass, again and again")
        _must(await self.door.ask(asked, Done), Done)

    async def set_ways_in(self, patients: Sequence[str]) -> None:
        """Give each of them a key safe, as an import does."""
        asked = BeginImport(HOME)
        token = _must(await self.operator.ask(asked, SignedIn), SignedIn).token
        writer = Writer(self.database, self.operator, clock=self.clock)
        opener = Opener(
            session=token,
            organisation=OrganisationId(self.numbers[HOME]),
            purpose=Purpose.IMPORT,
        )
        for patient in patients:
            way_in = WayIn(kind="key-safe", code=HOME_CODE)
            made = way_in_resource(
                way_in,
                patient=patient,
                id_=f"way-{patient}",
                created=self.clock.now().date(),
            )
            change = Change(drafts=[draft_of(made, f"way-{patient}")], expected=[0])
            if not isinstance(await writer.write(change, opener=opener), Written):
                message = "a way in could not be set"
                raise DrillBrokenError(message)

    async def plan_visit(self, who: Person, patient: str, *, starts: datetime) -> None:
        """Twenty minutes, as whoever plans them writes it."""
        ends = starts + timedelta(minutes=20)
        times = (microseconds_since_epoch(starts), microseconds_since_epoch(ends))
        pairs = ((who.account, patient, "visit"),)
        await self.operator.ask(AddRelationships(HOME, pairs, (times,)), Done)

    async def reads_way_in(self, token: str, patient: str) -> str:
        """Read the code of a home; the refusal's code, or nothing."""
        opener = Opener(
            session=token,
            organisation=OrganisationId(self.numbers[HOME]),
            purpose=Purpose.DIRECT_CARE,
            reason="rang about the visit at noon",
        )
        found = await self.reader.one("Basic", f"way-{patient}", opener=opener)
        if isinstance(found, Refusal):
            return found.code
        is_clear = isinstance(found, Opened) and HOME_CODE.encode() in (
            found.resources[0].text
        )
        return "" if is_clear else "not-in-the-clear"

    async def lists(self, token: str, patients: Sequence[str]) -> bool:
        """Ask for people as a search's list does, twenty at most; whether it came."""
        if await self.asks_at_once(token, patients, Action.FIND):
            return False
        self.values |= dict.fromkeys(patients, PLANTED)
        return True

    async def asks_at_once(
        self, token: str, patients: Sequence[str], action: Action
    ) -> str:
        """One question for many: who they are, or their records where it is no list.

        As a web process asks that was taken over; the refusal's code, or nothing.
        """
        number = OrganisationId(self.numbers[HOME])
        async with self.database.connection(number) as connection:
            rows = await connection.fetch(
                "select id, banner_key, record_key from record.patient"
                " where id = any($1)",
                list(patients),
            )
        is_list = action is Action.FIND
        tier = Tier.BANNER if is_list else Tier.RECORD
        wrapped = "banner_key" if is_list else "record_key"
        items = tuple(
            Item(one["id"], tier, one[wrapped], (("Patient", one["id"], 1),))
            for one in rows
        )
        reason = "" if is_list else "rang about results from Tuesday"
        asked = Disclose(token, Purpose.DIRECT_CARE, reason, action, items)
        answer = await self.door.ask_any(asked)
        return answer.code if isinstance(answer, Refusal) else ""

    async def known_as(self, who: Person) -> str:
        """The practitioner that the record calls somebody by, from now on."""
        reference = f"Practitioner/{who.account}"
        asked = SetWork(HOME, ((who.account, (reference,)),))
        _must(await self.operator.ask(asked, Done), Done)
        return reference

    async def forges(self, token: str, patient: str, who: Sequence[str]) -> bool:
        """Ask for keys to write an appointment of a patient with these practitioners.

        As a web process does it that writes what it likes; whether they came.
        """
        number = OrganisationId(self.numbers[HOME])
        async with self.database.connection(number) as connection:
            wrapped = await connection.fetch_value(
                "select record_key from record.patient where id = $1", patient
            )
        named = f"forged-{patient}"
        item = Item(patient, Tier.RECORD, wrapped, (("Appointment", named, 1),))
        now = microseconds_since_epoch(self.clock.now())
        ties = tuple(
            SaidTie("Appointment", named, one, "appointment", now, now + _A_WEEK)
            for one in who
        )
        asked = Disclose(
            token,
            Purpose.DIRECT_CARE,
            "rang about an appointment",
            Action.WRITE,
            (item,),
        )
        given = await self.door.ask_any(ForWork(asked, ties))
        return not isinstance(given, Refusal)

    async def reads(self, token: str, patient: str, *, organisation: str = HOME) -> str:
        """Read a patient's name and address; the refusal's code, or nothing."""
        opener = Opener(
            session=token,
            organisation=OrganisationId(self.numbers[organisation]),
            purpose=Purpose.DIRECT_CARE,
            reason="rang about results from Tuesday",
        )
        found = await self.reader.one("Patient", patient, opener=opener)
        if isinstance(found, Refusal):
            return found.code
        text = found.resources[0].text if isinstance(found, Opened) else b""
        if SURNAME.encode() not in text:
            return "not-in-the-clear"
        self.values[patient] = values_in(text)
        return ""


def values_in(text: bytes) -> int:
    """How many values about a person a resource has: names, numbers, lines, dates."""
    return _values(msgspec.json.decode(text))


def _values(part: object) -> int:
    if isinstance(part, dict):
        return sum(_values(one) for name, one in part.items() if name not in _NO_VALUES)
    if isinstance(part, list):
        return sum(_values(one) for one in part)
    return 1


def _must(answer: object, kind: type[A]) -> A:
    if isinstance(answer, Refusal) or not isinstance(answer, kind):
        message = f"the ground is not ready: {answer}"
        raise DrillBrokenError(message)
    return answer


def _write(folder: Path, organisation: str, named: Sequence[str], start: int) -> None:
    entries = [
        {"resource": _patient(id_, start + n)}
        for n, id_ in enumerate(named[start : start + _A_BUNDLE])
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    path = folder / f"{organisation}-{start}.json"
    path.write_bytes(msgspec.json.encode(bundle))


def _patient(id_: str, number: int) -> dict[str, object]:
    nhs_number = NHS_NUMBERS[number % len(NHS_NUMBERS)]
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": nhs_number}],
        "name": [{"family": SURNAME, "given": [f"Drill{number}"]}],
        "address": [{"line": [f"{number} Nowhere Lane"], "city": "Nowhere"}],
        "birthDate": f"19{30 + number % 60}-0{1 + number % 9}-1{number % 9}",
    }


@contextlib.asynccontextmanager
async def ground(settings: Settings, *, patients: int) -> AsyncIterator[Ground]:
    """A ground of its own, in a folder that goes away with the block."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-drill-") as folder:
        own = msgspec.structs.replace(
            settings,
            data=Path(folder) / "data",
            database_url="",
            door_socket="",
            operator_socket="",
        )
        layout = Layout.of(own)
        layout.make()
        with embedded_database(own, layout):
            await asyncio.to_thread(migrate_now, own, layout)
            clock = MovedClock()
            async with warden_running(own, layout, clock=clock) as service:
                made = Ground(own, layout, clock=clock, service=service)
                try:
                    for name in (HOME, ELSEWHERE):
                        bundles = Path(folder) / name
                        bundles.mkdir()
                        await made.fill(name, patients, bundles)
                    yield made
                finally:
                    await made.close()
