# SPDX-License-Identifier: Apache-2.0
"""Letters: written, approved by a clinician, made a PDF, sent, withdrawn."""

from wardkeep.apps.letters.deciding import (
    approve_letter,
    ask_withdrawal,
    give_pdf,
    say_sent,
    withdraw_letter,
)
from wardkeep.apps.letters.mine import go_to_next, show_mine, show_mine_part
from wardkeep.apps.letters.overview import show_letter, show_letters
from wardkeep.apps.letters.writing import (
    change_letter,
    show_change,
    show_new,
    write_letter,
)
from wardkeep.care.of_patient import WRITERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="letters",
    title="Letters",
    pages=(
        show_mine,
        show_mine_part,
        go_to_next,
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
    navigation=(Link(words="Letters", path="/letters", gate=WRITERS, position=20),),
)
