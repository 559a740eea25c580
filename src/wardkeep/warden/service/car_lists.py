# SPDX-License-Identifier: Apache-2.0
"""Signing for a car's list that goes onto a phone, and whether it is to stay there.

The passkey signs for these people until that time; the door then gives what a list
says of them, one at a time, for five minutes, to that session. The phone's voucher is
the warden's own word: after a valley there is no session any more, and a list whose
owner was frozen or has left goes at the next contact all the same.
"""

from contextlib import suppress
from datetime import timedelta

import msgspec

from wardkeep.base.clock import LONDON, Clock, from_microseconds
from wardkeep.base.ids import is_fhir_id
from wardkeep.base.time_of_day import time_of_day
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key
from wardkeep.crypto.derive import derive
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.car_lists import (
    LONGEST_HOURS,
    LONGEST_NAME,
    AskList,
    ListStanding,
    ReadSignedList,
    SignedListView,
    TakeList,
)
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.identity import accounts, credentials
from wardkeep.identity.roles import Role
from wardkeep.warden.car_lists import TAKEN_WITHIN_SECONDS, SignedList
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.rules.carried_lists_are_signed import NOT_SIGNED
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.session_parts import ByApp
from wardkeep.warden.sessions import Session, Sessions

_LONGEST_VOUCHER = 2_000
_IDENTITY = "car-list-voucher|1|{organisation}"
_NONE_SIGNED = Refusal(
    code=NOT_SIGNED,
    why="Nobody signed for this list, or it was longer ago than five minutes.",
    mend="Press Take this list with me again, and use your passkey.",
)


class Voucher(msgspec.Struct, frozen=True, array_like=True):
    """Whose list lies on a phone, and until when."""

    organisation: int
    account: str
    credential: bytes
    role: Role
    until: int
    """UTC microseconds since 1970."""

    @property
    def app(self) -> ByApp | None:
        """No app takes a list."""
        return None


class CarLists:
    """Takes signatures for lists, and says which are to stay."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        watch: Watch,
        keystore: KeyStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._watch = watch
        self._keystore = keystore
        self._clock = clock
        self.desk = Desk(
            at_once={ReadSignedList: self._read},
            later={AskList: self._ask},
            acts={
                TakeList: Acting(self._describe, self._sign, needs_device_bound=False)
            },
        )

    async def _describe(
        self, session: Session, act: TakeList
    ) -> ActDescription | Refusal:
        homes = self._watch.budget(session).homes
        if not session.is_watched or not homes:
            return NOT_YOUR_WORK
        refused = self._fault_in(act, homes)
        if refused is not None:
            return refused
        until = from_microseconds(act.until).astimezone(LONDON)
        return ActDescription(
            title="Take a car’s list onto a phone",
            lines=(
                ("Car", act.car),
                ("People", str(len(act.patients))),
                ("Until", f"{until:%d-%b-%Y} {time_of_day(until)}"),
            ),
            warning="It lies sealed on this phone; only this passkey opens it there."
            " Ways into homes are never in it.",
        )

    def _fault_in(self, act: TakeList, homes: int) -> Refusal | None:
        named = act.patients
        if not 1 <= len(named) <= homes or len(set(named)) < len(named):
            return bad(f"A list for a phone has {homes} people at most, each once.")
        if not all(map(is_fhir_id, named)) or len(act.car) > LONGEST_NAME:
            return bad("Name the people by their ids, and the car.")
        now = self._clock.now().timestamp()
        longest = timedelta(hours=LONGEST_HOURS).total_seconds()
        if not 0 < act.until / 1_000_000 - now <= longest:
            return bad(f"A list lies on a phone for {LONGEST_HOURS} hours at most.")
        return None

    async def _sign(self, session: Session, act: TakeList) -> Answer:
        until = self._clock.monotonic_seconds() + TAKEN_WITHIN_SECONDS
        session.car_list = SignedList(
            act=act, until_monotonic=until, credential=session.confirmed_with
        )
        return Done()

    def _read(self, asked: ReadSignedList) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        signed = session.car_list
        now = self._clock.monotonic_seconds()
        if signed is None or not signed.covers(signed.act.patients[0], now=now):
            return _NONE_SIGNED
        return SignedListView(act=signed.act, voucher=self._voucher(session, signed))

    def _voucher(self, session: Session, signed: SignedList) -> bytes:
        organisation = session.organisation
        made = Voucher(
            organisation=organisation,
            account=session.account,
            credential=signed.credential,
            role=session.role,
            until=signed.act.until,
        )
        cipher = _cipher(self._keystore.pack_keys(organisation)[0])
        sealed = cipher.seal(msgspec.msgpack.encode(made), _identity(organisation))
        return organisation.to_bytes(8) + sealed

    async def _ask(self, asked: AskList) -> Answer:
        found = self._opened(asked.voucher)
        if found is None or found.until <= self._clock.now().timestamp() * 1_000_000:
            return ListStanding(stays=False)
        if self._watch.freezes.of(found) is not None:
            return ListStanding(stays=False)
        async with self._database.connection() as connection:
            works = await accounts.memberships_of(
                connection, found.account, clock=self._clock
            )
            passkey = await credentials.find(connection, found.credential)
        # Whoever lost the phone has its passkey revoked, and knows of no freeze.
        is_good = passkey is not None and passkey.revoked_at is None
        is_here = any(
            one.organisation == found.organisation and one.role is found.role
            for one in works
        )
        return ListStanding(stays=is_good and is_here)

    def _opened(self, voucher: bytes) -> Voucher | None:
        """None where we did not make it, or its key is gone: it is taken anew then."""
        organisation = int.from_bytes(voucher[:8])
        if len(voucher) > _LONGEST_VOUCHER or (
            organisation not in self._keystore.organisations
        ):
            return None
        for key in self._keystore.pack_keys(organisation):
            with suppress(BoxCannotBeOpenedError, msgspec.DecodeError):
                plain = _cipher(key).open(voucher[8:], _identity(organisation))
                return msgspec.msgpack.decode(plain, type=Voucher)
        return None


def _cipher(key: Key) -> Cipher:
    return Cipher(derive(key, "car-list-vouchers"))


def _identity(organisation: int) -> bytes:
    return _IDENTITY.format(organisation=organisation).encode()
