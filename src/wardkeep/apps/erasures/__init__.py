# SPDX-License-Identifier: Apache-2.0
"""Erasures: ask for one, decide on a colleague’s, see what is due and what went."""

from wardkeep.apps.erasures.asking import ask_erasure, show_question
from wardkeep.apps.erasures.deciding import (
    approve_erasure,
    confirm_approval,
    withdraw_erasure,
)
from wardkeep.apps.erasures.due import set_term, show_due, show_term
from wardkeep.apps.erasures.overview import DECIDERS, show_erasures
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="erasures",
    title="Erasures",
    pages=(
        show_erasures,
        show_question,
        ask_erasure,
        show_due,
        show_term,
        set_term,
        confirm_approval,
        approve_erasure,
        withdraw_erasure,
    ),
    navigation=(Link(words="Erasures", path="/erasures", gate=DECIDERS, position=60),),
)
