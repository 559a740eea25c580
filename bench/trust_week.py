# SPDX-License-Identifier: Apache-2.0
"""A trust's week through the real door: who is asked why, and who is frozen.

4,166 accounts of every role that people have, seven days by a clock that is moved on.
The door, its rules, budgets, breaker, freezes, canaries, broken glass, expected sets,
keys and ledger are the product's; there is no network, no database and no page. What
people do is `bench/_trust.py` and the files that it names, whom they find when they
search `bench/_register.py`; there stand sources and assumptions. Passkeys are counted,
not signed. Whoever is frozen is released twenty minutes later, as after a telephone
call; meanwhile who cannot wait breaks the glass.

`python -m bench trust_week` takes some five minutes of one core.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench._register import NOTICED_IN_100, Register
from bench._trust import Trust
from bench._trust_day import (
    START,
    Happening,
    Leaving,
    Opening,
    Published,
    Seated,
    Written,
)
from bench._trust_people import Worker
from bench._week_counts import TOLD, Counts
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
IN_HAND = frozenset({"call", "case", "visit"})
"""Whom nobody searches for: the call, the queue or the round has them already."""
IN_A_CHART_MINUTES = 30
A_COMMIT = 200
RELEASED_AFTER = timedelta(minutes=20)
USUAL = Published(6, 5)
SUPPOSED = (
    USUAL,
    Published(6, 10),
    Published(6, 20),
    Published(15, 10),
    Published(6, 5, 98),
)
"""Without an item: 6% with scheduling data, 15% by simple rules. Late: nobody knows.
Wrongly taken: as often as anybody published, and as often as an order follows."""
OFTEN = USUAL._replace(wrong_in_100_000=10 * USUAL.wrong_in_100_000)
"""Slips ten times as often: ten times as many freezes, so that posts can be told."""


Held = tuple[str, Session]
"""A token, and the session that it stands for."""


class Heard(Alarms):
    """Counts what is raised."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__(clock)
        self.kinds: Counter[str] = Counter()

    def raise_(self, kind: str, *args: object, **more: object) -> Alarm:
        self.kinds[kind] += 1
        return super().raise_(kind, *args, **more)  # type: ignore[arg-type]


class Week:
    """One trust, its door, and a week of it."""

    def __init__(self, folder: Path, published: Published, one_in: int = 1) -> None:
        self._clock = FrozenClock(START)
        self._published = published
        self._ledger = Ledger.open(
            folder / "ledger", origin=ORIGIN, signing_key=KEY, clock=self._clock
        )
        self._trust = Trust(published, one_in)
        self._chance = Chance("lists", *published)
        self._keys = KeyStore(make_file(folder / "root", new_key()))
        self._keys.admit(HOME, self._keys.make_organisation_key(HOME))
        self._sessions = Sessions(self._clock)
        self._expected = ExpectedSets()
        trace = Trace(self._ledger, self._clock)
        self._alarms = Heard(self._clock)
        self._canaries = Canaries()
        self.watch = Watch(
            budgets=Budgets(),
            breaker=Breaker(),
            glass=BrokenGlass(),
            freezes=Freezes(),
            alarms=self._alarms,
            limits=Limits(),
            trace=trace,
            clock=self._clock,
        )
        self._sessions.is_frozen = self.watch.freezes.stops
        self._door = Door(
            keystore=self._keys,
            ledger=self._ledger,
            sessions=self._sessions,
            expected=self._expected,
            contracts=Contracts(),
            erased=ErasedPatients(),
            support=SupportGrants(self._clock),
            watch=self.watch,
            ways_in=WaysIn(),
            canaries=self._canaries,
            letters=ApprovedLetters(self._clock),
            clock=self._clock,
        )
        self._trace = trace
        self._live: dict[str, tuple[str, Session]] = {}
        self._busy_until: dict[str, float] = {}
        self._wrapped: dict[tuple[str, Tier], bytes] = {}
        self._seats: dict[str, tuple[Seat, ...]] = {
            one.account: (Seat(one.team),) for one in self._trust.staff if one.has_seat
        }
        self._roster = self._made_roster()
        self._expected.rosters[HOME] = self._roster
        self.counts = Counts()
        self._day = 0

    def _made_roster(self) -> Roster:
        teams = {one.team for one in self._trust.staff if one.team}
        return Roster(
            {one.account: frozenset({one.reference}) for one in self._trust.staff},
            {team: self._trust.places.stood_for(team) for team in teams},
            self._seats,
        )

    # A week

    def run(self) -> None:
        before = list(self._trust.before())
        for written in before:
            self._write(written)
        self._register = Register([*self._trust.archive, *(w.patient for w in before)])
        at = microseconds_since_epoch(self._clock.now())
        self._canaries.plant(HOME, self._register.canaries, at=at)
        for self._day in range(DAYS):
            for n, one in enumerate(self._trust.day(self._day)):
                self._happen(one)
                if n % A_COMMIT == 0:
                    self._ledger.commit()
            self._end_of_day()

    def _happen(self, one: Happening) -> None:
        if one.at > self._clock.now():
            self._clock.move(one.at - self._clock.now())
        self._release(self._clock.now() - RELEASED_AFTER)
        match one:
            case Written():
                self._write(one)
            case Seated():
                self._seat(one)
            case Opening():
                self._open(one)

    def _end_of_day(self) -> None:
        self._release(self._clock.now())
        now = self._clock.monotonic_seconds()
        for one in self._trust.staff:
            _, others, _ = self.watch.budgets.counts((HOME, one.account), now=now)
            share = others / max(1, one.role.budget.hard)
            self.counts.nearest = max(self.counts.nearest, share)
        self._ledger.commit()
        self._expected.ties.forget_over(microseconds_since_epoch(self._clock.now()))
        self._sessions.forget_ended()

    def _release(self, frozen_until: datetime) -> None:
        """Release whoever was frozen by then, and count why they were."""
        for one in tuple(self.watch.freezes):
            if one.frozen_at <= frozen_until:
                self.counts.frozen[self._day, one.target] = one.cause
                self.watch.freezes.release(
                    one, at=self._clock.now(), by="bench", reason="a telephone call"
                )
                self.watch.budgets.released((HOME, one.target))

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
        post, counts = one.who.post.name, self.counts
        held = self._signed_in(one.who)
        counts.at_work[self._day, one.who.account] = post
        if one.label not in IN_HAND and self._is_looked_for(one):
            self._look_up(one, held)
        counts.openings[post] += 1
        answer = self._read(one, held, one.patient, one.said)
        if isinstance(answer, Refusal) and answer.needs_reason:
            counts.asked[post] += 1
            counts.asked_for[one.label] += 1
            answer = self._explain(one, held)
        if isinstance(answer, Refusal) and one.is_emergency:
            answer = self._break_glass(one, held)
        if isinstance(answer, Refusal):
            counts.put_off += 1
            return
        for leaving in one.leaves:
            self._leave(one, held, leaving)

    def _is_looked_for(self, one: Opening) -> bool:
        return not one.is_listed or self._chance.happens(LOOKED_FOR_IN_100)

    def _read(self, one: Opening, held: Held, patient: str, reason: str) -> Answer:
        tier = Tier.BANNER if one.who.role is Role.RECEPTIONIST else Tier.RECORD
        return self._ask(held, (patient,), tier, Action.READ, reason)

    def _look_up(self, one: Opening, held: Held) -> None:
        """Search; now and then it is somebody else who is opened first."""
        self.counts.searches[one.who.post.name] += 1
        found = self._register.look_up(
            one.patient,
            self._chance,
            self._published.wrong_in_100_000,
            rings=bool(one.said),
        )
        self._ask(held, found.shown, Tier.BANNER, Action.FIND)
        if found.taken == one.patient:
            return
        came = self._open_wrongly(one, held, found.taken)
        self.counts.wrong[f"{found.slip}: {came}"] += 1
        if found.shown == (found.taken,):
            # Nobody else was shown: they look again, now by what is right.
            self._ask(held, (one.patient,), Tier.BANNER, Action.FIND)

    def _open_wrongly(self, one: Opening, held: Held, taken: str) -> str:
        """What came of it, in words."""
        answer = self._read(one, held, taken, one.said)
        if isinstance(answer, Refusal) and answer.needs_reason:
            if self._chance.happens(NOTICED_IN_100):
                return "noticed on the page that asks"
            answer = self._read(one, held, taken, REASON)
        return "not opened" if isinstance(answer, Refusal) else "opened"

    def _explain(self, one: Opening, held: Held) -> Answer:
        """Type a reason, or in an emergency break the glass."""
        if one.is_emergency:
            return self._break_glass(one, held)
        return self._read(one, held, one.patient, REASON)

    def _break_glass(self, one: Opening, held: Held) -> Answer:
        """Break it, and wait until it holds."""
        self.counts.glass[one.who.post.name] += 1
        self.counts.glass_of[self._day, one.who.account] += 1
        self._touch(held[1], "glass")
        seconds = self.watch.glass_opens_in(held[1], one.patient)
        self.watch.break_glass(held[1], one.patient)
        if seconds:
            self.counts.glass_waits.append(seconds)
            self._clock.move(timedelta(seconds=seconds))
        return self._read(one, held, one.patient, "")

    def _leave(self, one: Opening, held: Held, leaving: Leaving) -> None:
        """Print, or send along; a refusal holds up nobody."""
        action, reason = leaving.action, one.said or REASON
        answer = self._ask(
            *(held, (one.patient,), Tier.RECORD, action, reason),
            types=leaving.types,
        )
        if isinstance(answer, Refusal):
            self.counts.refused[answer.code] += 1
        else:
            self.counts.left[action.value] += 1

    def _ask(
        self,
        held: Held,
        patients: tuple[str, ...],
        tier: Tier,
        action: Action,
        reason: str = "",
        types: tuple[str, ...] = ("Patient",),
    ) -> Answer:
        """Ask the door; where it wants the passkey, use it and ask again."""
        items = tuple(
            Item(
                one,
                tier,
                self._key(one, tier),
                tuple([(type_, f"{type_}-{one}", 1) for type_ in types]),
            )
            for one in dict.fromkeys(patients)
        )
        asked = Disclose(held[0], Purpose.DIRECT_CARE, reason, action, items)
        answer = self._door.disclose(asked)
        if isinstance(answer, Refusal) and answer.code == "prove-again":
            self._touch(held[1], "prove")
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
        self.watch.budgets.touched(session.id, (HOME, session.account))
        self._trace.of_session(session, why)

    # What it came to

    def figures(self) -> dict[str, float]:
        found = self.counts.figures(DAYS)
        for by, many in sorted(self._register.mistyped.items()):
            found[f"typed wrong a day, by {by}"] = many / DAYS
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
def week_of(published: Published, one_in: int = 1) -> Iterator[Week]:
    with tempfile.TemporaryDirectory() as folder:
        made = Week(Path(folder), published, one_in)
        try:
            yield made
        finally:
            made.close()


def run() -> dict[str, float]:
    """Shares and numbers a day, by what was supposed; freezes of all weeks together."""
    figures: dict[str, float] = {}
    together = Counts()
    for nth, one in enumerate(SUPPOSED):
        with week_of(one) as week:
            week.run()
            without, late, wrong = one
            said = f"{without}% without, {late}% late, {wrong} wrong"
            for name, value in week.figures().items():
                figures[f"{said}: {name}"] = value
            if wrong == USUAL.wrong_in_100_000:
                together.add(week.counts, days=nth * DAYS)
    for name, value in together.freezes().items():
        figures[f"all weeks with {USUAL.wrong_in_100_000} wrong: {name}"] = value
    with week_of(OFTEN) as week:
        week.run()
        for name, value in week.counts.freezes().items():
            figures[f"slips ten times as often: {name}"] = value
    return figures
