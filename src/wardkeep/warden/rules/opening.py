# SPDX-License-Identifier: Apache-2.0
"""What a rule is shown of an opening, and how it refuses."""

from datetime import datetime

import msgspec

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import ResourceRef
from wardkeep.identity.app_scopes import AppScopes
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes
from wardkeep.teams.relationships import SELF_MADE
from wardkeep.teams.visits import Visit
from wardkeep.warden.budgets import Standing
from wardkeep.warden.ways_in import are_notes

SHEET_TYPES = frozenset({"Patient", "AllergyIntolerance", "Flag"})
"""What stands on a sheet that is no record: a prescription, an envelope."""
GLASS = "broken glass"
"""The relationship of whoever broke the glass for this patient a moment ago."""
LETTER = "letter about an incident"
"""The relationship of whoever approved letters to those whom an incident reached."""
OWN = "own record"
"""The relationship of a patient to what is theirs."""


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule is shown besides, where something sealed is to be read."""

    now: datetime
    """UTC."""
    visits: tuple[Visit, ...]
    """The account's own to this patient, past ones and later ones."""
    is_alone: bool
    """Whether the whole question names one resource and nothing beside it."""
    is_row_key_right: bool
    """Whether the row's own key opened under the patient's, for this very row."""
    homes_left: int
    """How many more the account may be let into today, after this one."""
    passkey_seconds: float
    """Since the owner's passkey was used in this session."""


class Opening(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One patient's data at one tier, about to be opened. It holds no key."""

    role: Role
    purpose: Purpose
    reason: str
    """As typed for this opening, or held from a little earlier in this session."""
    action: Action
    tier: Tier
    relationship: str
    """Why the account may expect the patient; empty where nothing explains it."""
    patients_asked: int
    """Distinct patients in the same question."""
    is_key_ours: bool
    """Whether the wrapped key opened under this organisation, patient and tier."""
    is_found: bool = False
    """Whether a list has shown this patient's banner in this session lately."""
    resources: tuple[ResourceRef, ...] = ()
    scopes: Scopes | AppScopes | None = None
    """What a program may do, or an app with this patient; None for people."""
    is_within_consent: bool = True
    """Whether an app may ask for this patient at all."""
    is_support_granted: bool = False
    """Whether a live grant names this patient and tier to the support person."""
    contract_left: int | None = None
    """Patients that a contract leaves after this question; None for people."""
    standing: Standing | None = None
    """Where the account's budget would stand; None for programs and grants."""
    taken_out_left: int = -1
    """Patients whose record may be printed, copied, carried or sent today after it."""
    sheets: int = 0
    """Patients beyond these of whom a sheet without a record may be printed."""
    is_copy_signed: bool = False
    """Whether the person signed for a copy of this patient and these types."""
    is_list_signed: bool = False
    """Whether the person signed for a list for their phone with this patient on it."""
    is_extract_agreed: bool = False
    """Whether two people agreed on a data set that takes these types."""
    is_nobodys: bool = False
    """Whether the patient is a canary to which this very import adds writing."""
    is_frozen: bool = False
    """Whether records are closed for the account."""
    is_erased: bool = False
    """Whether the patient's erasure was approved."""
    way_in: WayIn | None = None
    """Where something sealed is to be read."""

    @property
    def is_sheet(self) -> bool:
        """Whether a print shows no record: who somebody is, alerts and allergies.

        Only of whom work explains that somebody else wrote: what an account wrote for
        itself prints as many as it did before.
        """
        types = {one[0] for one in self.resources}
        is_bare = bool(types) and types <= SHEET_TYPES
        is_others = bool(self.relationship) and not self.relationship.endswith(
            SELF_MADE
        )
        return self.action is Action.PRINT and is_bare and is_others

    @property
    def reads_sealed(self) -> bool:
        return self.tier is Tier.SEALED and self.action is Action.READ

    @property
    def reads_note(self) -> bool:
        """Whether what is sealed and to be read is a note, and no way into a home.

        The type is bound into the row's key: a way in that is called a note stays shut.
        """
        return self.reads_sealed and are_notes(one[0] for one in self.resources)


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's no: a code for programs, and words for the person."""

    code: str
    why: str
    mend: str
    needs_reason: bool = False


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal in words for whoever looks at it later, one sentence each."""

    code: str
    because: str
    would_allow: str
