# SPDX-License-Identifier: Apache-2.0
"""A warden whose door is opened by chance, and that may die at any moment.

The door, its ledger, its batch and what a start counts again are the product's; there
is no socket and no database alone. What went out is counted in tally.py.
"""

import asyncio
import contextlib
import enum
import functools
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from support.ledgers import KEY, ORIGIN, full_at
from support.tally import BY_APP, DEEDS, SCREENS, Given, Kind, Run, Tally
from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.aead import new_key
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import Database
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import Answer, Done, Grant, Refusal
from wardkeep.disclosure.containment import BreakGlass, ReleaseFreeze
from wardkeep.disclosure.copies import MakeCopy
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.app_scopes import AppScopes, read_app_scopes
from wardkeep.identity.roles import Role
from wardkeep.ledger.beginnings import GOES_ON_FROM, SIGN_IN
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets, Relationship
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.breaker import Breaker
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.clock_steps import CLOCK_SET, ClockMark
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.freezes import Freeze, Freezes
from wardkeep.warden.glass import BrokenGlass
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.limits import Limits, SetBy
from wardkeep.warden.root_keys.plain_file import make_file
from wardkeep.warden.rules.opening import GLASS
from wardkeep.warden.service.assemble_ledger import read_last_day
from wardkeep.warden.service.batch import Batch
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.clock_watch import ClockWatch
from wardkeep.warden.service.copying import Copying
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.freezing import Freezing, FreezingParts
from wardkeep.warden.service.proving import Proving
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import GLASS_SECONDS, Watch, freezes_in
from wardkeep.warden.session_parts import ByApp
from wardkeep.warden.sessions import IDLE_SECONDS, Session, Sessions, SignedInAs
from wardkeep.warden.support_grants import SupportGrants
from wardkeep.warden.ways_in import WaysIn

HOME = 1
PERSON = "11111111-1111-4111-8111-111111111111"
OFFICER = "22222222-2222-4222-8222-222222222222"
START = datetime(2026, 10, 24, 9, 41, tzinfo=UTC)
AT_ONCE = 64
LISTED = 20
REASON = "rang about results from Tuesday"


class End(enum.Enum):
    """How a turn ends, after everything was judged."""

    WRITTEN = enum.auto()
    DISK_FULL = enum.auto()
    KILLED = enum.auto()
    """Nothing of it is in the ledger, and nobody is answered."""
    KILLED_ONCE_WRITTEN = enum.auto()
    """All of it is in the ledger, and nobody is answered."""


def app_scopes() -> AppScopes:
    found = read_app_scopes("user/*.rs")
    assert isinstance(found, AppScopes)
    return found


APP = ByApp(
    app="33333333-3333-4333-8333-333333333333",
    name="An app",
    grant="44444444-4444-4444-8444-444444444444",
    patient="",
    scopes=app_scopes(),
    purpose="direct-care",
    reason=REASON,
    person_session=b"",
    patients_per_hour=10_000,
)


def signed_in(
    role: Role, account: str = PERSON, app: ByApp | None = None
) -> SignedInAs:
    return SignedInAs(
        account=account,
        display_name="Rowan Ash",
        organisation=HOME,
        organisation_name="Fernhill",
        organisation_slug="fernhill",
        role=role,
        factor="passkey",
        credential=b"" if app else b"one",
        device="",
        app=app,
        patients_per_hour=10_000,
    )


class World:
    """A warden that may die, and what is left of it on the disk and in the database."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder, self.kind, self.tally = folder, kind, Tally(kind)
        self.clock = FrozenClock(START)
        self.loop = asyncio.new_event_loop()
        self.keys = KeyStore(make_file(folder / "root", new_key()))
        self.keys.admit(HOME, self.keys.make_organisation_key(HOME))
        self.wrapped = functools.cache(self._wrapped)
        self.rows: Sequence[Session] = ()
        """The database's sessions."""
        self.frozen: dict[str, Freeze] = {}
        """The database's freezes, released ones too."""
        self.tokens = dict.fromkeys((*SCREENS, BY_APP), "")
        self.expected = ExpectedSets()
        for number in range(kind.work):
            self.expected.add(
                Relationship(
                    organisation=HOME,
                    account=PERSON,
                    patient=f"p-{number}",
                    kind="ward",
                    valid_from=datetime(2020, 1, 1, tzinfo=UTC),
                )
            )
        self.starts()
        self.touches("desk")

    def _wrapped(self, patient: str, tier: Tier) -> bytes:
        identity = key_identity(organisation=HOME, patient=patient, tier=tier)
        return self.keys.make_key(HOME, identity)[0]

    # A start, as assemble.py and assemble_containment.py make one

    def starts(self) -> None:
        clock = self.clock
        self.glass: dict[tuple[str, int], float] = {}
        self.ledger = Ledger.open(
            self.folder / "ledger", origin=ORIGIN, signing_key=KEY, clock=clock
        )
        self.mark = ClockMark(self.folder / "clock.json", clock)
        day = read_last_day(self.ledger, clock, self.mark)
        self.limits = Limits()
        set_by = SetBy(OFFICER, OFFICER, START)
        self.limits.remember(HOME, self.kind.role, self.kind.budget, set_by)
        self.sessions, self.trace = Sessions(clock), Trace(self.ledger, clock)
        self.watch = Watch(
            budgets=Budgets.recounted(self.ledger, day, [(HOME, PERSON)]),
            breaker=Breaker.recounted(day, self.limits),
            glass=BrokenGlass.recounted(day),
            freezes=Freezes(),
            alarms=Alarms(clock),
            limits=self.limits,
            trace=self.trace,
            clock=clock,
        )
        for one in self.frozen.values():
            if one.released_at is None:
                self.watch.freezes.restore(msgspec.structs.replace(one))
        for lost in freezes_in(day.entries, but=self.frozen.keys()):
            self.watch.take_back(lost)
        self.sessions.is_frozen = self.watch.freezes.stops
        for row in self._restored():
            self.sessions.restore(row)
        _, self.officer = self.sessions.start(
            signed_in(Role.PRIVACY_OFFICER, account=OFFICER)
        )
        self.batch = Batch(self.ledger)
        self._make_desks()

    def _restored(self) -> Iterator[Session]:
        """As session_store.py reads them; what was in memory alone is gone."""
        now, clock = self.clock.now(), self.clock
        for row in self.rows:
            last_used = clock.monotonic_at(row.last_used_at)
            idle = clock.monotonic_seconds() - last_used
            if row.last_used_at <= now < row.expires_at and idle <= IDLE_SECONDS:
                yield msgspec.structs.replace(
                    row,
                    last_used_monotonic=last_used,
                    expires_monotonic=clock.monotonic_at(row.expires_at),
                    reasons={},
                    found={},
                    glass={},
                    copies={},
                )

    def _make_desks(self) -> None:
        nowhere = str(self.folder / "none")
        away = DatabaseAddress(
            host=nowhere, port=5432, database="w", user="w", password=""
        )
        database, clock = Database(away), self.clock
        ceremonies = Ceremonies(
            database=database, clock=clock, origin="https://localhost"
        )
        self.door = Door(
            keystore=self.keys,
            ledger=self.ledger,
            sessions=self.sessions,
            expected=self.expected,
            contracts=Contracts(),
            erased=ErasedPatients(),
            support=SupportGrants(clock),
            watch=self.watch,
            ways_in=WaysIn(),
            canaries=Canaries(),
            letters=ApprovedLetters(clock),
            clock=clock,
        )
        proving = Proving(
            sessions=self.sessions,
            ceremonies=ceremonies,
            watch=self.watch,
            door=self.door,
            trace=self.trace,
            ledger=self.ledger,
        )
        copying = Copying(
            sessions=self.sessions,
            watch=self.watch,
            door=self.door,
            ledger=self.ledger,
            clock=clock,
        )
        freezing = Freezing(
            FreezingParts(
                database, self.sessions, self.watch, Directory(), self.trace, clock
            )
        )
        self.acts = {**proving.desk.acts, **copying.desk.acts, **freezing.desk.acts}
        self.clock_watch = ClockWatch(
            self.mark,
            trace=self.trace,
            tell=lambda _what, _entry: None,
            written=self.batch.written,
        )

    # A turn

    def crashes(self) -> None:
        """Killed: what it knew is in files and the database alone."""
        self.ledger.close()
        self.starts()

    def closes(self) -> None:
        self.ledger.close()
        self.loop.close()

    def turn(
        self, judged: Coroutine[None, None, Sequence[Answer]], end: End
    ) -> Sequence[Answer]:
        """What went out of it; nothing where the warden was killed."""
        answers = self.loop.run_until_complete(judged)
        if end in (End.KILLED, End.KILLED_ONCE_WRITTEN):
            if end is End.KILLED_ONCE_WRITTEN:
                self.ledger.commit()
            self.crashes()
            return ()
        room: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        if end is End.DISK_FULL:
            sizes = [one.stat().st_size for one in self.ledger.folder.glob("seg*")]
            room = full_at(max(sizes, default=0) + 50)
        with room:
            sent = self.loop.run_until_complete(self._sent(answers))
        self.rows = [
            msgspec.structs.replace(one)
            for one in self.sessions.live()
            if one.account == PERSON and one.app is None
        ]
        for one in self.watch.freezes:
            self.frozen[one.id] = msgspec.structs.replace(one)
        return sent

    async def _sent(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        sent: list[Answer] = []
        for one in answers:
            self.batch.send_when_written(sent.append, one)
        await self.batch.written()
        return sent

    # Questions

    def asks(self, runs: Sequence[Run], end: End = End.WRITTEN) -> int:
        """All in one turn of the loop; how many patients' data went out."""
        asked = [one for run in runs for one in self._questions(run)][:AT_ONCE]

        async def judged() -> Sequence[Answer]:
            return [self.door.disclose(question) for _, question in asked]

        now, before = self.clock.monotonic_seconds(), len(self.tally.given)
        # Nothing goes out of a warden that was killed.
        for (run, question), answer in zip(asked, self.turn(judged(), end)):  # noqa: B905
            self._is_sent(run, question, answer)
            assert end is End.WRITTEN or not isinstance(answer, Grant)
        self.tally.holds(now)
        return len(self.tally.given) - before

    def _is_sent(self, run: Run, question: Disclose, answer: Answer) -> None:
        if not isinstance(answer, Grant):
            return
        now = self.clock.monotonic_seconds()
        for item, why in zip(question.items, answer.relationships, strict=True):
            number = int(item.patient.removeprefix("p-"))
            self._is_told_right(run.who, number, why)
            self.tally.add(Given(now, run.who, run.deed, number, why))

    def _is_told_right(self, who: str, patient: int, why: str) -> None:
        if why == GLASS:
            assert self.clock.monotonic_seconds() < self.glass[who, patient]
        else:
            assert why == "" or (why == "ward" and patient < self.kind.work)

    def _questions(self, run: Run) -> Iterator[tuple[Run, Disclose]]:
        if run.who == BY_APP and self.sessions.use_at_door(self.tokens[BY_APP]) is None:
            app = signed_in(self.kind.role, app=APP)
            self.tokens[BY_APP], _ = self.sessions.start(app)
        deed, is_list = DEEDS[run.deed], run.deed == "list"
        tier = Tier.BANNER if is_list else Tier.RECORD
        items = []
        for patient in [f"p-{run.first + n}" for n in range(run.many)]:
            resources = tuple([(one, "r", 1) for one in deed.types])
            items.append(Item(patient, tier, self.wrapped(patient, tier), resources))
        for together in [items[:LISTED]] if is_list else [[one] for one in items]:
            token, named = self.tokens[run.who], tuple(together)
            purpose = Purpose.DIRECT_CARE
            yield run, Disclose(token, purpose, REASON, deed.action, named)

    # The passkey

    def touches(self, who: str, end: End = End.WRITTEN) -> None:
        """Sign in, wake or prove, as the page would ask for it."""
        token = self.tokens[who]
        is_new = self.sessions.held(token) is None
        is_asleep = self.sessions.sleeping(token) is not None
        if not (is_new or is_asleep) and self.sessions.use_own(token) is None:
            # Frozen
            return

        async def judged() -> Sequence[Answer]:
            if is_new:
                self.tokens[who], session = self.sessions.start(
                    signed_in(self.kind.role)
                )
                self._touched(session, SIGN_IN)
            else:
                session = self._session(who)
                self.sessions.wake(session)
                self._touched(session, "wake" if is_asleep else "prove")
            return [Done()]

        self.turn(judged(), end)
        if is_new and end is not End.WRITTEN:
            self.tokens[who] = ""
        if end is not End.KILLED:
            self.tally.touched(who)

    def _session(self, who: str) -> Session:
        session = self.sessions.held(self.tokens[who])
        assert session is not None
        return session

    def _touched(self, session: Session, action: str) -> None:
        self.watch.budgets.touched(session.id, session.whose)
        self.trace.of_session(session, action)

    def goes_on(self, who: str, end: End = End.WRITTEN) -> None:
        """To other work and back, without a passkey: the reach goes along."""
        if self.sessions.use_own(self.tokens[who]) is None:
            return
        old, made = self._session(who), signed_in(self.kind.role)

        async def judged() -> Sequence[Answer]:
            until = msgspec.structs.replace(made, until=old.expires_at)
            token, new = self.sessions.start(until)
            self.trace.of_session(new, SIGN_IN, request=f"{GOES_ON_FROM}{old.id}")
            self.watch.budgets.carried(old.id, new.id, old.whose)
            self.sessions.end(old)
            self.tokens[who] = token
            return [Done()]

        before = self.tokens[who]
        self.turn(judged(), end)
        if end is End.DISK_FULL:
            self.tokens[who] = ""
        elif end is not End.WRITTEN:
            self.tokens[who] = before

    def _signs(self, who: str, act: BreakGlass | MakeCopy, end: End) -> bool:
        """Confirmed with the passkey, as confirming.py has it; whether it was done."""
        if self.sessions.use(self.tokens[who]) is None:
            return False
        session, acting = self._session(who), self.acts[type(act)]

        async def confirmed() -> Sequence[Answer]:
            described = await acting.describe(session, act)
            if isinstance(described, Refusal):
                return [described]
            self._touched(session, "confirm")
            return [Done()]

        async def judged() -> Sequence[Answer]:
            return [await acting.perform(session, act)]

        answers = self.turn(confirmed(), End.WRITTEN)
        if not isinstance(answers[0], Done):
            return False
        self.tally.touched(who)
        self.turn(judged(), end)
        return end in (End.WRITTEN, End.DISK_FULL)

    def breaks_glass(self, who: str, patient: int, end: End = End.WRITTEN) -> None:
        act = BreakGlass(f"p-{patient}", "life")
        if self._signs(who, act, end):
            # After others of the same hour it opens a little later.
            ends = self.clock.monotonic_seconds() + GLASS_SECONDS + 200 * 20
            self.glass[who, patient] = ends
        self.asks([Run(who, "read", patient, 2), Run(who, "print", patient, 1)])

    def copies(self, who: str, first: int, many: int, end: End = End.WRITTEN) -> None:
        """Signed for one by one, and then all at once."""
        for patient in range(first, first + many - 1):
            act = MakeCopy(
                patient=f"p-{patient}",
                ground="access",
                asked_by="the person, at the desk",
                reason=REASON,
                parts=("results",),
            )
            self._signs(who, act, End.WRITTEN)
        # And one more, that nobody signed for.
        self.asks([Run(who, "copy", first, many)], end)

    def releases(self, end: End = End.WRITTEN) -> None:
        """A second person, where somebody is frozen."""
        frozen = next(iter(self.watch.freezes), None)
        if frozen is None:
            return
        acting = self.acts[ReleaseFreeze]

        async def judged() -> Sequence[Answer]:
            act = ReleaseFreeze(frozen.id, "talked by telephone")
            # The release and its entry are made; the database is told of it later.
            with contextlib.suppress(DatabaseUnavailableError):
                await acting.perform(self.officer, act)
            return [Done()]

        self.turn(judged(), end)
        if end in (End.WRITTEN, End.DISK_FULL):
            self.frozen[frozen.id] = msgspec.structs.replace(frozen)
        if end is not End.KILLED:
            self.tally.released()

    # Time

    def passes(self, seconds: float) -> None:
        self.looks()
        self.clock.move(timedelta(seconds=seconds))

    def steps(self, seconds: float) -> None:
        """The wall clock alone; not twice within the seconds from look to look."""
        self.looks()
        self.clock.step_wall_time(timedelta(seconds=seconds))

    def looks(self) -> None:
        """At the clock, as the warden does every few seconds."""
        self.loop.run_until_complete(self.clock_watch.look())

    def is_killed_as_it_looks(self) -> None:
        ahead = self.mark.ahead()
        if ahead:
            self.trace.of_operator(CLOCK_SET, request=self.mark.request(ahead))
            self.ledger.commit()
        self.crashes()


@contextlib.contextmanager
def world_of(kind: Kind) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), kind)
        try:
            yield world
        finally:
            world.closes()
