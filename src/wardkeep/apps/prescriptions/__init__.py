# SPDX-License-Identifier: Apache-2.0
"""Prescriptions of urgent care: written, signed for, printed, given, cancelled."""

from wardkeep.apps.prescriptions.ending import cancel, undo
from wardkeep.apps.prescriptions.giving import give_stock, show_giving
from wardkeep.apps.prescriptions.lifting import (
    ask_to_lift,
    lift,
    sign_lifting,
    withdraw_lifting,
)
from wardkeep.apps.prescriptions.returning import (
    say_it_is_back,
    sign_that_it_is_back,
)
from wardkeep.apps.prescriptions.showing import (
    show_formulary,
    show_prescription,
    show_prescriptions,
)
from wardkeep.apps.prescriptions.signing import keep_signature, sign
from wardkeep.apps.prescriptions.supplying import print_prescription
from wardkeep.apps.prescriptions.writing import (
    show_form,
    show_form_for,
    write_for,
    write_prescription,
)
from wardkeep.web.apps import App

app = App(
    name="prescriptions",
    title="Prescriptions",
    pages=(
        show_formulary,
        ask_to_lift,
        sign_lifting,
        lift,
        withdraw_lifting,
        show_prescriptions,
        show_form,
        write_prescription,
        show_form_for,
        write_for,
        sign,
        keep_signature,
        print_prescription,
        show_giving,
        give_stock,
        cancel,
        say_it_is_back,
        sign_that_it_is_back,
        undo,
        show_prescription,
    ),
)
