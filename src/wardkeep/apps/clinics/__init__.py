# SPDX-License-Identifier: Apache-2.0
"""Clinics: today's lists, calling, the waiting room's screen, the board, the diary."""

from wardkeep.apps.clinics.acting import act_on_day
from wardkeep.apps.clinics.board import show_board, show_board_now
from wardkeep.apps.clinics.day import show_day, show_day_now
from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="clinics",
    title="Clinics",
    pages=(show_board, show_board_now, show_day, show_day_now, act_on_day),
    navigation=(Link(words="Clinics", path="/clinics", gate=CLINIC, position=15),),
)
