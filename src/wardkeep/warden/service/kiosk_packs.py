# SPDX-License-Identifier: Apache-2.0
"""Kiosks' packs: today's appointments of their clinics, for when we cannot be reached.

Each person's entry is sealed under what they themselves can say and a secret that goes
to the device's memory alone. No record is opened for it: the warden turns the tokens of
birth date and first letters back, which nobody else can. Everybody in a pack is named
in the ledger once a day: a device that is never seen again had them all.
"""

import asyncio
import base64
import hmac
import itertools
import os
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import LONDON, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.aead import (
    OVERHEAD_BYTES,
    BoxCannotBeOpenedError,
    Cipher,
    Key,
    new_key,
)
from wardkeep.crypto.derive import derive
from wardkeep.crypto.es256 import base64url
from wardkeep.crypto.guessable import ROUNDS, TAG_BYTES, Lock, lock_of, salt_of
from wardkeep.crypto.sealed_for import is_point, seal_for
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.check_in import CheckInAnswer
from wardkeep.disclosure.kiosk_packs import (
    MOST_STOPS,
    AskKioskPack,
    Content,
    KioskPack,
    MergeCapture,
    Stop,
    box_identity,
    entry_label,
    fact_of,
    pack_audience,
)
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.identity import arrivals, clients, own_records
from wardkeep.identity.expected_at import Booked, expected_at
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.factors.client_key import Signed, claim, verify
from wardkeep.identity.known_facts import Facts, KnownFacts
from wardkeep.identity.scopes import KIOSK
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.log import Ledger
from wardkeep.teams.rosters import Roster
from wardkeep.warden.contracts import PACKED
from wardkeep.warden.service.admission import Ticket
from wardkeep.warden.service.check_ins import (
    TICKET_LASTS,
    CheckInParts,
    member_of,
)
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.explaining import BY_CHECK_IN
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.slow_keys import SlowKeys
from wardkeep.warden.sessions import Session

MOST_PEOPLE = 3_000
"""One pack's: the busiest published hospital has 2,200 a day (domain.md, F.2)."""
PACKS_AN_HOUR = 30
MERGED_AN_HOUR = MOST_PEOPLE
"""A voucher is worth what facts are: somebody typed them at the device."""
MOST_USES = 200
"""Of one voucher a day: what cannot be written yet is sent again every 30 s, for 100
minutes; what was written is told the same."""
MERGED_WITHIN = timedelta(days=2)
MOST_ENTRIES = 5_000
"""Who has several names has several: with these a pack stays below a frame's 8 MiB."""
PEOPLE_AN_ENTRY = 100
MOST_KNOWN = 16
"""Organisations whose facts are kept at once, 10 MB each; others have theirs anew."""
_SLICE = 20
"""Entries sealed between two looks at what else there is to do: half a millisecond."""
SEALED = "Sealed, for a kiosk without the server: opened by what the person can say"
MARK_BYTES = 16
ENTRY_BYTES = 1_024
"""Three stops with the longest ids that there are take 880."""
FILLED_UP_TO = 50
"""Entries of nobody make the number a multiple of this: it says little of the day."""
_HOUR = 3600.0
_GONE = frozenset({"cancelled", "entered-in-error"})
_OVER = frozenset({"fulfilled", "noshow"})
_TOO_OFTEN = Refusal(
    code="too-often",
    why="This kiosk asked for its pack a moment ago.",
    mend="It asks again by itself.",
)
_NOT_ITS_KEY = Refusal(
    code="not-its-key",
    why="The kiosk's own key did not sign for this one.",
    mend="End the kiosk, and pair the device anew.",
)


class Voucher(msgspec.Struct, frozen=True, array_like=True):
    """What an entry holds for us: whom it was for. It is bound to its kiosk."""

    patient: str
    appointment: str
    day: str
    mark: bytes = b""
    """Random, one for the day: who knows a key that is gone forges none with it."""


class _Row(NamedTuple):
    """An entry before it is sealed: by which facts, and what it says."""

    born: str
    family: str
    given: str
    content: Content


class _Maker(NamedTuple):
    """For whom a pack is made."""

    kiosk: Session
    day: date
    places: tuple[str, ...]
    cipher: Cipher
    """Seals vouchers."""
    marks: dict[str, bytes]
    """Of its vouchers of the day, by appointment."""


class KioskPacks:
    """Makes packs, and gives a ticket for what a kiosk brings back."""

    def __init__(self, parts: CheckInParts, ledger: Ledger) -> None:
        self._parts = parts
        self._ledger = ledger
        self._slow = SlowKeys(parts.clock)
        self._known: OrderedDict[int, KnownFacts] = OrderedDict()
        self._named: dict[str, tuple[date, set[str]]] = {}
        self._asked: dict[str, deque[float]] = {}
        self._used: dict[bytes, int] = {}
        self._used_on = date.min
        self._marks: dict[tuple[str, date], dict[str, bytes]] = {}
        """By kiosk and day, what its vouchers of each appointment hold."""
        self._sealed_by: dict[int, dict[Key, float]] = {}
        """By organisation, keys of vouchers and when each was last in use."""
        self.desk = Desk(later={AskKioskPack: self._make, MergeCapture: self._merge})

    # Making

    async def _make(self, asked: AskKioskPack) -> Answer:
        kiosk = self._kiosk(asked.session)
        if isinstance(kiosk, Refusal):
            return kiosk
        if not await self._is_its_key(kiosk, asked):
            return _NOT_ITS_KEY
        if self._is_too_often(kiosk.account):
            return _TOO_OFTEN
        maker = self._maker(kiosk)
        known = await self._facts(maker)
        async with self._parts.database.connection() as connection:
            people = await self._people(connection, maker)
            rows = await self._rows(connection, maker, people, known)
        self._name(maker, people)
        return await self._sealed(maker, asked.point, rows)

    def _kiosk(self, token: str) -> Session | Refusal:
        sessions = self._parts.known.sessions
        kiosk = sessions.use_only(token, KIOSK)
        if kiosk is not None:
            return kiosk
        return NOT_SIGNED_IN if sessions.use(token) is None else NOT_YOUR_WORK

    async def _is_its_key(self, kiosk: Session, asked: AskKioskPack) -> bool:
        """Whether the device itself asks: a token that was stolen has no key."""
        claimed = claim(asked.assertion)
        if isinstance(claimed, FactorRefused) or not is_point(asked.point):
            return False
        async with self._parts.database.connection() as connection:
            registered = await clients.find_registered(
                connection, account=kiosk.account, key_id=claimed.key_id
            )
        if registered is None or claimed.account != kiosk.account:
            return False
        audience = pack_audience(base64url(asked.point))
        held = verify(
            asked.assertion, claimed=claimed, jwk=registered.jwk, audience=audience
        )
        return isinstance(held, Signed)

    def _is_too_often(self, kiosk: str) -> bool:
        now = self._parts.clock.monotonic_seconds()
        asked = self._asked.setdefault(kiosk, deque())
        while asked and asked[0] < now - _HOUR:
            asked.popleft()
        if len(asked) >= PACKS_AN_HOUR:
            return True
        asked.append(now)
        return False

    def _maker(self, kiosk: Session) -> _Maker:
        roster = self._parts.known.expected.rosters.get(kiosk.organisation, Roster())
        now = self._parts.clock.now()
        day = now.astimezone(LONDON).date()
        names = roster.names_of(kiosk.account, microseconds_since_epoch(now))
        places = sorted(one.partition("/")[2] for one in names if _is_place(one))
        return _Maker(
            kiosk=kiosk,
            day=day,
            places=tuple(places),
            cipher=_vouchers(self._voucher_keys(kiosk.organisation)[0]),
            marks=self._marks_of(kiosk.account, day),
        )

    def _marks_of(self, kiosk: str, day: date) -> dict[str, bytes]:
        """Kept as long as a voucher is good; a warden that begins anew has none."""
        for old in [one for one in self._marks if day - one[1] >= MERGED_WITHIN]:
            del self._marks[old]
        return self._marks.setdefault((kiosk, day), {})

    def _voucher_keys(self, organisation: int) -> list[Key]:
        """The newest, then those that vouchers may lie under that are still good.

        A kiosk that was without us while its organisation's key was replaced brings
        back what the key before sealed: people who were told that they are checked in.
        """
        now = self._parts.clock.monotonic_seconds()
        in_use = self._parts.known.keystore.pack_keys(organisation)
        known = self._sealed_by.get(organisation, {}) | dict.fromkeys(in_use, now)
        oldest = now - MERGED_WITHIN.total_seconds()
        known = {key: at for key, at in known.items() if at >= oldest}
        self._sealed_by[organisation] = known
        return [*in_use, *(key for key in known if key not in in_use)]

    async def _people(
        self, connection: Connection, maker: _Maker
    ) -> dict[str, list[Booked]]:
        """By patient, what they come for: whom the kiosk expects, and nobody else."""
        organisation, now = maker.kiosk.organisation, self._parts.clock.now()
        found: dict[str, list[Booked]] = {}
        for one in await expected_at(connection, organisation, maker.places, maker.day):
            why = one.patient in found or self._parts.known.expected.explains(
                account=maker.kiosk.account,
                organisation=organisation,
                patient=one.patient,
                at=now,
            )
            if why and (one.patient in found or len(found) < MOST_PEOPLE):
                found.setdefault(one.patient, []).append(one)
        return found

    async def _rows(
        self,
        connection: Connection,
        maker: _Maker,
        people: Mapping[str, Sequence[Booked]],
        known: KnownFacts,
    ) -> list[_Row]:
        rows: list[_Row] = []
        for booked in people.values():
            facts = known.of(booked[0].tokens)
            content = Content(stops=tuple(_stops(maker, booked)))
            for born, family in itertools.product(facts.born, facts.family):
                one = _Row(born, family, "", content)
                rows += await self._told_apart(connection, maker, one, facts)
        return rows

    async def _facts(self, maker: _Maker) -> KnownFacts:
        """Made anew each day, and where another key is searched by since."""
        organisation, keystore = maker.kiosk.organisation, self._parts.known.keystore
        key = keystore.tokens_of(organisation).fingerprint
        known = self._known.pop(organisation, None)
        if known is None or (known.day, known.key) != (maker.day, key):
            known = await KnownFacts.on(
                maker.day, lambda terms: keystore.tokens(organisation, terms), key=key
            )
        self._known[organisation] = known
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    async def _told_apart(
        self, connection: Connection, maker: _Maker, one: _Row, facts: Facts
    ) -> list[_Row]:
        """The entry; of two who share the facts, one that asks and one that knows."""
        if await self._is_one(connection, maker, one):
            return [one]
        asks = one._replace(content=Content(needs_more=True))
        more = [one._replace(given=given) for given in facts.given]
        found = [it for it in more if await self._is_one(connection, maker, it)]
        return [asks, *found]

    async def _is_one(self, connection: Connection, maker: _Maker, one: _Row) -> bool:
        """Whether nobody else of the organisation has these facts, expected or not."""
        organisation = maker.kiosk.organisation
        terms = arrivals.terms_of(date.fromisoformat(one.born), one.family, one.given)
        tokens = self._parts.known.keystore.tokens(organisation, terms)
        found = await own_records.people_with(connection, organisation, tokens)
        return len(found) == 1

    def _name(self, maker: _Maker, people: Mapping[str, Sequence[Booked]]) -> None:
        """Everybody once a day and kiosk, however often the pack is made anew."""
        kiosk = maker.kiosk
        day, named = self._named.get(kiosk.account, (maker.day, set()))
        if day != maker.day:
            named = set()
        new = [one for one in people if one not in named]
        for start in range(0, len(new), PEOPLE_AN_ENTRY):
            some = new[start : start + PEOPLE_AN_ENTRY]
            entry = self._parts.door.entry_of(
                kiosk,
                action=PACKED,
                purpose=Purpose.PATIENT_REQUEST.value,
                reason=SEALED,
                request=f"pack of {maker.day.isoformat()}",
                subjects=[_subject(one, people[one]) for one in some],
            )
            self._ledger.append(entry)
        self._named[kiosk.account] = (maker.day, named.union(new))

    async def _sealed(
        self, maker: _Maker, point: bytes, rows: Sequence[_Row]
    ) -> KioskPack:
        organisation, id_ = maker.kiosk.organisation, new_uuid()
        salt = salt_of(
            self._parts.known.keystore.pack_keys(organisation)[0],
            f"kiosk-salt {maker.day.isoformat()}",
        )
        rows = rows[:MOST_ENTRIES]
        facts = [fact_of(one.born, one.family, one.given) for one in rows]
        slow = await self._slow.of(facts, salt=salt, day=maker.day)
        secret, label = new_key(), entry_label(id_)
        entries: dict[bytes, bytes] = {}
        for number, (one, fact) in enumerate(zip(rows, facts, strict=True)):
            if fact in slow:
                lock = lock_of(slow[fact], secret, label)
                entries[lock.tag] = _entry(lock, one.content)
            if not number % _SLICE:
                await asyncio.sleep(0)
        while len(entries) % FILLED_UP_TO:
            tag, rest = _nobodys()
            entries[tag] = tag + rest
        now = self._parts.clock.now()
        return KioskPack(
            id=id_,
            day=maker.day.isoformat(),
            made_at=microseconds_since_epoch(now),
            until=microseconds_since_epoch(_end_of(maker.day)),
            salt=salt,
            rounds=ROUNDS,
            box=seal_for(point, secret, box_identity(organisation, id_)),
            entries=tuple(entries[tag] for tag in sorted(entries)),
            places=maker.places,
            left=sum(1 for fact in facts if fact not in slow),
        )

    # Merging

    async def _merge(self, asked: MergeCapture) -> Answer:
        kiosk = self._kiosk(asked.session)
        if isinstance(kiosk, Refusal):
            return kiosk
        voucher = self._opened(kiosk, asked.voucher)
        if voucher is None or not self._is_good(voucher, asked.voucher):
            return CheckInAnswer("go-to-the-desk")
        ticket = Ticket(
            patient=voucher.patient,
            patients_per_hour=MERGED_AN_HOUR,
            until=self._parts.clock.now() + TICKET_LASTS,
            device=kiosk.display_name,
            appointment=voucher.appointment,
            told="from its pack",
        )
        subject = Subject.about(
            patient=voucher.patient, tier="", relationship="", resources=()
        )
        token = self._parts.admission.admit_ticket(
            member_of(kiosk), ticket, subject=subject
        )
        return CheckInAnswer("go-on", token)

    def _opened(self, kiosk: Session, sealed: bytes) -> Voucher | None:
        """What the kiosk's own pack held; None where it is another's, or nobody's."""
        identity = _voucher_identity(kiosk)
        in_use = self._parts.known.keystore.pack_keys(kiosk.organisation)
        for key in self._voucher_keys(kiosk.organisation):
            with suppress(BoxCannotBeOpenedError):
                plain = _vouchers(key).open(sealed, identity)
                voucher = msgspec.msgpack.decode(plain, type=Voucher)
                is_ours = key in in_use or self._is_marked(kiosk, voucher)
                return voucher if is_ours else None
        return None

    def _is_marked(self, kiosk: Session, voucher: Voucher) -> bool:
        """Whether we made it: whoever has its key, which is gone, cannot say so."""
        made = self._marks.get((kiosk.account, date.fromisoformat(voucher.day)), {})
        mark = made.get(voucher.appointment)
        return mark is not None and hmac.compare_digest(mark, voucher.mark)

    def _is_good(self, voucher: Voucher, sealed: bytes) -> bool:
        now = self._parts.clock.now()
        day = date.fromisoformat(voucher.day)
        if not timedelta() <= now - _begin_of(day) < MERGED_WITHIN:
            return False
        if self._used_on != now.date():
            self._used, self._used_on = {}, now.date()
        self._used[sealed] = self._used.get(sealed, 0) + 1
        return self._used[sealed] <= MOST_USES


def _is_place(reference: str) -> bool:
    return reference.startswith("Location/")


def _stops(maker: _Maker, booked: Sequence[Booked]) -> Iterator[Stop]:
    identity = _voucher_identity(maker.kiosk)
    for one in booked[:MOST_STOPS]:
        mark = maker.marks.setdefault(one.appointment, os.urandom(MARK_BYTES))
        voucher = Voucher(one.patient, one.appointment, maker.day.isoformat(), mark)
        sealed = maker.cipher.seal(msgspec.msgpack.encode(voucher), identity)
        yield Stop(
            base64.b64encode(sealed).decode(),
            maker.places.index(one.place),
            int(one.starts_at.timestamp()),
            _standing(one),
        )


def _standing(one: Booked) -> str:
    if one.is_in:
        return "in"
    if one.status in _GONE:
        return "cancelled"
    return "over" if one.status in _OVER else "booked"


def _vouchers(key: Key) -> Cipher:
    return Cipher(derive(key, "kiosk-vouchers"))


def _voucher_identity(kiosk: Session) -> bytes:
    return f"kiosk-voucher|1|{kiosk.organisation}|{kiosk.account}".encode()


def _subject(patient: str, booked: Sequence[Booked]) -> Subject:
    return Subject.about(
        patient=patient,
        tier=Tier.BANNER.word,
        relationship=BY_CHECK_IN,
        resources=[("Appointment", one.appointment, 0) for one in booked[:MOST_STOPS]],
    )


def _entry(lock: Lock, content: Content) -> bytes:
    plain = msgspec.json.encode(content).ljust(ENTRY_BYTES)
    return lock.tag + Cipher(lock.key).seal(plain, lock.tag)


def _nobodys() -> tuple[bytes, bytes]:
    """A tag and a box that no fact finds and no key opens."""
    return os.urandom(TAG_BYTES), os.urandom(ENTRY_BYTES + OVERHEAD_BYTES)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)


def _end_of(day: date) -> datetime:
    return _begin_of(day + timedelta(days=1))
