# SPDX-License-Identifier: Apache-2.0
"""Kiosks: paired by somebody who stands before them, and good for one question.

A kiosk is a program whose key a browser made and cannot give away. Whoever carries the
device off, or copies all that is stored on it, can ask for check-in until it is ended.
"""

import secrets
from collections import OrderedDict

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_secret
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.kiosks import (
    AddKiosk,
    BeginPairing,
    EndKiosk,
    Kiosks as KioskList,
    KioskView,
    ListKiosks,
    Paired,
    PairingBegun,
    PollPairing,
)
from wardkeep.identity import accounts, clients, workplaces
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.factors.client_key import PublicKey, read_key_set
from wardkeep.identity.scopes import KIOSK
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.directory import Directory
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.rights_words import bad, may_manage
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.who_is_who import NO_SUCH_TEAM
from wardkeep.warden.sessions import Session, Sessions, hash_token

PAIRING_SECONDS = 600.0
MOST_PAIRINGS = 256
LONGEST_NAME = 80
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word; no digits that look like letters."""
_CODE_LENGTH = 8
_TAKEN = "-"
NO_SUCH_CODE = bad(
    "No device shows that code. Look at its screen: a code lasts 10 min."
)
NOT_BEGUN = Refusal(
    code="pairing-over",
    why="The code has run out, or the key cannot be used.",
    mend="Begin again on the device.",
)
NO_SUCH_KIOSK = Refusal(
    code="no-such-kiosk",
    why="There is no such kiosk of your organisation.",
    mend="See the list of kiosks.",
)


class _Pairing(msgspec.Struct):
    """A device that waits to be let in."""

    code: str
    key: PublicKey
    until: float
    client_id: str = ""


class Kiosks:
    """Pairs, lists and ends kiosks; what they ask is answered in check_ins.py."""

    def __init__(  # noqa: PLR0913 - the desk works with these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        directory: Directory,
        expected: ExpectedSets,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._directory = directory
        self._expected = expected
        self._trace = trace
        self._clock = clock
        self._pairings: OrderedDict[bytes, _Pairing] = OrderedDict()
        self.desk = Desk(
            at_once={BeginPairing: self._begin, PollPairing: self._poll},
            later={ListKiosks: self._list, EndKiosk: self._end},
            acts={AddKiosk: Acting(self._describe, self._add)},
        )

    # Pairing

    def _begin(self, asked: BeginPairing) -> Answer:
        keys = read_key_set(b'{"keys": [' + asked.jwk[:1000] + b"]}")
        if isinstance(keys, FactorRefused) or len(keys) != 1:
            return NOT_BEGUN
        while len(self._pairings) >= MOST_PAIRINGS:
            self._pairings.popitem(last=False)
        secret = new_secret()
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        until = self._clock.monotonic_seconds() + PAIRING_SECONDS
        self._pairings[hash_token(secret)] = _Pairing(code, keys[0], until)
        return PairingBegun(code, secret, int(PAIRING_SECONDS))

    def _poll(self, asked: PollPairing) -> Answer:
        found = self._pairings.get(hash_token(asked.secret))
        if found is None or found.until < self._clock.monotonic_seconds():
            return NOT_BEGUN
        # Somebody is letting it in at this very moment: it asks again.
        if found.client_id == _TAKEN:
            return Paired("")
        if found.client_id:
            self._pairings.pop(hash_token(asked.secret), None)
        return Paired(found.client_id)

    def _waiting(self, code: str) -> _Pairing | None:
        wanted = "".join(code.upper().split()).replace("-", "")
        now = self._clock.monotonic_seconds()
        for one in self._pairings.values():
            is_open = not one.client_id and one.until >= now
            if is_open and secrets.compare_digest(
                one.code.encode(), wanted.encode("utf-8", "replace")
            ):
                return one
        return None

    async def _describe(
        self, session: Session, act: AddKiosk
    ) -> ActDescription | Refusal:
        refused = may_manage(session)
        if refused is not None:
            return refused
        name = act.name.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            return bad(f"The name has 1 to {LONGEST_NAME} letters.")
        if self._waiting(act.code) is None:
            return NO_SUCH_CODE
        team = await self._team(session, act.team)
        if team is None:
            return NO_SUCH_TEAM
        return ActDescription(
            title=f"Make this device a kiosk: {name}",
            lines=(
                ("Its code", act.code.upper()),
                ("It may", "check people in, one at a time, for two facts"),
                ("For the clinics of", team or "nobody yet"),
            ),
            warning="Do it only while you see the code on the device itself.",
        )

    async def _team(self, session: Session, id_: str) -> str | None:
        """The team's name; empty where none was named, None where there is none."""
        if not id_:
            return ""
        async with self._database.connection() as connection:
            teams = await workplaces.teams_of(connection, session.organisation)
        return next((one.name for one in teams if one.id == id_), None)

    async def _add(self, session: Session, act: AddKiosk) -> Answer:
        waiting = self._waiting(act.code)
        if waiting is None:
            return NO_SUCH_CODE
        # Taken before the database is asked: of two who type it at once, one pairs.
        waiting.client_id = _TAKEN
        made = ""
        try:
            async with self._database.transaction() as connection:
                made = await clients.register_client(
                    connection,
                    organisation=session.organisation_id,
                    name=act.name.strip(),
                    keys=[waiting.key],
                    scope=KIOSK,
                    patients_per_hour=0,
                    clock=self._clock,
                )
                if act.team:
                    await workplaces.join_team(
                        connection, team=act.team, account=made, clock=self._clock
                    )
        finally:
            # Where the database refused, the code is as good as before.
            waiting.client_id = made
        self._directory.remember(made, act.name.strip(), home=session.organisation)
        async with self._database.connection() as connection:
            await self._expected.read_roster(connection, session.organisation)
        self._trace.of_session(session, "add-kiosk", request=f"account {made}")
        return Done()

    # Kiosks of the organisation

    async def _list(self, asked: ListKiosks) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            found = await clients.kiosks_of(connection, session.organisation)
        return KioskList(
            tuple(
                KioskView(
                    one.id,
                    one.name,
                    microseconds_since_epoch(one.created_at),
                    0
                    if one.last_seen is None
                    else microseconds_since_epoch(one.last_seen),
                )
                for one in found
            )
        )

    async def _end(self, asked: EndKiosk) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            found = await clients.kiosks_of(connection, session.organisation)
        if asked.kiosk not in {one.id for one in found}:
            return NO_SUCH_KIOSK
        live = self._sessions.of_account(asked.kiosk)
        for one in live:
            self._sessions.end(one)
        async with self._database.connection() as connection:
            await accounts.end_account(connection, asked.kiosk, clock=self._clock)
        await self._admission.end(
            [*live, *self._sessions.of_account(asked.kiosk)], why="kiosk ended"
        )
        self._trace.of_session(session, "end-kiosk", request=f"account {asked.kiosk}")
        return Done()

    def _allowed(self, token: str) -> Session | Refusal:
        session = self._sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        return may_manage(session) or session
