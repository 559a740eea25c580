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
        enrol,
        begin_enrolment,
        finish_enrolment,
    ),
)
