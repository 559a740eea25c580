# SPDX-License-Identifier: Apache-2.0
"""Calls: answered, who they are about, what is known before the first question."""

from wardkeep.apps.calls.answering import answer, show_calls, take_over
from wardkeep.apps.calls.asking import look_ahead
from wardkeep.apps.calls.details import look_up, save_details, show_details
from wardkeep.apps.calls.ending import end_call, press_answer, show_ending
from wardkeep.apps.calls.identifying import identify
from wardkeep.apps.calls.number_kept import throw_number_away
from wardkeep.apps.calls.opening import ADVISORS, ANSWERERS
from wardkeep.apps.calls.permission import keep_permission
from wardkeep.apps.calls.rang_before import ask_who_rang
from wardkeep.apps.calls.sending_on import (
    end_sent,
    send_on,
    show_sending,
    show_times,
)
from wardkeep.apps.calls.showing import read_warnings, show_call
from wardkeep.apps.calls.somebody_else import take_out
from wardkeep.apps.calls.taking_back import take_back
from wardkeep.apps.calls.telephone import show_who_rang, sit_down
from wardkeep.apps.calls.tracing import trace
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="calls",
    title="Calls",
    pages=(
        show_calls,
        answer,
        throw_number_away,
        take_over,
        show_call,
        keep_permission,
        read_warnings,
        show_details,
        save_details,
        look_up,
        identify,
        trace,
        ask_who_rang,
        show_ending,
        end_call,
        press_answer,
        look_ahead,
        take_back,
        show_who_rang,
        sit_down,
        show_sending,
        show_times,
        send_on,
        end_sent,
        take_out,
    ),
    navigation=(
        Link(words="Calls", path="/calls", gate=ADVISORS, position=4),
        Link(
            words="Calls",
            path="/calls",
            gate=ANSWERERS.only("urgent_care_clinician", "shift_lead"),
            position=13,
        ),
    ),
)
