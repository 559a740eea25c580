# SPDX-License-Identifier: Apache-2.0
"""A trust's week through the real door: who is asked why, and who is frozen.

4,166 accounts, 15,000 openings a day, seven days by a clock that is moved on. The door,
its rules, budgets, breaker, freezes, expected sets, keys and ledger are the product's;
there is no network, no database and no page. What people do is `bench/_trust.py`, where
sources and assumptions stand. Passkeys are counted, not signed.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench import _trust
from bench._trust import (
    Happening,
    Opening,
    Published,
    Seated,
    Trust,
    Worker,
    Written,
    places_of,
)
from support.ledgers import KEY, ORIGIN
from wardkeep.assembly.demo.chance import Chance
from wardkeep.base.clock import FrozenClock, microseconds_since_epoch
from wardkeep.crypto.aead import new_key
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.disclosure.sealed import key_identity
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.work.ties import ties_of
from wardkeep.identity.roles import Role
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie
from wardkeep.warden import alarms
from wardkeep.warden.alarms import Alarm, Alarms
from wardkeep.warden.breaker import Breaker
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.freezes import Freezes
from wardkeep.warden.glass import BrokenGlass
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.limits import Limits
from wardkeep.warden.patrol import Patrol, Slow
from wardkeep.warden.root_keys.plain_file import make_file
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions, SignedInAs
from wardkeep.warden.support_grants import SupportGrants
from wardkeep.warden.walk import Walk
from wardkeep.warden.ways_in import WaysIn

DAYS = 7
HOME = 1
REASON = "rang about the visit of last Tuesday"
LOOKED_FOR_IN_100 = 35
"""Openings that begin with a search for a person; the others, on one's own list."""
MORE_FOUND = (0, 0, 0, 0, 0, 0, 0, 1, 1, 4)
"""Other people whom a search shows besides: two facts are given, so mostly nobody."""
IN_A_CHART_MINUTES = 30
A_COMMIT = 200
TOLD = (alarms.SOFT_LIMIT, alarms.SEARCHING, alarms.BREAKER, alarms.FROZEN)
SUPPOSED = (Published(6, 5), Published(6, 10), Published(6, 20), Published(15, 10))
"""Without an item: 6% with scheduling data, 15% by simple rules. Late: nobody knows."""


class Heard(Alarms):
    """Counts what is raised."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__(clock)
        self.kinds: Counter[str] = Counter()

    def raise_(self, kind: str, *args: object, **more: object) -> Alarm:
        self.kinds[kind] += 1
        return super().raise_(kind, *args, **more)  # type: ignore[arg-type]


class Counts(msgspec.Struct):
    """What the week came to."""

    openings: Counter[str] = msgspec.field(default_factory=Counter)
    asked: Counter[str] = msgspec.field(default_factory=Counter)
    asked_for: Counter[str] = msgspec.field(default_factory=Counter)
    """By the label of the work."""
    touches: Counter[str] = msgspec.field(default_factory=Counter)
    at_work: set[tuple[int, str]] = msgspec.field(default_factory=set)
    glass: int = 0
    closed: int = 0
    frozen: set[tuple[int, str]] = msgspec.field(default_factory=set)


class Week:
    """One trust, its door, and a week of it."""

    def __init__(self, folder: Path, published: Published) -> None:
        self._clock = FrozenClock(_trust.START)
        self._ledger = Ledger.open(
            folder / "ledger", origin=ORIGIN, signing_key=KEY, clock=self._clock
        )
        self._trust = Trust(published)
        self._chance = Chance("lists", *published)
        self._keys = KeyStore(make_file(folder / "root", new_key()))
        self._keys.admit(HOME, self._keys.make_organisation_key(HOME))
        self._sessions = Sessions(self._clock)
        self._expected = ExpectedSets()
        trace = Trace(self._ledger, self._clock)
        self._alarms = Heard(self._clock)
        self._watch = Watch(
            budgets=Budgets(),
            breaker=Breaker(),
            glass=BrokenGlass(),
            freezes=Freezes(),
            alarms=self._alarms,
            limits=Limits(),
            trace=trace,
            clock=self._clock,
        )
        self._sessions.is_frozen = self._watch.freezes.stops
        self._door = Door(
            keystore=self._keys,
            ledger=self._ledger,
            sessions=self._sessions,
            expected=self._expected,
            contracts=Contracts(),
            erased=ErasedPatients(),
            support=SupportGrants(self._clock),
            watch=self._watch,
            ways_in=WaysIn(),
            canaries=Canaries(),
            letters=ApprovedLetters(self._clock),
            clock=self._clock,
        )
        self._trace = trace
        self._live: dict[str, tuple[str, Session]] = {}
        self._busy_until: dict[str, float] = {}
        self._wrapped: dict[tuple[str, Tier], bytes] = {}
        self._seats: dict[str, tuple[Seat, ...]] = {
            one.account: (Seat(one.team),) for one in self._trust.staff if one.team
        }
        self._roster = self._made_roster()
        self._expected.rosters[HOME] = self._roster
        self.counts = Counts()
        self._day = 0

    def _made_roster(self) -> Roster:
        teams = {one.team for one in self._trust.staff if one.team}
        return Roster(
            {one.account: frozenset({one.reference}) for one in self._trust.staff},
            {team: places_of(team) for team in teams},
            self._seats,
        )

    # A week

    def run(self) -> None:
        for written in self._trust.before():
            self._write(written)
        for self._day in range(DAYS):
            for n, one in enumerate(self._trust.day(self._day)):
                self._happen(one)
                if n % A_COMMIT == 0:
                    self._ledger.commit()
            self._end_of_day()

    def _happen(self, one: Happening) -> None:
        if one.at > self._clock.now():
            self._clock.move(one.at - self._clock.now())
        match one:
            case Written():
                self._write(one)
            case Seated():
                self._seat(one)
            case Opening():
                self._open(one)

    def _end_of_day(self) -> None:
        """Whoever was frozen is released by the morning, as after a telephone call."""
        self._ledger.commit()
        self._expected.ties.forget_over(microseconds_since_epoch(self._clock.now()))
        self._sessions.forget_ended()
        for one in self._watch.freezes:
            self.counts.frozen.add((self._day, one.target))
            self._watch.freezes.release(
                one, at=self._clock.now(), by="bench", reason="a telephone call"
            )
            self._watch.budgets.released((HOME, one.target))

    def _write(self, one: Written) -> None:
        type_, id_ = one.content["resourceType"], one.content["id"]
        resource = Resource(type_, id_, one.content, b"")
        said = ties_of(resource, id_, now=microseconds_since_epoch(one.at))
        source = Source(HOME, type_, id_, one.patient)
        ties = [Tie(tie.who, tie.kind, tie.since, tie.until, one.by) for tie in said]
        self._expected.ties.put({source: ties})

    def _seat(self, one: Seated) -> None:
        since, until = map(microseconds_since_epoch, (one.at, one.until))
        first, *others = one.teams
        self._seats[one.account] = (
            Seat(first),
            *[Seat(team, since, until) for team in others],
        )

    # An opening

    def _open(self, one: Opening) -> None:
        role, counts = one.who.role.value, self.counts
        token, session = self._signed_in(one.who)
        counts.at_work.add((self._day, one.who.account))
        tier = Tier.BANNER if one.who.role is Role.RECEPTIONIST else Tier.RECORD
        if not one.is_listed or self._chance.happens(LOOKED_FOR_IN_100):
            found = [
                f"x-{self._chance.below(_trust.ARCHIVE)}" for _ in range(self._more())
            ]
            self._ask(token, session, (one.patient, *found), Tier.BANNER, Action.FIND)
        counts.openings[role] += 1
        answer = self._ask(token, session, (one.patient,), tier, Action.READ)
        if isinstance(answer, Refusal) and answer.needs_reason:
            counts.asked[role] += 1
            counts.asked_for[one.label] += 1
            answer = self._explain(one, token, session, tier)
        if isinstance(answer, Refusal):
            counts.closed += 1
            self._break_glass(one, token, session, tier)

    def _more(self) -> int:
        return self._chance.pick(MORE_FOUND)

    def _explain(
        self, one: Opening, token: str, session: Session, tier: Tier
    ) -> Answer:
        """Type a reason, or in an emergency break the glass."""
        if one.is_emergency:
            return self._break_glass(one, token, session, tier)
        return self._ask(
            token, session, (one.patient,), tier, Action.READ, reason=REASON
        )

    def _break_glass(
        self, one: Opening, token: str, session: Session, tier: Tier
    ) -> Answer:
        self.counts.glass += 1
        self._touch(session, "glass")
        self._watch.break_glass(session, one.patient)
        return self._ask(token, session, (one.patient,), tier, Action.READ)

    def _ask(
        self,
        token: str,
        session: Session,
        patients: tuple[str, ...],
        tier: Tier,
        action: Action,
        reason: str = "",
    ) -> Answer:
        """Ask the door; where it wants the passkey, use it and ask again."""
        items = tuple(
            Item(one, tier, self._key(one, tier), (("Patient", one, 1),))
            for one in dict.fromkeys(patients)
        )
        asked = Disclose(token, Purpose.DIRECT_CARE, reason, action, items)
        answer = self._door.disclose(asked)
        if isinstance(answer, Refusal) and answer.code == "prove-again":
            self._touch(session, "prove")
            answer = self._door.disclose(asked)
        return answer

    def _key(self, patient: str, tier: Tier) -> bytes:
        wrapped = self._wrapped.get((patient, tier))
        if wrapped is None:
            identity = key_identity(organisation=HOME, patient=patient, tier=tier)
            wrapped, _ = self._keys.make_key(HOME, identity)
            self._wrapped[patient, tier] = wrapped
        return wrapped

    # A session

    def _signed_in(self, who: Worker) -> tuple[str, Session]:
        """Their session: awake, woken or new, by how long they did nothing in it."""
        now = self._clock.monotonic_seconds()
        busy_until = min(now, self._busy_until.get(who.account, now))
        self._busy_until[who.account] = now + IN_A_CHART_MINUTES * 60
        held = self._live.get(who.account)
        if held is not None:
            # They read and wrote in the chart until then: the session was used.
            held[1].last_used_monotonic = busy_until
        if held is not None and self._sessions.use_at_door(held[0]) is not None:
            return held
        if held is not None and self._sessions.sleeping(held[0]) is not None:
            self._sessions.wake(held[1])
            self._touch(held[1], "wake")
            return held
        begun = self._sessions.start(_as(who))
        self._live[who.account] = begun
        self._touch(begun[1], "sign-in")
        return begun

    def _touch(self, session: Session, why: str) -> None:
        self.counts.touches[why] += 1
        self._watch.budgets.touched(session.id, (HOME, session.account))
        self._trace.of_session(session, why)

    # What it came to

    def figures(self) -> dict[str, float]:
        counts = self.counts
        openings, asked = counts.openings.total(), counts.asked.total()
        account_days = len(counts.at_work)
        found = {
            "openings a day": openings / DAYS,
            "accounts at work a day": account_days / DAYS,
            "asked why, % of openings": 100 * asked / openings,
        }
        for role, many in sorted(counts.openings.items()):
            share = 100 * counts.asked[role] / many
            found[f"asked why, %, {role.replace('_', ' ')}"] = share
        for label, many in counts.asked_for.most_common():
            found[f"of these, % for work: {label}"] = 100 * many / asked
        found["glass broken, % of openings"] = 100 * counts.glass / openings
        per_mille = 1000 * len(counts.frozen) / account_days
        found["false freezes, per 1,000 account-days"] = per_mille
        for why, many in sorted(counts.touches.items()):
            found[f"passkey for {why}, per account-day"] = many / account_days
        for kind in TOLD:
            found[f"alarms a day: {kind}"] = self._alarms.kinds[kind] / DAYS
        found["slow alarms in the week"] = float(self._slow())
        return found

    def _slow(self) -> int:
        found: list[Slow] = []
        walk = Walk(self._ledger, (Patrol(Limits(), found.append),))
        while walk.is_behind:
            walk.step(microseconds_since_epoch(self._clock.now()))
        return len(found)

    def close(self) -> None:
        self._ledger.close()


def _as(who: Worker) -> SignedInAs:
    return SignedInAs(
        account=who.account,
        display_name=who.account,
        organisation=HOME,
        organisation_name="Trust",
        organisation_slug="trust",
        role=who.role,
        factor="passkey",
        credential=who.account.encode(),
        device="bench",
    )


@contextmanager
def _week(published: Published) -> Iterator[Week]:
    with tempfile.TemporaryDirectory() as folder:
        made = Week(Path(folder), published)
        try:
            yield made
        finally:
            made.close()


def run() -> dict[str, float]:
    """Shares and numbers a day, by the published share of openings without an item."""
    figures: dict[str, float] = {}
    for one in SUPPOSED:
        with _week(one) as week:
            week.run()
            said = f"{one.without_item_in_100}% without, {one.late_in_100}% late"
            for name, value in week.figures().items():
                figures[f"{said}: {name}"] = value
    return figures
