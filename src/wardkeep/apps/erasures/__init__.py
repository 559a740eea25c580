# SPDX-License-Identifier: Apache-2.0
"""Erasures: ask for one, approve or decline a colleague's, see what was destroyed."""

from wardkeep.apps.erasures.asking import ask_erasure, show_question
from wardkeep.apps.erasures.deciding import (
    approve_erasure,
    confirm_approval,
    withdraw_erasure,
)
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
        confirm_approval,
        approve_erasure,
        withdraw_erasure,
    ),
    navigation=(Link(words="Erasures", path="/erasures", gate=DECIDERS, position=60),),
)
