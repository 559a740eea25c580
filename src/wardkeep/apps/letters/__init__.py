# SPDX-License-Identifier: Apache-2.0
"""Letters: written, approved by a clinician, made a PDF, sent, withdrawn."""

from wardkeep.apps.letters.deciding import (
    approve_letter,
    ask_withdrawal,
    give_pdf,
    say_sent,
    withdraw_letter,
)
from wardkeep.apps.letters.overview import show_letter, show_letters
from wardkeep.apps.letters.writing import (
    change_letter,
    show_change,
    show_new,
    write_letter,
)
from wardkeep.web.apps import App

app = App(
    name="letters",
    title="Letters",
    pages=(
        show_letters,
        show_new,
        write_letter,
        show_letter,
        show_change,
        change_letter,
        approve_letter,
        say_sent,
        give_pdf,
        ask_withdrawal,
        withdraw_letter,
    ),
)
