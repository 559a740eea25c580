# SPDX-License-Identifier: Apache-2.0
"""Live sessions, in memory for every question and in the database for restarts.

The token is a secret that only its cookie holds: here and in the database lies its
SHA-256. Limits: NIST SP 800-63B-4 section 2.2.3 (AAL2) and NHS login's session rules:
30 minutes idle, 12 hours in all.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId, new_secret, new_uuid
from wardkeep.disclosure.answers import SessionView
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 60 * 60
LONGEST_OF_PROGRAM_SECONDS = 60 * 60
"""SMART Backend Services recommends minutes; an access token is asked for anew."""
REASON_HOLDS_SECONDS = 60 * 60
MAX_REASONS_HELD = 256


class HeldReason(msgspec.Struct, frozen=True):
    """A reason given for a patient, good for the next pages of the same opening."""

    purpose: str
    reason: str
    until_monotonic: float


class Session(msgspec.Struct, kw_only=True, eq=False):
    """One sign-in, from its factor to its end."""

    id: str
    token_hash: bytes
    account: str
    display_name: str
    organisation: int
    organisation_name: str
    organisation_slug: str
    role: Role
    factor: str
    credential: bytes
    device: str
    started_at: datetime
    expires_at: datetime
    last_used_at: datetime
    last_used_monotonic: float
    expires_monotonic: float
    scopes: Scopes | None = None
    """Of a program; None for people."""
    patients_per_hour: int = 0
    reasons: dict[str, HeldReason] = msgspec.field(default_factory=dict)
    passkeys_open_until: float = 0.0
    """By the monotonic clock: until then passkeys may be added and revoked."""
    tokens_computed: int = 0
    is_changed: bool = False

    def hold_reason(self, patient: str, held: HeldReason) -> None:
        """Remember a typed reason; the oldest is forgotten when there are many."""
        self.reasons.pop(patient, None)
        if len(self.reasons) >= MAX_REASONS_HELD:
            self.reasons.pop(next(iter(self.reasons)))
        self.reasons[patient] = held

    def held_reason(self, patient: str, now_monotonic: float) -> HeldReason | None:
        held = self.reasons.get(patient)
        if held is None or held.until_monotonic < now_monotonic:
            return None
        return held

    @property
    def organisation_id(self) -> OrganisationId:
        return OrganisationId(self.organisation)

    def view(self, now_monotonic: float = 0.0) -> SessionView:
        return SessionView(
            session=self.id,
            account=self.account,
            display_name=self.display_name,
            organisation=self.organisation,
            organisation_name=self.organisation_name,
            organisation_slug=self.organisation_slug,
            role=self.role.value,
            role_title=self.role.title,
            factor=self.factor,
            started_at=microseconds_since_epoch(self.started_at),
            last_used_at=microseconds_since_epoch(self.last_used_at),
            expires_at=microseconds_since_epoch(self.expires_at),
            device=self.device,
            scope="" if self.scopes is None else self.scopes.text,
            may_change_passkeys=now_monotonic < self.passkeys_open_until,
        )


def hash_token(token: str) -> bytes:
    """What is stored of a session's secret."""
    return hashlib.sha256(token.encode()).digest()


class SignedInAs(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs in, where, and by which factor: what a session is made of."""

    account: str
    display_name: str
    organisation: int
    organisation_name: str
    organisation_slug: str
    role: Role
    factor: str
    credential: bytes
    device: str
    scopes: Scopes | None = None
    patients_per_hour: int = 0
    until: datetime | None = None
    """When the work ends that this session is for; None: no such moment is known."""


class Sessions:
    """Every live session, found by the hash of its token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_hash: dict[bytes, Session] = {}

    def start(self, who: SignedInAs) -> tuple[str, Session]:
        """A new session and the one copy of its token."""
        is_program = who.scopes is not None
        lasts: float = LONGEST_OF_PROGRAM_SECONDS if is_program else LONGEST_SECONDS
        # A program's token names its organisation, so that a row can be looked up
        # before the warden is asked once, for everything (docs/decisions/0009).
        token = f"{who.organisation}.{new_secret()}" if is_program else new_secret()
        now = self._clock.now()
        monotonic = self._clock.monotonic_seconds()
        if who.until is not None:
            lasts = min(lasts, (who.until - now).total_seconds())
        told = msgspec.structs.asdict(who)
        del told["until"]
        session = Session(
            id=new_uuid(),
            token_hash=hash_token(token),
            **told,
            started_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=lasts),
            last_used_monotonic=monotonic,
            expires_monotonic=monotonic + lasts,
        )
        self._by_hash[session.token_hash] = session
        return token, session

    def restore(self, session: Session) -> None:
        """Take back a session that the database remembers."""
        self._by_hash[session.token_hash] = session

    def use(self, token: str) -> Session | None:
        """The live session of a token, marked as used; None where there is none."""
        session = self._by_hash.get(hash_token(token))
        if session is None:
            return None
        monotonic = self._clock.monotonic_seconds()
        if self._is_over(session, monotonic):
            del self._by_hash[session.token_hash]
            return None
        session.last_used_monotonic = monotonic
        session.last_used_at = self._clock.now()
        session.is_changed = True
        return session

    def _is_over(self, session: Session, monotonic: float) -> bool:
        # Both hands of the clock count: stepping the wall clock back does not
        # lengthen a session, and a machine that slept does not either.
        return (
            monotonic - session.last_used_monotonic > IDLE_SECONDS
            or monotonic > session.expires_monotonic
            or self._clock.now() > session.expires_at
        )

    def end(self, session: Session) -> None:
        self._by_hash.pop(session.token_hash, None)

    def end_account(self, account: str) -> None:
        for session in self.of_account(account):
            self.end(session)

    def live(self) -> Iterator[Session]:
        """Sessions that have not run out, in the order of their start."""
        monotonic = self._clock.monotonic_seconds()
        return (s for s in self._by_hash.values() if not self._is_over(s, monotonic))

    def of_account(self, account: str) -> list[Session]:
        return [s for s in self.live() if s.account == account]

    def take_changed(self) -> list[Session]:
        """Sessions used since the last call: what the database does not know yet."""
        changed = [s for s in self._by_hash.values() if s.is_changed]
        for session in changed:
            session.is_changed = False
        return changed

    def forget_ended(self) -> list[Session]:
        """Drop those that ran out, so that memory does not grow; give them back."""
        monotonic = self._clock.monotonic_seconds()
        over = [s for s in self._by_hash.values() if self._is_over(s, monotonic)]
        for session in over:
            self.end(session)
        return over

    def __len__(self) -> int:
        return len(self._by_hash)
