# SPDX-License-Identifier: Apache-2.0
"""Home visits: the dispatcher's board, cars of the shift, and the list of one's car."""

from wardkeep.apps.home_visits.acting import act, recall, send, turn, undo
from wardkeep.apps.home_visits.board import show_board, show_board_now
from wardkeep.apps.home_visits.bringing_in import bring_in
from wardkeep.apps.home_visits.car import edit_car, end_car, keep_car, show_cars
from wardkeep.apps.home_visits.carrying import show_shell, still, take_list, worker
from wardkeep.apps.home_visits.mine import show_mine
from wardkeep.apps.home_visits.one import show_visit
from wardkeep.care.queue_case import LEADS, STAFF
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="home_visits",
    title="Home visits",
    pages=(
        show_board,
        show_board_now,
        show_cars,
        edit_car,
        keep_car,
        end_car,
        show_mine,
        bring_in,
        take_list,
        still,
        show_shell,
        worker,
        show_visit,
        send,
        recall,
        turn,
        act,
        undo,
    ),
    navigation=(
        Link(words="Home visits", path="/home-visits", gate=LEADS, position=3),
        Link(words="My car", path="/home-visits/mine", gate=STAFF, position=4),
    ),
)
