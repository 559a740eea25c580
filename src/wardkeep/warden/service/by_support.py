# SPDX-License-Identifier: Apache-2.0
"""The operator's people at the door: within a grant, and watched."""

from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.identity.roles import SUPPORT
from wardkeep.warden.sessions import Session
from wardkeep.warden.support_grants import SupportGrants

BY_SUPPORT = "support grant"
"""Why they may expect a patient: an organisation said so."""


def is_granted(grants: SupportGrants, session: Session, item: Item) -> bool:
    """Whether a live grant names this patient and tier to one of the operator's."""
    grant = grants.holding(session.account, session.organisation)
    return grant is not None and grant.names(item.patient, item.tier)


def why_granted(grants: SupportGrants, session: Session) -> tuple[Purpose, str]:
    """Purpose and reason as the organisation gave them, whatever is asked."""
    grant = grants.holding(session.account, session.organisation)
    return Purpose.SUPPORT, "" if grant is None else grant.reason


def note_opening(grants: SupportGrants, session: Session, asked: Disclose) -> None:
    """Whoever watches the grant sees it at once."""
    if session.role is not SUPPORT:
        return
    grant = grants.holding(session.account, session.organisation)
    if grant is None:
        return
    tiers: dict[str, set[str]] = {}
    for item in asked.items:
        tiers.setdefault(item.patient, set()).add(item.tier.word)
    for patient, words in tiers.items():
        grants.note(grant, patient, " and ".join(sorted(words)))
