# SPDX-License-Identifier: Apache-2.0
"""Notes: written without losing a word, signed, co-signed, amended, looked through."""

from wardkeep.apps.notes.beginning import begin_amendment, begin_note
from wardkeep.apps.notes.co_signing import co_sign, send_back
from wardkeep.apps.notes.headings import save_template, show_template, show_templates
from wardkeep.apps.notes.listing import search_notes, show_notes
from wardkeep.apps.notes.mine import show_mine
from wardkeep.apps.notes.showing import mark_wrong, show_history, show_note
from wardkeep.apps.notes.signing import sign
from wardkeep.apps.notes.taking_over import ask_to_take_over, take_over
from wardkeep.apps.notes.texts import choose, show_texts
from wardkeep.apps.notes.writing import (
    bring_back,
    save_by_hand,
    save_text,
    throw_away,
    write,
)
from wardkeep.care.of_patient import WRITERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="notes",
    title="Notes",
    pages=(
        show_mine,
        show_templates,
        show_template,
        save_template,
        show_notes,
        begin_note,
        search_notes,
        show_note,
        show_history,
        begin_amendment,
        mark_wrong,
        co_sign,
        send_back,
        write,
        save_by_hand,
        save_text,
        throw_away,
        bring_back,
        show_texts,
        choose,
        sign,
        ask_to_take_over,
        take_over,
    ),
    navigation=(Link(words="Notes", path="/notes", gate=WRITERS, position=22),),
)
