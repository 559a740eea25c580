# SPDX-License-Identifier: Apache-2.0
"""Handover: what a shift tells the next of each patient, written and taken over."""

from wardkeep.apps.handover.listing import show_places, show_sheet, show_sheet_part
from wardkeep.apps.handover.one import show_lines_part, show_one
from wardkeep.apps.handover.printing import choose_to_print, print_sheet
from wardkeep.apps.handover.writing import save_line, take_over
from wardkeep.care.of_patient import WRITERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="handover",
    title="Handover",
    pages=(
        show_places,
        show_sheet,
        show_sheet_part,
        choose_to_print,
        print_sheet,
        show_one,
        show_lines_part,
        save_line,
        take_over,
    ),
    navigation=(Link(words="Handover", path="/handover", gate=WRITERS, position=12),),
)
