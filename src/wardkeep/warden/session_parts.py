# SPDX-License-Identifier: Apache-2.0
"""What a session holds besides itself: a reason, an app, where it came from."""

import msgspec

from wardkeep.identity.app_scopes import AppScopes

REASON_HOLDS_SECONDS = 60 * 60


class HeldReason(msgspec.Struct, frozen=True):
    """A reason given for a patient, good for the next pages of the same opening."""

    purpose: str
    reason: str
    until_monotonic: float


class ByApp(msgspec.Struct, frozen=True, kw_only=True):
    """Which app acts for the person, by which consent, and for what."""

    app: str
    name: str
    grant: str
    patient: str
    """The one patient whom its `patient/` scopes are about; empty: nobody."""
    scopes: AppScopes
    purpose: str
    reason: str
    """As given at consent: the door goes by these, whatever a request says."""
    person_session: bytes
    """Hash of the session that it ends with; empty: `offline_access` was granted."""
    patients_per_hour: int


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in at an identity provider that a session came from."""

    provider: str
    session: str
    """As the provider names it (`sid`); empty: it does not."""
    subject: str
