# SPDX-License-Identifier: Apache-2.0
"""Referrals to teams, how long people wait, and caseloads that change hands."""

from wardkeep.apps.referrals.handing_over import (
    plan_hand_over,
    show_hand_over,
    show_team_caseload,
    sign_hand_over,
)
from wardkeep.apps.referrals.lists import show_my_referrals, show_team
from wardkeep.apps.referrals.moving import hand_over, plan_back
from wardkeep.apps.referrals.opening import REFERRERS
from wardkeep.apps.referrals.showing import show_referral, show_referrals
from wardkeep.apps.referrals.stepping import take_step
from wardkeep.apps.referrals.taking import find_referred, show_take, take_referral
from wardkeep.apps.referrals.whole_caseload import plan_whole_caseload
from wardkeep.apps.referrals.writing import show_new_referral, write_referral
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="referrals",
    title="Referrals",
    pages=(
        show_my_referrals,
        show_team,
        show_take,
        find_referred,
        take_referral,
        show_referrals,
        show_new_referral,
        write_referral,
        show_referral,
        take_step,
        show_team_caseload,
        plan_hand_over,
        plan_whole_caseload,
        show_hand_over,
        sign_hand_over,
        hand_over,
        plan_back,
    ),
    navigation=(
        Link(words="Referrals", path="/referrals", gate=REFERRERS, position=35),
    ),
)
