# SPDX-License-Identifier: Apache-2.0
"""Clinics: today's lists, calling, the waiting room's screen, the board, the diary."""

from wardkeep.apps.clinics.acting import act_on_day
from wardkeep.apps.clinics.board import show_board, show_board_now
from wardkeep.apps.clinics.day import show_day, show_day_now, show_rooms_now
from wardkeep.apps.clinics.diary import book_slot, move_appointment, show_diary
from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.apps.clinics.screen import (
    add_screen,
    end_screen,
    pair_screen,
    show_called,
    show_screen,
    show_screens,
    stream_called,
)
from wardkeep.apps.clinics.walk_in import find_walk_in, show_walk_in, take_walk_in
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="clinics",
    title="Clinics",
    pages=(
        show_board,
        show_board_now,
        show_day,
        show_day_now,
        show_rooms_now,
        act_on_day,
        show_walk_in,
        find_walk_in,
        take_walk_in,
        show_diary,
        book_slot,
        move_appointment,
        show_screen,
        pair_screen,
        show_called,
        stream_called,
        show_screens,
        add_screen,
        end_screen,
    ),
    navigation=(Link(words="Clinics", path="/clinics", gate=CLINIC, position=15),),
)
