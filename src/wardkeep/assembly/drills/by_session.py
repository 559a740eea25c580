# SPDX-License-Identifier: Apache-2.0
"""Attacks with a person's session or account: stolen, shared, or their own."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from wardkeep.assembly.drills.ground import HOME, Ground, Person
from wardkeep.assembly.drills.result import (
    NOBODY,
    WAYS_IN,
    DrillResult,
    Scenario,
    Scenarios,
    after,
    unless_any,
)
from wardkeep.crypto.software_authenticator import SoftwareAuthenticator
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.pulse import PulseRead, ReadPulse
from wardkeep.identity.roles import REACH, Budget, Role
from wardkeep.warden.breaker import FLOOR, SHARE
from wardkeep.warden.budgets import ROWS_A_PATIENT, TRIES
from wardkeep.warden.limits import Limits
from wardkeep.warden.patrol import TIMES_SOFT, Patrol, Slow
from wardkeep.warden.walk import Walk

EXPECTED = 10
"""Patients whom the day's work of each victim explains."""
_NURSE = Role.WARD_NURSE.budget
_STOPPED = frozenset({"not-signed-in", "frozen", "budget-spent"})
WORDS = {
    "not-signed-in": "frozen by itself: no session any more",
    "frozen": "records closed by themselves",
    "budget-spent": "the day's budget: records closed",
    "prove-again": "the passkey, which is asked for again",
    "contract-spent": "the contract, in each hour, until the key is ended",
    "not-this-organisation": "nobody granted anything: keys open for their own",
    "not-granted": "an organisation grants five patients for an hour, or nothing",
    "prints-spent": "the day's prints: the ward opens as before",
    "copy-not-signed": "a copy takes the passkey, which signs for that very copy",
    "no-visit-now": "a visit of one's own, which is now or is none",
    "": NOBODY,
}
"""What a refusal means to the attacker."""
_AFTER = {
    "prove-again": "without the passkey",
    "no-visit-now": "at homes that are not visited now",
}
"""Of what kind the tries were that ended in a freeze."""
GANG, APART, A_LIST = 20, 150, 20
_SLOWLY = "an alarm to the privacy officer: four weeks are counted too"
A_ROUND = 8
"""Homes that a carer visits about now."""
SLOWLY = 6
"""Strangers a day: below every limit of a day."""
A_SWEEP = EXPECTED + REACH + TRIES + 1
"""Patients whom somebody without the passkey tries, until all is frozen."""
_A_MONTH = _NURSE.soft * TIMES_SOFT + SLOWLY


def stop_of(refusals: Sequence[str]) -> str:
    """What stopped somebody, in words, from their refusals in turn.

    A code without words stays one. The last one says it, and of a freeze how many
    tries of which kind came before it.
    """
    last = refusals[-1] if refusals else ""
    before = [one for one in refusals if one != last]
    kinds = Counter(one for one in before if one in _AFTER)
    if last != "not-signed-in" or not kinds:
        return WORDS.get(last, last)
    kind, _ = kinds.most_common(1)[0]
    return f"frozen by itself after {len(before)} tries {_AFTER[kind]}"


class Haul:
    """What an attacker has so far."""

    def __init__(self, ground: Ground, who: Person) -> None:
        self._ground = ground
        self._who = who
        self.reached: set[str] = set()
        self.tried = 0
        self.began = time.perf_counter()
        self.refusals: list[str] = []

    async def take(self, patient: str, *, touches: bool = False) -> bool:
        """One attempt; False once there is nothing more to have."""
        self.tried += 1
        refusal = await self._ground.reads(self._who.token, patient)
        if refusal == "prove-again" and touches:
            await self._ground.prove(self._who)
            refusal = await self._ground.reads(self._who.token, patient)
        if not refusal:
            self.reached.add(patient)
            return True
        self.refusals.append(refusal)
        return refusal not in _STOPPED

    async def list_all(self, patients: Sequence[str]) -> None:
        """Have them shown in lists, as long as they may be, the passkey at hand."""
        for start in range(0, len(patients), A_LIST):
            shown = patients[start : start + A_LIST]
            self.tried += 1
            if not await self._ground.lists(self._who.token, shown):
                await self._ground.prove(self._who)
                if not await self._ground.lists(self._who.token, shown):
                    return
            self.reached.update(shown)

    @property
    def stop(self) -> str:
        """What stopped it, in words."""
        return stop_of(self.refusals)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began


def wanted(ground: Ground, who: Person, start: int) -> list[str]:
    """Today's patients, which the stolen screen lists, then everybody."""
    everybody = ground.patients[HOME]
    home = everybody[start:] + everybody[:start]
    mine = set(who.expected)
    return [*who.expected, *(one for one in home if one not in mine)]


async def sweep(ground: Ground, who: Person) -> Haul:
    """Open whoever there is, without the passkey, until that is stopped."""
    haul = Haul(ground, who)
    for patient in wanted(ground, who, 0):
        if not await haul.take(patient):
            break
    return haul


async def _whole_day(ground: Ground, who: Person, budget: Budget) -> Haul:
    """Names in lists as far as the day has them, and then every record."""
    haul, everybody = Haul(ground, who), wanted(ground, who, 0)
    # The last of them in lists: whom nobody opens counts once more.
    await haul.list_all(everybody[-budget.hard * ROWS_A_PATIENT :])
    for patient in everybody:
        if not await haul.take(patient, touches=True):
            break
    return haul


def of_a_day(budget: Budget) -> int:
    """Whom a session and its owner's touches reach: expected, opened, in lists."""
    return EXPECTED + budget.hard + budget.hard * ROWS_A_PATIENT


async def phishing_proxy(ground: Ground) -> DrillResult:
    """A page between the nurse and us: her passkey signs for that page's address."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    proxied = SoftwareAuthenticator(origin="https://wardkeep.example.net")
    proxied.key, proxied.credential_id = nurse.key.key, nurse.key.credential_id
    proxied.user_handle = nurse.key.user_handle
    began = time.perf_counter()
    answer = await ground.sign_in(proxied)
    is_in = not isinstance(answer, Refusal)
    return DrillResult(
        scenario="phishing-proxy",
        attacker="everything that a nurse does on a page between her and us",
        reached=EXPECTED if is_in else 0,
        bound=0,
        tried=1,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(is_in, "the passkey signs the address"),
    )


async def stolen_cookie(ground: Ground) -> DrillResult:
    """A script with a nurse's cookie walks through everybody, with a reason typed."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    haul = await sweep(ground, nurse)
    return DrillResult(
        scenario="stolen-cookie",
        attacker="a ward nurse's live session, without her passkey",
        reached=len(haul.reached),
        bound=EXPECTED + REACH,
        tried=haul.tried,
        seconds=haul.seconds,
        stopped_by=haul.stop,
    )


async def infostealer(ground: Ground) -> DrillResult:
    """Malware rides along on the ward's computer, and the nurse proves it is she."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    haul = await _whole_day(ground, nurse, _NURSE)
    return DrillResult(
        scenario="infostealer",
        attacker="a ward PC for a shift: the session, and each touch of the passkey",
        reached=len(haul.reached),
        bound=of_a_day(_NURSE),
        tried=haul.tried,
        seconds=haul.seconds,
        stopped_by=haul.stop,
    )


async def insider_fast(ground: Ground) -> DrillResult:
    """A doctor takes what there is on the last day."""
    doctor = await ground.person("doctor", expects=EXPECTED)
    haul = await _whole_day(ground, doctor, Role.DOCTOR.budget)
    return DrillResult(
        scenario="insider-fast",
        attacker="a doctor's own account and passkey, for a day",
        reached=len(haul.reached),
        bound=of_a_day(Role.DOCTOR.budget),
        tried=haul.tried,
        seconds=haul.seconds,
        stopped_by=haul.stop,
    )


async def insider_slow(ground: Ground) -> DrillResult:
    """A nurse takes a few strangers a day, for weeks; the clock is moved on."""
    nurse = await ground.person("ward_nurse")
    haul = Haul(ground, nurse)
    bound, is_noticed = _A_MONTH, False
    for start in range(0, 2 * bound, SLOWLY):
        nurse.token = await _next_day(ground, nurse)
        for patient in ground.patients[HOME][start : start + SLOWLY]:
            await haul.take(patient, touches=True)
        is_noticed = _is_noticed(ground, nurse.account)
        if is_noticed:
            break
    return DrillResult(
        scenario="insider-slow",
        attacker=f"a nurse's own account: {SLOWLY} strangers a day, for weeks",
        reached=len(haul.reached),
        bound=bound,
        tried=haul.tried,
        seconds=len(haul.reached) / SLOWLY * 24 * 3600,
        stopped_by=_SLOWLY if is_noticed else NOBODY,
    )


async def _next_day(ground: Ground, who: Person) -> str:
    ground.clock.move(timedelta(days=1))
    entered = await ground.sign_in(who.key)
    return "" if isinstance(entered, Refusal) else entered.token


def _is_noticed(ground: Ground, account: str) -> bool:
    """As the patrol would find by now, walking the whole way again."""
    found: list[Slow] = []
    walk = Walk(ground.service.ledger, (Patrol(Limits(), found.append),))
    while walk.is_behind:
        walk.step(int(ground.clock.now().timestamp() * 1_000_000))
    return any(one.account == account for one in found)


async def in_concert(ground: Ground) -> DrillResult:
    """Twenty stolen sessions, each below its own reach."""
    gang = [await ground.person("ward_nurse") for _ in range(GANG)]
    officer = await ground.person("privacy_officer")
    hauls = [Haul(ground, one) for one in gang]
    everybody = ground.patients[HOME]
    for turn in range(REACH):
        for n, haul in enumerate(hauls):
            await haul.take(everybody[(turn * GANG + n) % len(everybody)])
    reached = set().union(*(haul.reached for haul in hauls))
    told = await ground.door.ask(ReadPulse(officer.token), PulseRead)
    is_tripped = isinstance(told, PulseRead) and told.is_tripped
    by = "the circuit breaker: " if is_tripped else ""
    at_work = FLOOR + GANG * _NURSE.soft * SHARE
    return DrillResult(
        scenario="in-concert",
        attacker=f"{GANG} nurses' live sessions, without their passkeys",
        reached=len(reached),
        # One opening trips it, and each session may have one after that.
        bound=int(at_work) + 1 + GANG,
        tried=sum(haul.tried for haul in hauls),
        seconds=hauls[0].seconds,
        stopped_by=after(by, hauls[-1].stop),
    )


async def ways_into_homes(ground: Ground) -> DrillResult:
    """A carer's session with the passkey at hand: the homes of her visits now.

    Eight visits are now and eight this afternoon; a colleague has eight others.
    """
    carer = await ground.person("carer")
    colleague = await ground.person("carer", expects=3 * A_ROUND)
    homes = colleague.expected
    await ground.set_ways_in(homes)
    now = ground.clock.now()
    for number, patient in enumerate(homes[: 2 * A_ROUND]):
        starts = now if number < A_ROUND else now + timedelta(hours=6)
        await ground.plan_visit(carer, patient, starts=starts)
    began, reached, refusals = time.perf_counter(), 0, []
    for patient in homes:
        said = await ground.reads_way_in(carer.token, patient)
        if said == "passkey-due":
            await ground.prove(carer)
            said = await ground.reads_way_in(carer.token, patient)
        reached += not said
        refusals += [said] if said else []
    return DrillResult(
        scenario="ways-into-homes",
        attacker="a carer's session and her passkey, and every way into a home",
        reached=reached,
        counts=WAYS_IN,
        bound=A_ROUND,
        tried=len(homes),
        seconds=time.perf_counter() - began,
        stopped_by=stop_of(refusals),
    )


SCENARIOS: Scenarios = (
    Scenario("phishing-proxy", "A phishing page in between", phishing_proxy, EXPECTED),
    Scenario("stolen-cookie", "A stolen session", stolen_cookie, A_SWEEP),
    Scenario("infostealer", "Malware on a ward PC", infostealer, of_a_day(_NURSE) + 1),
    Scenario(
        "insider-fast",
        "An insider, in a day",
        insider_fast,
        of_a_day(Role.DOCTOR.budget) + 1,
    ),
    Scenario("insider-slow", "An insider, over weeks", insider_slow, 2 * _A_MONTH),
    Scenario("in-concert", "Twenty accounts in concert", in_concert, GANG * REACH),
    Scenario("ways-into-homes", "The ways into homes", ways_into_homes, 3 * A_ROUND),
)
