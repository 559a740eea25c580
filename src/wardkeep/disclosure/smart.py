# SPDX-License-Identifier: Apache-2.0
"""Messages about apps that act for a person: OAuth 2.1 as SMART App Launch 2.2 has it.

The web process carries these and decides nothing: the warden reads every parameter,
mints every code and token, and stores their hashes alone.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class KeyProof(msgspec.Struct, frozen=True, array_like=True):
    """A DPoP proof (RFC 9449), and the request that it came with."""

    proof: str
    method: str
    url: str


class ClientProof(msgspec.Struct, frozen=True, array_like=True):
    """Who asks at the token endpoint, and a confidential client's assertion."""

    client_id: str = ""
    assertion: str = ""


class Authorization(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The parameters of an authorization request, each as it came; empty: it did not.

    https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
    """

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    scope: str = ""
    state: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    aud: str = ""
    launch: str = ""
    nonce: str = ""
    dpop_jkt: str = ""


class BeginAuthorization(Message, frozen=True):
    """What an app asks for, read and judged; nothing is given yet."""

    session: str
    asked: Authorization
    patient: str = ""
    """Whom the person chose, where no launch says it."""


class FinishAuthorization(Message, frozen=True):
    """The person's decision. `scopes` are those left ticked; none: denied."""

    session: str
    asked: Authorization
    patient: str
    scopes: tuple[str, ...]
    purpose: str
    reason: str


class ExchangeCode(Message, frozen=True):
    """`grant_type=authorization_code`."""

    code: str
    redirect_uri: str
    verifier: str
    client: ClientProof
    proof: KeyProof | None = None


class RefreshAccess(Message, frozen=True):
    """`grant_type=refresh_token`."""

    refresh_token: str
    scope: str
    client: ClientProof
    proof: KeyProof | None = None


class RevokeToken(Message, frozen=True):
    """RFC 7009: an access or refresh token of the client's own."""

    token: str
    client: ClientProof


class IntrospectToken(Message, frozen=True):
    """RFC 7662: for the client's own tokens, or by a resource server."""

    token: str
    client: ClientProof


class CheckToken(Message, frozen=True):
    """Whose access token this is; with its proof where it is bound to a key."""

    token: str
    proof: KeyProof | None = None


class AskSigningKeys(Message, frozen=True):
    """The public keys of id_tokens."""


class KnowsOrigin(Message, frozen=True):
    """Whether a web origin is one that a registered app lives on."""

    origin: str


class BeginLaunch(Message, frozen=True):
    """Start an app from a patient's record."""

    session: str
    app: str
    patient: str


class ListLaunchable(Message, frozen=True):
    """The apps of one's organisation that can be started from a record."""

    session: str


class ListConsents(Message, frozen=True):
    """What one's own apps may do."""

    session: str


class WithdrawConsent(Message, frozen=True):
    """End what an app was allowed; it holds at once."""

    session: str
    consent: str


class ListApps(Message, frozen=True):
    """The apps of the organisation, for its administrators."""

    session: str


SmartQuestion: TypeAlias = (
    BeginAuthorization
    | FinishAuthorization
    | ExchangeCode
    | RefreshAccess
    | RevokeToken
    | IntrospectToken
    | CheckToken
    | AskSigningKeys
    | KnowsOrigin
    | BeginLaunch
    | ListLaunchable
    | ListConsents
    | WithdrawConsent
    | ListApps
)


class RegisterApp(Message, frozen=True, kw_only=True):
    """An app of an organisation; without keys it is public. Gives its client id."""

    organisation: str
    name: str
    redirect_uris: tuple[str, ...]
    scope: str
    patients_per_hour: int
    launch_url: str = ""
    jwks: bytes = b""
    allows_own_scheme: bool = False
    """Whether a redirect may go to a native app's own scheme."""
    is_resource_server: bool = False
    """Whether it may introspect tokens of the organisation's other clients."""


class ListRegisteredApps(Message, frozen=True):
    """The apps of an organisation, for the operator."""

    organisation: str


class EndApp(Message, frozen=True):
    """End an app: every consent and token of it ends at once."""

    app: str


class RequireDpop(Message, frozen=True):
    """Whether programs of an organisation must prove their key with each use."""

    organisation: str
    is_on: bool


class RotateSigningKey(Message, frozen=True):
    """A new key for id_tokens; the old one is still shown until none lives by it."""


SmartOperatorQuestion: TypeAlias = (
    RegisterApp | ListRegisteredApps | EndApp | RequireDpop | RotateSigningKey
)


class AuthorizationView(Message, frozen=True, kw_only=True):
    """A request that is well: what the person is asked."""

    app: str
    app_name: str
    redirect_uri: str
    scopes: tuple[str, ...]
    """Those that may be granted, as SMART writes them."""
    patient: str
    """Whom it is about: by launch, or as the person chose; empty: nobody yet."""
    needs_patient: bool
    needs_reason: bool
    """Whether it is about more than one patient, so that a reason is asked once."""
    is_reason_due: bool
    """Whether the one patient is not explained, and no reason was given yet."""
    lasts_seconds: int


class AuthorizationRefused(Message, frozen=True):
    """RFC 6749, 4.1.2.1. Without a redirect it is shown to the person alone."""

    error: str
    description: str
    redirect_uri: str = ""


class AuthorizationGiven(Message, frozen=True):
    """A code, and where it goes."""

    code: str
    redirect_uri: str


class AccessGiven(Message, frozen=True, kw_only=True):
    """What the token endpoint answers."""

    access_token: str
    expires_in: int
    """Seconds."""
    scope: str
    is_bound: bool
    refresh_token: str = ""
    id_token: str = ""
    patient: str = ""


class AccessRefused(Message, frozen=True):
    """RFC 6749, 5.2."""

    error: str
    description: str


class TokenFacts(Message, frozen=True):
    """RFC 7662, 2.2, as JSON."""

    body: bytes


class SigningKeys(Message, frozen=True):
    """A JSON Web Key Set (RFC 7517)."""

    jwks: bytes


class LaunchGiven(Message, frozen=True):
    """Where the browser goes; it holds the opaque `launch`."""

    url: str


class AppView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A registered app."""

    app: str
    name: str
    organisation: str
    is_public: bool
    redirect_uris: tuple[str, ...]
    launch_url: str
    scope: str
    patients_per_hour: int
    consents: int = 0
    is_ended: bool = False


class AppList(Message, frozen=True):
    """Registered apps, by name."""

    apps: tuple[AppView, ...]


class ConsentView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What one app may do for a person; times are 0 where they have not come."""

    consent: str
    app_name: str
    scopes: tuple[str, ...]
    patient: str
    created_at: int
    expires_at: int
    last_used_at: int
    is_online: bool
    """Whether it ends with the session that it was given in."""


class Consents(Message, frozen=True):
    """Consents that hold, the newest first."""

    consents: tuple[ConsentView, ...]


SmartAnswer: TypeAlias = (
    AuthorizationView
    | AuthorizationRefused
    | AuthorizationGiven
    | AccessGiven
    | AccessRefused
    | TokenFacts
    | SigningKeys
    | LaunchGiven
    | AppList
    | Consents
)
