# SPDX-License-Identifier: Apache-2.0
"""Signing in: with a passkey, by an invitation the first time, and out again."""

from wardkeep.apps.sign_in.enrolment import begin_enrolment, enrol, finish_enrolment
from wardkeep.apps.sign_in.entry import (
    begin_sign_in,
    finish_sign_in,
    first_page,
    sign_in,
    sign_out,
)
from wardkeep.apps.sign_in.waking import begin_wake, finish_wake, lock, still_here, wake
from wardkeep.apps.sign_in.with_provider import (
    begin_step_up,
    come_back,
    finish_step_up,
    leave_for_provider,
    leave_to_link,
)
from wardkeep.web.apps import App

app = App(
    name="sign_in",
    title="Sign in",
    pages=(
        first_page,
        sign_in,
        begin_sign_in,
        finish_sign_in,
        sign_out,
        wake,
        begin_wake,
        finish_wake,
        still_here,
        lock,
        leave_for_provider,
        leave_to_link,
        come_back,
        begin_step_up,
        finish_step_up,
        enrol,
        begin_enrolment,
        finish_enrolment,
    ),
)
