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
from wardkeep.apps.security.incident_counts import (
    ask_to_declare,
    show_count,
    show_count_now,
)
from wardkeep.apps.security.incident_drafts import (
    download_draft,
    download_drafts,
    show_draft,
    show_reached,
)
from wardkeep.apps.security.incident_form import (
    count_again,
    count_new,
    show_declaring,
    show_revising,
)
from wardkeep.apps.security.incident_letters import (
    approve_letters,
    ask_for_letters,
    make_letters,
)
from wardkeep.apps.security.incidents import (
    ask_for_drafts,
    ask_to_withdraw,
    read_for_drafts,
    show_incident,
    show_incidents,
    show_withdrawing,
)
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
        show_incidents,
        show_declaring,
        count_new,
        show_count_now,
        show_count,
        ask_to_declare,
        show_incident,
        show_revising,
        count_again,
        show_withdrawing,
        ask_to_withdraw,
        read_for_drafts,
        ask_for_drafts,
        show_draft,
        download_draft,
        show_reached,
        download_drafts,
        ask_for_letters,
        approve_letters,
        make_letters,
    ),
    navigation=(Link(words="Security", path="/security", gate=LOOKERS, position=30),),
)
