# SPDX-License-Identifier: Apache-2.0
"""The rules of the door, in order: the first that refuses is the answer.

Each rule is one pure function in a file of its own. The order is policy: what a
person can do nothing about comes before what a typed reason would mend.
"""

import sys
from collections.abc import Callable, Mapping
from itertools import product
from typing import NamedTuple

from wardkeep.disclosure.purpose import TAKEN_OUT, Action, Tier
from wardkeep.identity.roles import Role
from wardkeep.warden.rules.budget_holds import budget_holds
from wardkeep.warden.rules.carried_lists_are_signed import carried_lists_are_signed
from wardkeep.warden.rules.contract_holds import contract_holds
from wardkeep.warden.rules.copies_are_signed import copies_are_signed
from wardkeep.warden.rules.extracts_are_agreed import extracts_are_agreed
from wardkeep.warden.rules.homes_are_few import homes_are_few
from wardkeep.warden.rules.key_is_ours import key_is_ours
from wardkeep.warden.rules.letters_are_approved import letters_are_approved
from wardkeep.warden.rules.list_is_short import list_is_short
from wardkeep.warden.rules.not_erased import not_erased
from wardkeep.warden.rules.not_frozen import not_frozen
from wardkeep.warden.rules.note_is_yours import note_is_yours
from wardkeep.warden.rules.one_way_in import one_way_in
from wardkeep.warden.rules.opening import Explained, Opening, Refused
from wardkeep.warden.rules.own_record_alone import own_record_alone
from wardkeep.warden.rules.passkey_is_fresh import passkey_is_fresh
from wardkeep.warden.rules.patient_is_chosen import patient_is_chosen
from wardkeep.warden.rules.prints_are_few import prints_are_few
from wardkeep.warden.rules.purpose_fits_role import purpose_fits_role
from wardkeep.warden.rules.reason_is_given import reason_is_given
from wardkeep.warden.rules.role_reaches_tier import role_reaches_tier
from wardkeep.warden.rules.scope_covers import scope_covers
from wardkeep.warden.rules.seal_is_set_by_carers import seal_is_set_by_carers
from wardkeep.warden.rules.sendings_are_few import sendings_are_few
from wardkeep.warden.rules.support_is_granted import support_is_granted
from wardkeep.warden.rules.visit_is_now import visit_is_now

Rule = Callable[[Opening], Refused | None]

ORDER: tuple[Rule, ...] = (
    not_erased,
    not_frozen,
    key_is_ours,
    support_is_granted,
    own_record_alone,
    role_reaches_tier,
    extracts_are_agreed,
    patient_is_chosen,
    scope_covers,
    purpose_fits_role,
    contract_holds,
    list_is_short,
    copies_are_signed,
    carried_lists_are_signed,
    sendings_are_few,
    letters_are_approved,
    one_way_in,
    seal_is_set_by_carers,
    visit_is_now,
    note_is_yours,
    reason_is_given,
    prints_are_few,
    budget_holds,
    homes_are_few,
    passkey_is_fresh,
)


class Kind(NamedTuple):
    """Of what kind an opening is: many a rule lets all of another kind pass."""

    action: Action
    tier: Tier
    is_plain: bool
    """By a person of the organisation for themselves: neither program nor app."""


def _takes_out(kind: Kind) -> bool:
    return kind.action in TAKEN_OUT


def _reads_sealed(kind: Kind) -> bool:
    return kind.tier is Tier.SEALED and kind.action is Action.READ


def _changes_sealed(kind: Kind) -> bool:
    return kind.tier is Tier.SEALED and kind.action is not Action.READ


def _carries(kind: Kind) -> bool:
    return kind.action is Action.CARRY


def _sends(kind: Kind) -> bool:
    return kind.action is Action.SEND


def _writes_letters(kind: Kind) -> bool:
    return kind.action is Action.LETTERS


def _is_for_returns(kind: Kind) -> bool:
    return kind.action is Action.EXTRACT or not kind.is_plain


def _is_not_plain(kind: Kind) -> bool:
    return not kind.is_plain


CONCERNS: Mapping[Rule, Callable[[Kind], bool]] = {
    copies_are_signed: _takes_out,
    prints_are_few: _takes_out,
    carried_lists_are_signed: _carries,
    sendings_are_few: _sends,
    letters_are_approved: _writes_letters,
    extracts_are_agreed: _is_for_returns,
    one_way_in: _reads_sealed,
    visit_is_now: _reads_sealed,
    note_is_yours: _reads_sealed,
    homes_are_few: _reads_sealed,
    passkey_is_fresh: _reads_sealed,
    seal_is_set_by_carers: _changes_sealed,
    support_is_granted: _is_not_plain,
    own_record_alone: _is_not_plain,
    scope_covers: _is_not_plain,
    contract_holds: _is_not_plain,
}
"""Which kinds a rule is about; it refuses no other, as a test shows. So sixteen
of twenty-five are not asked when somebody reads a record at work."""

_ASKED: Mapping[tuple[Action, Tier, bool], tuple[Rule, ...]] = {
    kind: tuple(
        [one for one in ORDER if one not in CONCERNS or CONCERNS[one](Kind(*kind))]
    )
    for kind in product(Action, Tier, (False, True))
}
_NOT_PLAIN = frozenset({Role.SUPPORT, Role.PATIENT, Role.EXTRACTOR})


def is_plain(opening: Opening) -> bool:
    is_program = opening.scopes is not None or opening.contract_left is not None
    return not is_program and opening.role not in _NOT_PLAIN


def judge(opening: Opening) -> Refused | None:
    """The first refusal in order; None where every rule lets it pass."""
    for rule in _ASKED[opening.action, opening.tier, is_plain(opening)]:
        refused = rule(opening)
        if refused is not None:
            return refused
    return None


def _explains(rule: Rule) -> tuple[Explained, ...]:
    """What stands beside the rule; a rule that does not explain itself is an error."""
    beside: tuple[Explained, ...] = sys.modules[rule.__module__].EXPLAINS
    return beside


EXPLAINED = {
    one.code: (rule.__name__.replace("_", " "), one)
    for rule in ORDER
    for one in _explains(rule)
}
"""By a refusal's code: the rule that decides so, and its words."""
