# SPDX-License-Identifier: Apache-2.0
"""Security: what is frozen, what waits to be looked at, and who saw what."""

from wardkeep.apps.security.account import download_account, show_account
from wardkeep.apps.security.budgets import (
    ask_to_set_budget,
    show_budget,
    show_budgets,
)
from wardkeep.apps.security.freezing import (
    ask_to_release,
    freeze,
    show_freezing,
    show_releasing,
)
from wardkeep.apps.security.glass import ask_to_break_glass, show_glass
from wardkeep.apps.security.overview import LOOKERS, show_security
from wardkeep.apps.security.proving import begin_prove, finish_prove
from wardkeep.apps.security.refusals import show_refusals
from wardkeep.apps.security.reviewing import review, show_alarm
from wardkeep.apps.security.today import show_now, show_today
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="security",
    title="Security",
    pages=(
        show_security,
        show_freezing,
        freeze,
        show_releasing,
        ask_to_release,
        show_alarm,
        review,
        show_account,
        download_account,
        show_refusals,
        show_glass,
        ask_to_break_glass,
        begin_prove,
        finish_prove,
        show_today,
        show_now,
        show_budgets,
        show_budget,
        ask_to_set_budget,
    ),
    navigation=(Link(words="Security", path="/security", gate=LOOKERS, position=30),),
)
