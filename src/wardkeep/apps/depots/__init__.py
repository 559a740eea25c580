# SPDX-License-Identifier: Apache-2.0
"""Depot injections: schedules of patients, what became of each dose, what is due."""

from wardkeep.apps.depots.listing import show_due, show_due_part
from wardkeep.apps.depots.moving import (
    mark_mistake,
    show_step_form,
    take_back,
    take_step,
)
from wardkeep.apps.depots.opening import GIVERS
from wardkeep.apps.depots.printing import choose_to_print, print_due
from wardkeep.apps.depots.recording import record_given, show_given_form
from wardkeep.apps.depots.scheduling import (
    change_schedule,
    show_change_form,
    show_schedule_form,
    write_schedule,
)
from wardkeep.apps.depots.showing import show_depot, show_depots
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="depots",
    title="Depot injections",
    pages=(
        show_due,
        show_due_part,
        choose_to_print,
        print_due,
        show_depots,
        show_schedule_form,
        write_schedule,
        show_given_form,
        record_given,
        show_change_form,
        change_schedule,
        take_back,
        mark_mistake,
        show_step_form,
        take_step,
        show_depot,
    ),
    navigation=(
        Link(words="Depot injections", path="/depots", gate=GIVERS, position=37),
    ),
)
