# SPDX-License-Identifier: Apache-2.0
"""Step-up: a dangerous act is done only with a fresh passkey, bound to that very act.

A stolen session alone does none of them. The challenge carries the act's own bytes, so
that what the authenticator signed is this act and no other; the signature is kept
(signed_acts.py) and the ledger names it before the act is done.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.confirming import (
    Act,
    BeginConfirm,
    DescribeAct,
    FinishConfirm,
)
from wardkeep.identity import accounts
from wardkeep.identity.credentials import Credential
from wardkeep.identity.roles import NEED_DEVICE
from wardkeep.warden import signed_acts
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.ceremonies import Ceremonies, Unproven
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.said import (
    DEVICE_BOUND,
    LEDGER_CANNOT_WRITE,
    NOT_SIGNED_IN,
    NOT_UNDERSTOOD,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions
from wardkeep.warden.signed_acts import SignedAct, content_of

NOT_CONFIRMED = Refusal(
    code="not-confirmed",
    why="That passkey did not confirm it.",
    mend="Try again, with a passkey of your own.",
)
_CONFIRM = "confirm"
_encoder = msgspec.msgpack.Encoder()


class Confirming:
    """Puts acts into words, has them signed, and has them done."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        ceremonies: Ceremonies,
        budgets: Budgets,
        trace: Trace,
        clock: Clock,
        written: Written,
        desks: Sequence[Desk],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._ceremonies = ceremonies
        self._budgets = budgets
        self._trace = trace
        self._clock = clock
        self._written = written
        self._acts = {kind: one for desk in desks for kind, one in desk.acts.items()}
        self.desk = Desk(
            later={
                DescribeAct: self._describe,
                BeginConfirm: self._begin,
                FinishConfirm: self._finish,
            }
        )

    async def _describe(self, asked: DescribeAct) -> Answer:
        found = self._acting(asked.session, asked.act)
        if isinstance(found, Refusal):
            return found
        session, acting = found
        return await acting.describe(session, asked.act)

    async def _begin(self, asked: BeginConfirm) -> Answer:
        found = self._acting(asked.session, asked.act)
        if isinstance(found, Refusal):
            return found
        session, acting = found
        described = await acting.describe(session, asked.act)
        if isinstance(described, Refusal):
            return described
        act = await _signed(session, acting, asked.act)
        return await self._ceremonies.begin_bound(
            _CONFIRM,
            _bound(session, act),
            account=session.account,
            content=content_of(session.id, act),
        )

    async def _finish(self, asked: FinishConfirm) -> Answer:
        found = self._acting(asked.session, asked.act)
        if isinstance(found, Refusal):
            return found
        session, acting = found
        signed = await _signed(session, acting, asked.act)
        credential = await self._confirmed(session, acting, asked.response, signed)
        if isinstance(credential, Refusal):
            return credential
        described = await acting.describe(session, asked.act)
        if isinstance(described, Refusal):
            return described
        evidence = SignedAct(
            organisation=session.organisation,
            account=session.account,
            session=session.id,
            credential=credential.id,
            title=described.title,
            act=signed,
            response=asked.response,
            signed_at=self._clock.now(),
        )
        if not await self._kept(session, evidence):
            return LEDGER_CANNOT_WRITE
        session.confirmed_with = credential.id
        return await acting.perform(session, asked.act)

    async def _confirmed(
        self, session: Session, acting: Acting, response: bytes, signed: bytes
    ) -> Credential | Refusal:
        """The passkey that signed this act just now."""
        proven = await self._ceremonies.finish_assertion(
            _CONFIRM, response, _bound(session, signed)
        )
        if isinstance(proven, Unproven):
            return self._refuse(session, proven.code, NOT_CONFIRMED)
        credential = proven.credential
        if credential.account != session.account:
            return self._refuse(session, "wrong-account", NOT_CONFIRMED)
        if credential.is_backup_eligible and await self._must_stay(session, acting):
            return self._refuse(session, DEVICE_BOUND.code, DEVICE_BOUND)
        return credential

    async def _must_stay(self, session: Session, acting: Acting) -> bool:
        """Whether a passkey that its maker copies between devices will not do.

        What concerns one's own account reaches all of one's work: a copied passkey must
        not make the one that guarded work elsewhere asks for.
        """
        if not acting.is_own:
            return acting.needs_device_bound
        async with self._database.connection() as connection:
            works = await accounts.memberships_of(
                connection, session.account, clock=self._clock
            )
        return any(one.role in NEED_DEVICE for one in works)

    async def _kept(self, session: Session, evidence: SignedAct) -> bool:
        """Keep the evidence and name it in the ledger, before anything is done."""
        self._budgets.touched(session.id, (session.organisation, session.account))
        session.passkey_used_monotonic = session.last_used_monotonic
        async with self._database.connection() as connection:
            id_ = await signed_acts.keep(connection, evidence)
        self._trace.of_session(
            session, "confirm", reason=evidence.title, request=f"signed act {id_}"
        )
        return await self._written()

    def _acting(self, token: str, act: Act) -> tuple[Session, Acting] | Refusal:
        acting = self._acts.get(type(act))
        is_own = acting is not None and acting.is_own
        session = (self._sessions.use_own if is_own else self._sessions.use)(token)
        if session is None or session.scopes is not None:
            return NOT_SIGNED_IN
        return NOT_UNDERSTOOD if acting is None else (session, acting)

    def _refuse(self, session: Session, code: str, refusal: Refusal) -> Refusal:
        entry = self._trace.of_session(session, "confirm", outcome=f"refusal:{code}")
        return msgspec.structs.replace(refusal, entry=entry)


async def _signed(session: Session, acting: Acting, act: Act) -> bytes:
    """What is signed: the act, and whatever it names by an id alone."""
    encoded = _encoder.encode(act)
    if acting.refers_to is None:
        return encoded
    return encoded + await acting.refers_to(session, act)


def _bound(session: Session, act: bytes) -> str:
    return f"{session.id} {hashlib.sha256(act).hexdigest()}"
