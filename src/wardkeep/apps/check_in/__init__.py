# SPDX-License-Identifier: Apache-2.0
"""Check-in by oneself: at a kiosk or on a phone, in many languages, with questions."""

from wardkeep.apps.check_in.asking import ask_check_in, ask_facts, call_help, kiosk
from wardkeep.apps.check_in.by_link import show_link, show_waiting, use_link
from wardkeep.apps.check_in.directing import (
    show_directions,
    show_slip,
    undo_directions,
    write_directions,
)
from wardkeep.apps.check_in.editing import (
    LOOKERS,
    change_questionnaire,
    preview_questionnaire,
    show_questionnaire,
    show_questionnaires,
    start_questionnaire,
)
from wardkeep.apps.check_in.links import make_link, offer_link
from wardkeep.apps.check_in.offline import ask_pack, merge, show_offline, worker
from wardkeep.apps.check_in.pairing import begin_pairing, poll_pairing
from wardkeep.apps.check_in.reviewing import (
    DESK,
    answer_help,
    decide,
    look_at_capture,
    show_calls,
    show_desk,
)
from wardkeep.apps.check_in.visiting import finish, leave, show_visit
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="check_in",
    title="Check-in",
    pages=(
        kiosk,
        begin_pairing,
        poll_pairing,
        ask_facts,
        ask_check_in,
        call_help,
        show_visit,
        finish,
        leave,
        show_offline,
        worker,
        ask_pack,
        merge,
        show_link,
        use_link,
        show_waiting,
        show_desk,
        show_calls,
        answer_help,
        look_at_capture,
        decide,
        offer_link,
        make_link,
        show_directions,
        write_directions,
        undo_directions,
        show_slip,
        show_questionnaires,
        start_questionnaire,
        show_questionnaire,
        change_questionnaire,
        preview_questionnaire,
    ),
    navigation=(
        Link(words="Check-in desk", path="/check-in/desk", gate=DESK, position=35),
        Link(words="Questionnaires", path="/questionnaires", gate=LOOKERS, position=60),
    ),
)
