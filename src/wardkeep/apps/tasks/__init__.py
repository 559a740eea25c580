# SPDX-License-Identifier: Apache-2.0
"""Tasks: given to a person or a team, taken by one, done with a word."""

from wardkeep.apps.tasks.doing import (
    call_off,
    claim,
    finish,
    hand_on,
    show_task,
    undo,
)
from wardkeep.apps.tasks.listing import show_of_patient, show_tasks, show_tasks_part
from wardkeep.apps.tasks.making import (
    make_about,
    make_task,
    show_new,
    show_new_about,
)
from wardkeep.care.of_patient import WRITERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="tasks",
    title="Tasks",
    pages=(
        show_tasks,
        show_tasks_part,
        show_new,
        make_task,
        show_of_patient,
        show_new_about,
        make_about,
        show_task,
        claim,
        finish,
        call_off,
        hand_on,
        undo,
    ),
    navigation=(Link(words="Tasks", path="/tasks", gate=WRITERS, position=14),),
)
