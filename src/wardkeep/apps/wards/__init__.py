# SPDX-License-Identifier: Apache-2.0
"""The ward: bed board, observation levels and checks, leave."""

from wardkeep.apps.wards.admitting import admit, find_whom, show_admission, show_whom
from wardkeep.apps.wards.beds import add_bed, set_bed, show_beds
from wardkeep.apps.wards.board import (
    show_board,
    show_board_now,
    show_checks,
    show_checks_now,
    show_wards,
)
from wardkeep.apps.wards.checking import (
    record_check,
    record_late,
    show_check,
    strike_check,
)
from wardkeep.apps.wards.discharging import discharge_patient, show_discharge
from wardkeep.apps.wards.leaving import come_back, plan_leave, show_leave, step_leave
from wardkeep.apps.wards.levels import set_level, show_level
from wardkeep.apps.wards.moving import change_expected, move_patient, show_move
from wardkeep.apps.wards.opening import STAFF
from wardkeep.apps.wards.person import show_person
from wardkeep.apps.wards.prolonging import prolong_leave, show_longer
from wardkeep.apps.wards.undoing import undo
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="wards",
    title="Wards",
    pages=(
        show_wards,
        show_board_now,
        show_checks_now,
        show_checks,
        show_whom,
        find_whom,
        show_beds,
        add_bed,
        set_bed,
        show_board,
        show_admission,
        admit,
        show_move,
        move_patient,
        change_expected,
        show_discharge,
        discharge_patient,
        show_level,
        set_level,
        show_check,
        record_check,
        record_late,
        strike_check,
        show_leave,
        plan_leave,
        show_longer,
        prolong_leave,
        step_leave,
        come_back,
        undo,
        show_person,
    ),
    navigation=(Link(words="Wards", path="/wards", gate=STAFF, position=11),),
)
