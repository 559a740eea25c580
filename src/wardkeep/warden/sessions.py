# SPDX-License-Identifier: Apache-2.0
"""Live sessions, in memory for every question and in the database for restarts.

The token is a secret that only its cookie holds: here and in the database lies its
SHA-256. Limits: NIST SP 800-63B-4 section 2.2.3 (AAL3: 15 minutes idle, 12 hours in
all) and NHS login's session rules (30 minutes idle). After the first a person's session
sleeps, and a passkey wakes it; after the second it is over.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from math import inf

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId, new_secret, new_uuid
from wardkeep.disclosure.answers import SessionView
from wardkeep.disclosure.message import GLANCE
from wardkeep.identity.roles import BY_COMMAND, NEED_DEVICE, PEOPLE, Role
from wardkeep.identity.scopes import CHECK_IN, Scopes
from wardkeep.warden.agreed import AgreedExtract
from wardkeep.warden.car_lists import SignedList
from wardkeep.warden.copies import SignedCopy
from wardkeep.warden.held_acts import HeldHandOver, HeldMedicine
from wardkeep.warden.session_parts import ByApp, Elsewhere, HeldReason

ASLEEP_SECONDS = 15 * 60
ASLEEP_OF_GUARDED_SECONDS = 10 * 60
IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 60 * 60
LONGEST_OF_PROGRAM_SECONDS = 60 * 60
"""SMART Backend Services recommends minutes; an access token is asked for anew."""
MAX_REASONS_HELD = 256
HANDLE_SECONDS = 60
"""As long as one request may take (the web process gives up then)."""
MOST_HANDLES = 65_536


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
    app: ByApp | None = None
    """Of an access token that an app was given by a person."""
    key_thumbprint: str = ""
    """The key whose proof each use needs (RFC 9449); empty: a bearer token."""
    elsewhere: Elsewhere | None = None
    """Where an identity provider vouched for the person."""
    own_patient: str = ""
    """Of a patient: the record that is theirs. Of a ticket: whom it is for."""
    appointment: str = ""
    """Of a ticket that a link gave: what the link was made for."""
    reasons: dict[str, HeldReason] = msgspec.field(default_factory=dict)
    found: dict[str, float] = msgspec.field(default_factory=dict)
    """Patients whom a list has shown, until then by the monotonic clock."""
    glass: dict[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    """Patients for whom the glass is broken, from when to when by the same clock."""
    nobodies: set[str] = msgspec.field(default_factory=set)
    """Of an import: canaries to which it adds new writing."""
    copies: dict[str, SignedCopy] = msgspec.field(default_factory=dict)
    confirmed_with: bytes = b""
    """The passkey that confirmed an act last: not always the one of the sign-in."""
    car_list: SignedList | None = None
    """What was signed for last: a copy of each patient, a list for a phone."""
    extract: AgreedExtract | None = None
    """Of the operator's command that takes a data set: what was agreed on."""
    hand_overs: dict[str, HeldHandOver] = msgspec.field(default_factory=dict)
    medicines: dict[str, HeldMedicine] = msgspec.field(default_factory=dict)
    """By their ids; controlled drugs that were signed for by their prescriptions'."""
    passkeys_open_until: float = 0.0
    """By the monotonic clock: until then passkeys may be added and revoked."""
    passkey_used_monotonic: float = -inf
    """When its owner last proved that it is they."""
    tokens_computed: int = 0
    is_changed: bool = False
    only: str = ""
    """The one kind of question that it is good for; empty: ordinary ones."""
    is_for_programs: bool = False
    """Whether it is an access token and no person's own session."""
    asleep_after_seconds: float = inf
    """Idle seconds after which it sleeps; programs and imports do not sleep."""
    whose: tuple[int, str] = (0, "")
    """Organisation and account: for whom its openings count."""
    is_watched: bool = False
    """Whether they count: programs have contracts, and support has grants."""

    def __post_init__(self) -> None:
        # Told by what never changes, and asked for at each opening.
        self.only = "" if self.scopes is None else self.scopes.only
        self.is_for_programs = self.scopes is not None or self.app is not None
        self.whose = (self.organisation, self.account)
        self.is_watched = self.scopes is None and self.role in PEOPLE
        is_person = bool(self.credential) or self.elsewhere is not None
        if is_person and not self.is_for_programs:
            is_guarded = self.role in NEED_DEVICE
            seconds = ASLEEP_OF_GUARDED_SECONDS if is_guarded else ASLEEP_SECONDS
            self.asleep_after_seconds = seconds

    def hold_reason(self, patient: str, held: HeldReason) -> None:
        """Remember a typed reason; the oldest is forgotten when there are many."""
        self.reasons.pop(patient, None)
        if len(self.reasons) >= MAX_REASONS_HELD:
            self.reasons.pop(next(iter(self.reasons)))
        self.reasons[patient] = held

    def hold_found(self, patients: Iterable[str], until: float) -> None:
        """Remember whom a list has shown; the oldest are forgotten."""
        for patient in patients:
            self.found.pop(patient, None)
            if len(self.found) >= MAX_REASONS_HELD:
                self.found.pop(next(iter(self.found)))
            self.found[patient] = until

    def has_found(self, patient: str, now_monotonic: float) -> bool:
        return self.found.get(patient, 0.0) > now_monotonic

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
            scope=self._scope_text(),
            app="" if self.app is None else self.app.app,
            patient="" if self.app is None else self.app.patient,
            may_change_passkeys=now_monotonic < self.passkeys_open_until,
            asleep_after=self._seen_asleep_after(),
            provider="" if self.elsewhere is None else self.elsewhere.provider,
            own_patient=self.own_patient,
        )

    def _scope_text(self) -> str:
        if self.app is not None:
            return self.app.scopes.text
        return "" if self.scopes is None else self.scopes.text

    def _seen_asleep_after(self) -> int:
        seconds = self.asleep_after_seconds
        return 0 if seconds == inf else int(seconds)


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
    app: ByApp | None = None
    key_thumbprint: str = ""
    elsewhere: Elsewhere | None = None
    own_patient: str = ""
    until: datetime | None = None
    """When the work ends that this session is for; None: no such moment is known."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """Both hands of the clock."""

    now: datetime
    """UTC."""
    monotonic: float


def _touch(session: Session, moment: Moment) -> None:
    session.last_used_at = moment.now
    session.last_used_monotonic = moment.monotonic
    session.is_changed = True


def _is_asleep(session: Session, monotonic: float) -> bool:
    return monotonic - session.last_used_monotonic > session.asleep_after_seconds


def _is_over(session: Session, moment: Moment) -> bool:
    # Both hands count: neither a clock set back nor a machine that slept lengthens it.
    return (
        moment.monotonic - session.last_used_monotonic > IDLE_SECONDS
        or moment.monotonic > session.expires_monotonic
        or moment.now > session.expires_at
    )


def _nobody(_session: Session) -> bool:
    return False


_TOLD = tuple(name for name in SignedInAs.__struct_fields__ if name != "until")


class Sessions:
    """Every live session, found by the hash of its token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_hash: dict[bytes, Session] = {}
        self._handles: OrderedDict[bytes, tuple[Session, float]] = OrderedDict()
        self.moment = self._moment()
        """When a session was last looked for: read once for a question."""
        self.bound_only: set[int] = set()
        """Organisations whose programs must prove their key with each use."""
        self.is_frozen: Callable[[Session], bool] = _nobody
        """Whether a session may not be used at all (freezes.py)."""

    def start(self, who: SignedInAs) -> tuple[str, Session]:
        """A new session and the one copy of its token."""
        is_program = who.scopes is not None or who.app is not None
        lasts: float = LONGEST_OF_PROGRAM_SECONDS if is_program else LONGEST_SECONDS
        # A program's names its organisation: a row is looked up first (record 9).
        token = f"{who.organisation}.{new_secret()}" if is_program else new_secret()
        now = self._clock.now()
        monotonic = self._clock.monotonic_seconds()
        if who.until is not None:
            lasts = min(lasts, (who.until - now).total_seconds())
        told = {name: getattr(who, name) for name in _TOLD}
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
        """The session of a person or program, awake and marked as used.

        None where there is none; where it sleeps, for every question but that which
        wakes it; for patients; and for tokens that an app was given, that are bound to
        a key, or that are good for one kind of question alone: those are asked for by
        name.
        """
        session = self.use_own(token)
        return None if session is None or session.role is Role.PATIENT else session

    def glance(self, token: str) -> Session | None:
        """As `use_own`, for what a page asks by itself again and again: it is no use.

        So a page that is left open lets its session sleep. Every question that such
        a page's handler asks names the session at a glance (message.py).
        """
        session = self._awake(token.removeprefix(GLANCE))
        if session is None:
            return None
        is_person = session.app is None and session.scopes is None
        return session if is_person else None

    def _awake(self, token: str) -> Session | None:
        """The awake session of a token that is good for more than one question."""
        session = self._by_hash.get(hash_token(token))
        if session is None or session.only:
            return None
        return session if self._is_awake(session, self._moment()) else None

    def use_own(self, token: str) -> Session | None:
        """The same and patients' too, for what concerns one's own account or record.

        An import has no account, so nothing is its own.
        """
        session = self.use_any(token)
        return None if session is None or session.role in BY_COMMAND else session

    def use_any(self, token: str) -> Session | None:
        """The same and imports' too, for what concerns the session itself."""
        if token.startswith(GLANCE):
            return self.glance(token)
        return self._own(self._by_hash.get(hash_token(token)))

    def _own(self, session: Session | None) -> Session | None:
        if session is None or session.only:
            return None
        return self._used_as_bearer(session)

    def use_only(self, token: str, only: str) -> Session | None:
        """The session of a directory or of a kiosk, by what it is good for."""
        session = self._by_hash.get(hash_token(token))
        if session is None or session.only != only:
            return None
        return self._used_as_bearer(session)

    def ticket(self, token: str) -> Session | None:
        """The live session of somebody who checks in; to ask does not prolong it."""
        session = self._by_hash.get(hash_token(token))
        if session is None or session.only != CHECK_IN:
            return None
        return session if self._is_awake(session, self._moment()) else None

    def _used_as_bearer(self, session: Session) -> Session | None:
        if session.app is not None or session.key_thumbprint:
            return None
        if session.scopes is not None and session.organisation in self.bound_only:
            return None
        return self._used(session)

    def use_at_door(self, token: str) -> Session | None:
        """The same, and for apps' tokens and for handles of proven ones."""
        if token.startswith(GLANCE):
            return self.glance(token)
        token_hash = hash_token(token)
        handle = self._handles.get(token_hash)
        if handle is not None:
            is_late = handle[1] < self._clock.monotonic_seconds()
            is_kept_out = is_late or bool(handle[0].only)
            return None if is_kept_out else self.named(handle[0].token_hash)
        session = self._by_hash.get(token_hash)
        if session is not None and session.only == CHECK_IN:
            # A ticket: for one patient, and for what its scopes name (door.py).
            return self._used(session)
        if session is None or session.app is None:
            return self._own(session)
        is_bearer_refused = session.organisation in self.bound_only
        if session.key_thumbprint or is_bearer_refused:
            return None
        return self.named(session.token_hash)

    def named(self, token_hash: bytes) -> Session | None:
        """The live session of a token's hash, whatever shows that it may be used."""
        session = self._by_hash.get(token_hash)
        if session is None:
            return None
        person = b"" if session.app is None else session.app.person_session
        if person and not self.is_live(person):
            self.end(session)
            return None
        return self._used(session)

    def is_live(self, token_hash: bytes) -> bool:
        """Whether it is a live session; to ask does not count as using it."""
        session = self._by_hash.get(token_hash)
        return session is not None and not _is_over(session, self._moment())

    def may_go_on(self, token: str) -> bool:
        """Whether what was opened for a token may still be sent; to ask is no use."""
        session = self._awake(token)
        if session is None:
            return False
        person = b"" if session.app is None else session.app.person_session
        return not person or self.is_live(person)

    def new_handle(self, session: Session) -> str:
        """What stands for a proven token within one request, for a minute."""
        now = self._clock.monotonic_seconds()
        while self._handles:
            oldest, (_, until) = next(iter(self._handles.items()))
            if until >= now and len(self._handles) < MOST_HANDLES:
                break
            del self._handles[oldest]
        handle = f"{session.organisation}.{new_secret()}"
        self._handles[hash_token(handle)] = (session, now + HANDLE_SECONDS)
        return handle

    def held(self, token: str) -> Session | None:
        """The live session of a token, asleep or frozen; looking does not use it."""
        session = self._by_hash.get(hash_token(token))
        is_kept = session is not None and self._is_kept(session, self._moment())
        return session if is_kept else None

    def sleeping(self, token: str) -> Session | None:
        """The session of a token if it sleeps; looking does not use it."""
        session = self._by_hash.get(hash_token(token))
        moment = self._moment()
        if session is None or not self._is_kept(session, moment):
            return None
        return session if _is_asleep(session, moment.monotonic) else None

    def wake(self, session: Session) -> None:
        """Go on with it: its own account's passkey was used a moment ago."""
        _touch(session, self._moment())

    def put_to_sleep(self, session: Session) -> None:
        """Let it sleep now, as if it had not been used for so long."""
        seconds = session.asleep_after_seconds + 1
        if seconds > IDLE_SECONDS:
            return
        session.last_used_monotonic = self._clock.monotonic_seconds() - seconds
        session.last_used_at = self._clock.now() - timedelta(seconds=seconds)
        session.is_changed = True

    def _used(self, session: Session) -> Session | None:
        moment = self._moment()
        if not self._is_awake(session, moment):
            return None
        _touch(session, moment)
        return session

    def _moment(self) -> Moment:
        """Both hands of the clock, read once for a question."""
        self.moment = Moment(self._clock.now(), self._clock.monotonic_seconds())
        return self.moment

    def _is_awake(self, session: Session, moment: Moment) -> bool:
        if not self._is_kept(session, moment) or _is_asleep(session, moment.monotonic):
            return False
        # An app's stands still with the session by which it acts: a device's freeze.
        by = self._by_hash.get(session.app.person_session) if session.app else None
        return not (self.is_frozen(session) or (by is not None and self.is_frozen(by)))

    def _is_kept(self, session: Session, moment: Moment) -> bool:
        if _is_over(session, moment):
            del self._by_hash[session.token_hash]
            return False
        return True

    def end(self, session: Session) -> None:
        self._by_hash.pop(session.token_hash, None)

    def end_account(self, account: str) -> None:
        for session in self.of_account(account):
            self.end(session)

    def live(self) -> Iterator[Session]:
        """Sessions that have not run out, in the order of their start."""
        moment = self._moment()
        return (s for s in self._by_hash.values() if not _is_over(s, moment))

    def of_account(self, account: str) -> list[Session]:
        """A person's own sessions and their apps' tokens: they end together."""
        return [s for s in self.live() if s.account == account]

    def of_grant(self, grant: str) -> list[Session]:
        """The access tokens that live by one consent."""
        return [s for s in self.live() if s.app is not None and s.app.grant == grant]

    def take_changed(self) -> list[Session]:
        """Sessions used since the last call: what the database does not know yet."""
        changed = [s for s in self._by_hash.values() if s.is_changed]
        for session in changed:
            session.is_changed = False
        return changed

    def forget_ended(self) -> list[Session]:
        """Drop those that ran out, so that memory does not grow; give them back."""
        moment = self._moment()
        over = [s for s in self._by_hash.values() if _is_over(s, moment)]
        for session in over:
            self.end(session)
        return over

    def __len__(self) -> int:
        return len(self._by_hash)
