# SPDX-License-Identifier: Apache-2.0
"""What the warden works for one disclosure, in one process and without a network.

The frames of 64 callers come in, are decoded, judged, written to a real ledger with
one flush a turn, and answered as frames; then the entries are published. The door, its
rules, budgets, breaker, keys and ledger are the product's; there is no socket alone.

Neighbours only add, so the least of many short rounds stands: on a busy machine it is
the figure to compare before and after a change with. `WARDKEEP_BENCH_PROFILE=yes` says
by function where it goes. Instructions are the same whatever else the machine does: of
two counts, of 4 turns and of 24, the difference is that of 1,280 disclosures.

    PYTHONHASHSEED=0 valgrind --tool=callgrind python -m bench.door 24
"""

import asyncio
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.ledgers import KEY, ORIGIN
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.aead import new_key
from wardkeep.disclosure.answers import Answer, Grant, Welcome
from wardkeep.disclosure.message import PROTOCOL
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Hello, Item, Question
from wardkeep.disclosure.sealed import key_identity
from wardkeep.disclosure.wire import FrameReader, answer_decoder, door_decoder, frame
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes, read_scopes
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets, Relationship
from wardkeep.warden.alarms import Alarms
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
from wardkeep.warden.root_keys.plain_file import make_file
from wardkeep.warden.service.batch import Batch
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.socket import Decoder, Listener, _Talk
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Sessions, SignedInAs
from wardkeep.warden.support_grants import SupportGrants
from wardkeep.warden.ways_in import WaysIn

HOME = 1
AT_ONCE = 64
ROUNDS, ROUNDS_OF_MANY = 120, 20
LIST, PAGE = 20, 50
"""Patients in a list that a person asks for, and in a program's page."""
ROUNDS_PUBLISHED, TURNS_A_CHECKPOINT = 3, 16
MICROSECONDS = 1e6


_OF_PAGE = (Tier.RECORD, PAGE)


def signed_in(account: str, role: Role, scopes: Scopes | None = None) -> SignedInAs:
    return SignedInAs(
        account=account,
        display_name="Bench",
        organisation=HOME,
        organisation_name="Bench",
        organisation_slug="bench",
        role=role,
        factor="passkey",
        credential=b"bench",
        device="bench",
        scopes=scopes,
        patients_per_hour=PAGE,
    )


def _row(keys: KeyStore, patient: str, tier: Tier) -> Item:
    identity = key_identity(organisation=HOME, patient=patient, tier=tier)
    wrapped, _ = keys.make_key(HOME, identity)
    return Item(patient, tier, wrapped, (("Observation", new_uuid(), 1),))


def _at_once(asked: Disclose) -> bytes:
    return b"".join(frame(number, asked) for number in range(AT_ONCE))


class Nowhere(asyncio.Transport):
    """Takes what is sent to the caller."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        raise ConnectionAbortedError


class Rig:
    """One session that opens one part of one record, again and again."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.ledger = Ledger.open(
            folder / "ledger", origin=ORIGIN, signing_key=KEY, clock=clock
        )
        keys = KeyStore(make_file(folder / "root", new_key()))
        keys.admit(HOME, keys.make_organisation_key(HOME))
        sessions, trace = Sessions(clock), Trace(self.ledger, clock)
        watch = Watch(
            budgets=Budgets(),
            breaker=Breaker(),
            glass=BrokenGlass(),
            freezes=Freezes(),
            alarms=Alarms(clock),
            limits=Limits(),
            trace=trace,
            clock=clock,
        )
        sessions.is_frozen = watch.freezes.stops
        expected = ExpectedSets()
        self.door = Door(
            keystore=keys,
            ledger=self.ledger,
            sessions=sessions,
            expected=expected,
            contracts=Contracts(),
            erased=ErasedPatients(),
            support=SupportGrants(clock),
            watch=watch,
            ways_in=WaysIn(),
            canaries=Canaries(),
            letters=ApprovedLetters(clock),
            clock=clock,
        )
        account = new_uuid()
        token, _ = sessions.start(signed_in(account, Role.DOCTOR))
        patients = [new_uuid() for _ in range(PAGE)]
        for patient in patients[:LIST]:
            expected.add(
                Relationship(
                    organisation=HOME,
                    account=account,
                    patient=patient,
                    kind="attending",
                    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
        program = signed_in(new_uuid(), Role.SERVICE, read_scopes("system/*.rs"))
        program_token, _ = sessions.start(program)

        def rows(tier: Tier, many: int) -> tuple[Item, ...]:
            return tuple(_row(keys, patient, tier) for patient in patients[:many])

        one, few, many = rows(Tier.RECORD, 1), rows(Tier.BANNER, LIST), rows(*_OF_PAGE)
        care = Purpose.DIRECT_CARE
        self.question = _at_once(Disclose(token, care, "", Action.READ, one))
        self.list = _at_once(Disclose(token, care, "", Action.FIND, few))
        self.page = _at_once(Disclose(program_token, care, "", Action.SEARCH, many))
        self.batch = Batch(self.ledger)
        self.sent = Nowhere()
        self.talk = self._talk()

    def _talk(self) -> _Talk:
        def answer(question: Question, reply: Callable[[Answer], None]) -> None:
            self.batch.send_when_written(
                reply, self.door.disclose(cast("Disclose", question))
            )

        listener = Listener(
            decoder=cast("Decoder", door_decoder), answerer=answer, only_user=None
        )
        talk = _Talk(listener)
        talk.connection_made(self.sent)
        return talk

    async def greet(self) -> None:
        self.talk.data_received(frame(0, Hello(PROTOCOL, "bench")))
        await self.turn()
        if not isinstance(self.answers()[0], Welcome):
            raise TypeError

    async def ask(self, question: bytes = b"") -> None:
        """All callers ask at once, and each is answered."""
        self.talk.data_received(question or self.question)
        while not self.sent.sent:
            await self.turn()

    async def turn(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def answers(self) -> list[Answer]:
        """What was sent since it was last asked."""
        frames = FrameReader().feed(b"".join(self.sent.sent))
        self.sent.sent.clear()
        return [answer_decoder.decode(body) for _, body in frames]


def run() -> dict[str, float]:
    """Microseconds of processor time a disclosure, and an entry that is published."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, float]:
    rig = Rig(folder)
    await rig.greet()
    await rig.ask()
    answers = rig.answers()
    if len(answers) != AT_ONCE or not all(isinstance(one, Grant) for one in answers):
        raise TypeError(answers[0])
    if os.environ.get("WARDKEEP_BENCH_PROFILE") == "yes":
        await _profile(rig)
    spent: list[float] = []
    published: list[float] = []
    rig.ledger.publish()
    for _ in range(ROUNDS):
        began = time.thread_time()
        await rig.ask()
        spent.append((time.thread_time() - began) / AT_ONCE * MICROSECONDS)
        rig.sent.sent.clear()
    for _ in range(ROUNDS_PUBLISHED):
        for _ in range(TURNS_A_CHECKPOINT):
            await rig.ask()
            rig.sent.sent.clear()
        began = time.thread_time()
        rig.ledger.publish()
        many = AT_ONCE * TURNS_A_CHECKPOINT
        published.append((time.thread_time() - began) / many * MICROSECONDS)
    judged = _judged(rig)
    keys = {
        f"µs a key, lists of {LIST}": await _a_key(rig, rig.list, LIST),
        f"µs a key, pages of {PAGE}": await _a_key(rig, rig.page, PAGE),
    }
    rig.ledger.close()
    return keys | {
        "µs a disclosure, 64 at once: decoded to answered": min(spent),
        "the same, the median round": sorted(spent)[len(spent) // 2],
        "of it judged and its entry made": judged,
        "µs to publish, with 1,024 entries a checkpoint": min(published),
    }


async def _a_key(rig: Rig, question: bytes, patients: int) -> float:
    """One entry names all of a question's patients, and each has a key of its own."""
    spent: list[float] = []
    for _ in range(ROUNDS_OF_MANY):
        began = time.thread_time()
        await rig.ask(question)
        spent.append((time.thread_time() - began) / AT_ONCE / patients * MICROSECONDS)
        answers = rig.answers()
        released = sum(len(one.keys) for one in answers if isinstance(one, Grant))
        if released != AT_ONCE * patients:
            raise TypeError(answers[0])
    return min(spent)


def _judged(rig: Rig) -> float:
    """The door alone; what it appended is written outside the measured time."""
    reader = FrameReader().feed(rig.question)
    asked = [cast("Disclose", door_decoder.decode(body)) for _, body in reader]
    spent: list[float] = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for one in asked:
            rig.door.disclose(one)
        spent.append((time.thread_time() - began) / AT_ONCE * MICROSECONDS)
        rig.ledger.commit()
    return min(spent)


async def _profile(rig: Rig) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(ROUNDS // 4):
        await rig.ask()
        rig.sent.sent.clear()
    profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(45)


async def _turns(turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        await rig.greet()
        for _ in range(turns):
            await rig.ask()
            rig.sent.sent.clear()
        rig.ledger.close()


if __name__ == "__main__":
    asyncio.run(_turns(int(sys.argv[1])))
