# SPDX-License-Identifier: Apache-2.0
"""Special notes and flags of urgent care: written, reviewed, ended, and what is due."""

from wardkeep.apps.special_notes.ending import end_note, mark_mistake, take_back
from wardkeep.apps.special_notes.showing import show_due, show_note, show_notes
from wardkeep.apps.special_notes.writing import (
    review_note,
    show_new,
    show_review,
    write_note,
)
from wardkeep.care.warnings import NOTERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="special_notes",
    title="Special notes",
    pages=(
        show_due,
        show_notes,
        show_new,
        write_note,
        show_review,
        review_note,
        end_note,
        mark_mistake,
        take_back,
        show_note,
    ),
    navigation=(
        Link(
            words="Notes to review",
            path="/special-notes",
            gate=NOTERS.only("shift_lead"),
            position=38,
        ),
    ),
)
