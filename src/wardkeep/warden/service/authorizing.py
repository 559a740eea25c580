# SPDX-License-Identifier: Apache-2.0
"""Authorization: what an app asks for, what the person decides, and the code for it.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html, OAuth 2.1 and RFC 9700.
Each step reads the whole request anew; between the steps nothing is believed of it.
"""

import re
from collections import OrderedDict
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_secret, new_uuid
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.smart import (
    AppList,
    Authorization,
    AuthorizationGiven,
    AuthorizationRefused,
    AuthorizationView,
    BeginAuthorization,
    BeginLaunch,
    FinishAuthorization,
    LaunchGiven,
    ListLaunchable,
)
from wardkeep.identity import app_grants
from wardkeep.identity.app_grants import AppGrant
from wardkeep.identity.app_scopes import (
    OFFLINE,
    AppScopes,
    UnreadableScope,
    read_app_scopes,
    scopes_named,
)
from wardkeep.identity.apps import Apps, RegisteredApp
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Subject
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.rules.budget_holds import PROVE_AGAIN
from wardkeep.warden.rules.reason_is_given import ASK, TOO_THIN, is_too_thin
from wardkeep.warden.service.consents import app_view
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.key_proofs import FHIR_PATH
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import GRANTED, Trace
from wardkeep.warden.sessions import Session, Sessions, hash_token

CODE_SECONDS = 60
LAUNCH_SECONDS = 300.0
MOST_LAUNCHES = 4_096
OFFLINE_DAYS = 30
SHORTEST_STATE, LONGEST_STATE = 8, 1_000
LONGEST_NONCE = 200
LONGEST_PATIENT = 64
_S256 = re.compile(r"[A-Za-z0-9_-]{43}")
"""The base64url of 32 bytes: a challenge (RFC 7636, 4.2) or thumbprint (RFC 7638)."""

UNKNOWN_APP = AuthorizationRefused(
    "invalid_request",
    "This app is not registered with your organisation, or it sent an address that it"
    " is not registered with. Nothing was given to it.",
)
NO_SUCH_APP = Refusal(
    code="no-such-app",
    why="There is no such app that can be started from a record.",
    mend="Choose one from the list.",
)
PURPOSE_DOES_NOT_FIT = Refusal(
    code="purpose-does-not-fit",
    why="Your role does not open records for this purpose.",
    mend="Choose the purpose that the app works for.",
)
PROVEN_SECONDS = 300.0
PROVE_FOR_APP = Refusal(
    code=PROVE_AGAIN,
    why="The app would go on after you have signed out.",
    mend="Use your passkey to show that it is you who lets it.",
)
CHOOSE_A_PATIENT = Refusal(
    code="patient-needed",
    why="The app works with one patient, and none is chosen.",
    mend="Choose the patient, or untick what is about one.",
)


class _Launch(NamedTuple):
    session: str
    app: str
    patient: str
    until: float


class _Judged(NamedTuple):
    """A request in which nothing is wrong."""

    app: RegisteredApp
    scopes: AppScopes
    patient: str


class Authorizing:
    """Answers an app's request in a person's session."""

    def __init__(  # noqa: PLR0913 - the desk works with these, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        apps: Apps,
        expected: ExpectedSets,
        trace: Trace,
        clock: Clock,
        origin: str,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._apps = apps
        self._expected = expected
        self._trace = trace
        self._clock = clock
        self._base = f"{origin}{FHIR_PATH}"
        self._launches: OrderedDict[bytes, _Launch] = OrderedDict()
        self.desk = Desk(
            at_once={
                BeginAuthorization: self._begin,
                BeginLaunch: self._launch,
                ListLaunchable: self._launchable,
            },
            later={FinishAuthorization: self._finish},
        )

    # From a record

    def _launchable(self, asked: ListLaunchable) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        return AppList(
            tuple(
                app_view(one, session.organisation_slug)
                for one in self._apps.of(session.organisation)
                if one.launch_url
            )
        )

    def _launch(self, asked: BeginLaunch) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        app = self._apps.get(asked.app)
        is_ours = app is not None and app.organisation == session.organisation
        if app is None or not is_ours or not app.launch_url:
            return NO_SUCH_APP
        while len(self._launches) >= MOST_LAUNCHES:
            self._launches.popitem(last=False)
        secret = new_secret()
        until = self._clock.monotonic_seconds() + LAUNCH_SECONDS
        self._launches[hash_token(secret)] = _Launch(
            session.id, app.id, asked.patient[:LONGEST_PATIENT], until
        )
        self._trace.of_session(
            session,
            "launch-app",
            request=f"app {app.id}",
            subjects=_about(asked.patient),
        )
        query = urlencode({"iss": self._base, "launch": secret})
        mark = "&" if "?" in app.launch_url else "?"
        return LaunchGiven(f"{app.launch_url}{mark}{query}")

    def _launched(self, asked: Authorization, session: Session) -> str | None:
        """The patient of a launch; None where it is not this session's and app's."""
        found = self._launches.get(hash_token(asked.launch))
        if found is None or found.until < self._clock.monotonic_seconds():
            return None
        is_this = (found.session, found.app) == (session.id, asked.client_id)
        return found.patient if is_this else None

    # The request

    def _begin(self, asked: BeginAuthorization) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        judged = self._judge(session, asked.asked, asked.patient)
        if isinstance(judged, AuthorizationRefused):
            return self._refused(session, asked.asked, judged)
        return AuthorizationView(
            app=judged.app.id,
            app_name=judged.app.name,
            redirect_uri=asked.asked.redirect_uri,
            scopes=judged.scopes.names,
            patient=judged.patient,
            needs_patient=judged.scopes.needs_patient,
            needs_reason=judged.scopes.is_about_anybody,
            is_reason_due=self._is_reason_due(session, judged),
            lasts_seconds=self._lasts_seconds(session, judged.scopes),
        )

    def _lasts_seconds(self, session: Session, scopes: AppScopes) -> int:
        if OFFLINE in scopes.words:
            return OFFLINE_DAYS * 24 * 3600
        return int((session.expires_at - self._clock.now()).total_seconds())

    def _refused(
        self, session: Session, asked: Authorization, refused: AuthorizationRefused
    ) -> AuthorizationRefused:
        app = self._apps.get(asked.client_id)
        self._trace.of_session(
            session,
            "app-consent",
            request="" if app is None else f"app {app.id}",
            outcome=f"refusal:{refused.error}",
        )
        return refused

    def _judge(
        self, session: Session, asked: Authorization, patient: str
    ) -> _Judged | AuthorizationRefused:
        app = self._apps.get(asked.client_id)
        # Another organisation's app is as unknown here as one that nobody registered.
        is_ours = app is not None and app.organisation == session.organisation
        if app is None or not is_ours or session.role is Role.SUPPORT:
            return UNKNOWN_APP
        if asked.redirect_uri not in app.redirect_uris:
            return UNKNOWN_APP
        fault = _fault_in(asked, self._base)
        if fault is not None:
            return AuthorizationRefused(*fault, asked.redirect_uri)
        scopes = _scopes_of(asked, app)
        if isinstance(scopes, AuthorizationRefused):
            return scopes
        launched = self._launched(asked, session) if asked.launch else ""
        if launched is None:
            words = "The launch is over, or it was made for another app or session."
            return AuthorizationRefused("invalid_request", words, asked.redirect_uri)
        chosen = patient[:LONGEST_PATIENT] if scopes.needs_patient else ""
        return _Judged(app, scopes, launched or chosen)

    # The decision

    async def _finish(self, asked: FinishAuthorization) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        judged = self._judge(session, asked.asked, asked.patient)
        if isinstance(judged, AuthorizationRefused):
            return self._refused(session, asked.asked, judged)
        offered = frozenset(judged.scopes.names)
        ticked = scopes_named(one for one in asked.scopes if one in offered)
        if isinstance(ticked, UnreadableScope) or not ticked.names:
            words = "The person did not allow it."
            denied = AuthorizationRefused(
                "access_denied", words, asked.asked.redirect_uri
            )
            return self._refused(session, asked.asked, denied)
        if OFFLINE in ticked.words and not self._is_owner_here(session):
            return self._prove_first(session, judged)
        why = self._why(session, asked, judged, ticked)
        if isinstance(why, Refusal):
            return why
        self._launches.pop(hash_token(asked.asked.launch), None)
        return await self._give(
            session, asked.asked, judged._replace(scopes=ticked), why
        )

    def _is_owner_here(self, session: Session) -> bool:
        age = self._clock.monotonic_seconds() - session.passkey_used_monotonic
        return age <= PROVEN_SECONDS

    def _prove_first(self, session: Session, judged: _Judged) -> Refusal:
        """What outlives the session is given by a person, never by a stolen session."""
        entry = self._trace.of_session(
            session,
            "app-consent",
            request=f"app {judged.app.id}",
            outcome=f"refusal:{PROVE_AGAIN}",
        )
        return msgspec.structs.replace(PROVE_FOR_APP, entry=entry)

    def _why(
        self,
        session: Session,
        asked: FinishAuthorization,
        judged: _Judged,
        ticked: AppScopes,
    ) -> tuple[str, str] | Refusal:
        """Purpose and reason of all that the app will open."""
        if ticked.needs_patient and not judged.patient:
            return CHOOSE_A_PATIENT
        reason = asked.reason[:MAX_REASON_CHARACTERS].strip()
        purpose = asked.purpose or Purpose.DIRECT_CARE.value
        held = session.held_reason(judged.patient, self._clock.monotonic_seconds())
        if not reason and held is not None and not ticked.is_about_anybody:
            purpose, reason = held.purpose, held.reason
        is_explained = not ticked.is_about_anybody and (
            not judged.patient or self._explains(session, judged.patient)
        )
        if purpose not in session.role.purposes:
            return PURPOSE_DOES_NOT_FIT
        if not reason and not is_explained:
            return Refusal(ASK.code, ASK.why, ASK.mend, needs_reason=True)
        if reason and is_too_thin(reason):
            return Refusal(
                TOO_THIN.code, TOO_THIN.why, TOO_THIN.mend, needs_reason=True
            )
        return purpose, reason

    def _is_reason_due(self, session: Session, judged: _Judged) -> bool:
        """Whether nothing explains, nor did she say, why an app may open the record.

        That a list showed the banner explains the banner alone.
        """
        if not judged.patient or judged.scopes.is_about_anybody:
            return False
        held = session.held_reason(judged.patient, self._clock.monotonic_seconds())
        return held is None and not self._explains(session, judged.patient)

    def _explains(self, session: Session, patient: str) -> bool:
        found = self._expected.explains(
            account=session.account,
            organisation=session.organisation,
            patient=patient,
            at=self._clock.now(),
        )
        return bool(found)

    async def _give(
        self,
        session: Session,
        asked: Authorization,
        judged: _Judged,
        why: tuple[str, str],
    ) -> Answer:
        code, now = new_secret(), self._clock.now()
        scopes = judged.scopes
        is_offline = OFFLINE in scopes.words
        lasts = timedelta(seconds=self._lasts_seconds(session, scopes))
        grant = AppGrant(
            id=new_uuid(),
            app=judged.app.id,
            account=session.account,
            organisation=session.organisation,
            role=session.role.value,
            scope=scopes.text,
            patient=judged.patient,
            purpose=why[0],
            reason=why[1],
            session=b"" if is_offline else session.token_hash,
            challenge=asked.code_challenge,
            redirect_uri=asked.redirect_uri,
            nonce=asked.nonce,
            key_thumbprint=asked.dpop_jkt,
            signed_in_at=session.started_at,
            created_at=now,
            expires_at=now + lasts,
            code_until=now + timedelta(seconds=CODE_SECONDS),
        )
        async with self._database.connection() as connection:
            await app_grants.add(connection, grant, code_hash=hash_token(code))
        self._trace.of_session(
            session,
            "app-consent",
            reason=scopes.text[:500],
            request=f"app {judged.app.id}",
            outcome=GRANTED,
            subjects=_about(judged.patient),
        )
        return AuthorizationGiven(code, asked.redirect_uri)


def _about(patient: str) -> tuple[Subject, ...]:
    if not patient:
        return ()
    return (Subject.about(patient=patient, tier="", relationship="", resources=()),)


def _fault_in(asked: Authorization, base: str) -> tuple[str, str] | None:
    """Error and description of the first parameter that is wrong."""
    if asked.response_type != "code":
        code = "unsupported_response_type" if asked.response_type else "invalid_request"
        return code, "response_type is code."
    if not SHORTEST_STATE <= len(asked.state) <= LONGEST_STATE:
        words = f"state has {SHORTEST_STATE} to {LONGEST_STATE} characters."
        return "invalid_request", words
    if asked.code_challenge_method != "S256" or not _S256.fullmatch(
        asked.code_challenge
    ):
        words = (
            "Send code_challenge with code_challenge_method S256; plain is not taken."
        )
        return "invalid_request", words
    if asked.aud.rstrip("/") != base:
        return "invalid_request", f"aud is {base}."
    if len(asked.nonce) > LONGEST_NONCE or not asked.nonce.isprintable():
        return "invalid_request", f"nonce has at most {LONGEST_NONCE} characters."
    if asked.dpop_jkt and not _S256.fullmatch(asked.dpop_jkt):
        return "invalid_request", "dpop_jkt is a SHA-256 thumbprint (RFC 7638)."
    return None


def _scopes_of(
    asked: Authorization, app: RegisteredApp
) -> AppScopes | AuthorizationRefused:
    """What it may have of what it asks for."""
    wanted = read_app_scopes(asked.scope)
    if isinstance(wanted, UnreadableScope):
        words = f"The scope {wanted.name} is none that an app can have here."
        words = re.sub(r"[^ !#-\[\]-~]", "?", words)
        return AuthorizationRefused("invalid_scope", words, asked.redirect_uri)
    found = app.scopes.narrowed(wanted)
    if not found.names:
        words = "The app is registered with none of the scopes that it asks for."
        return AuthorizationRefused("invalid_scope", words, asked.redirect_uri)
    return found
