# SPDX-License-Identifier: Apache-2.0
"""Messages about signing in by an identity provider of one's organisation.

The web process carries the browser's redirects; codes are redeemed and tokens verified
in the warden.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class AskProviders(Message, frozen=True):
    """The providers by which people sign in here."""


class BeginFederation(Message, frozen=True):
    """Go to a provider. With a session: to link an identity to its account."""

    provider: str
    next: str = ""
    linking_session: str = ""


class FinishFederation(Message, frozen=True, kw_only=True):
    """What the browser brought back, and the secret that only it has."""

    state: str
    browser: str
    code: str = ""
    issuer: str = ""
    error: str = ""
    device: str = ""


class BeginStepUp(Message, frozen=True):
    """Options for the passkey that must complete a sign-in elsewhere."""

    ticket: str


class FinishStepUp(Message, frozen=True):
    """The authenticator's answer to that."""

    ticket: str
    response: bytes
    device: str = ""


class ProviderLogout(Message, frozen=True):
    """Back-Channel Logout 1.0: somebody signed out there."""

    provider: str
    logout_token: str


class ListIdentities(Message, frozen=True):
    """One's own identities at providers."""

    session: str


class UnlinkIdentity(Message, frozen=True):
    """End one of them; sessions that it started end too."""

    session: str
    identity: str


FederationQuestion: TypeAlias = (
    AskProviders
    | BeginFederation
    | FinishFederation
    | BeginStepUp
    | FinishStepUp
    | ProviderLogout
    | ListIdentities
    | UnlinkIdentity
)


class AddProvider(Message, frozen=True, kw_only=True):
    """An OpenID provider of an organisation. Gives `ProviderAdded`."""

    organisation: str
    kind: str
    name: str
    issuer: str
    client_id: str


class ListProviders(Message, frozen=True):
    """Every provider, for the operator."""


class EndProvider(Message, frozen=True):
    """End a provider: its links, and the sessions that it started."""

    provider: str


FederationOperatorQuestion: TypeAlias = AddProvider | ListProviders | EndProvider


class ProviderView(msgspec.Struct, frozen=True, array_like=True):
    """A provider, as the sign-in page and the operator see it."""

    id: str
    kind: str
    name: str
    organisation_name: str
    issuer: str
    client_id: str
    jwks: bytes
    """Our public key, for the provider to know us by (RFC 7517)."""
    signs_out_at: str = ""
    """Where one signs out there; empty: unknown."""


class Providers(Message, frozen=True):
    """By name."""

    providers: tuple[ProviderView, ...]


class FederationBegun(Message, frozen=True):
    """Where the browser goes, and the secret that it must bring back."""

    url: str
    browser: str


class FederatedIn(Message, frozen=True):
    """Signed in: the session's token, and where the person wanted to go."""

    token: str
    next: str


class StepUpNeeded(Message, frozen=True):
    """The provider's factor can be phished: a passkey of ours must complete it."""

    ticket: str
    next: str


class IdentityLinked(Message, frozen=True):
    """The identity is the account's from now on."""


class IdentityView(msgspec.Struct, frozen=True, array_like=True):
    """One's own identity at a provider."""

    id: str
    provider_name: str
    created_at: int


class Identities(Message, frozen=True):
    """One's own, the oldest first; and those providers that one may link."""

    identities: tuple[IdentityView, ...]
    providers: tuple[ProviderView, ...]
    may_link: bool
    """Whether a passkey of one's own was used for that a few minutes ago."""


FederationAnswer: TypeAlias = (
    Providers
    | FederationBegun
    | FederatedIn
    | StepUpNeeded
    | IdentityLinked
    | Identities
)
