# SPDX-License-Identifier: Apache-2.0
"""My record: a patient sees who opened it; staff give and end the way in."""

from wardkeep.apps.own_record.inviting import (
    ask_to_invite,
    confirm_ending,
    end_patient_account,
    show_patient_account,
)
from wardkeep.apps.own_record.openings import PATIENTS, show_own_record
from wardkeep.apps.own_record.questioning import question_opening, show_question
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="own_record",
    title="My record",
    pages=(
        show_own_record,
        show_question,
        question_opening,
        show_patient_account,
        ask_to_invite,
        confirm_ending,
        end_patient_account,
    ),
    navigation=(
        Link(words="My record", path="/my-record", gate=PATIENTS, position=10),
    ),
)
