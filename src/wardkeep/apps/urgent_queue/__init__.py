# SPDX-License-Identifier: Apache-2.0
"""Urgent care's queues: which call waits for whom, until when, and what is done."""

from wardkeep.apps.urgent_queue.board import (
    show_board,
    show_board_now,
    show_overdue,
    show_overdue_now,
    show_shift,
    show_shift_now,
)
from wardkeep.apps.urgent_queue.booking_again import book
from wardkeep.apps.urgent_queue.case import go_on_with_end, show_case
from wardkeep.apps.urgent_queue.closing_sent import close
from wardkeep.apps.urgent_queue.ending import end_case
from wardkeep.apps.urgent_queue.messages import show_messages, show_messages_now
from wardkeep.apps.urgent_queue.opening import BOARD, STAFF
from wardkeep.apps.urgent_queue.printing import print_queue
from wardkeep.apps.urgent_queue.referred import (
    follow_up,
    mark_read,
    show_sent,
    show_sent_now,
    withdraw,
)
from wardkeep.apps.urgent_queue.referring import refer, show_referring
from wardkeep.apps.urgent_queue.stepping import call_off, take_step, undo
from wardkeep.apps.urgent_queue.taking import take_next
from wardkeep.apps.urgent_queue.taking_back import take_end_back
from wardkeep.apps.urgent_queue.times import set_times, show_times
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="urgent_queue",
    title="Urgent care queue",
    pages=(
        show_board,
        show_board_now,
        show_shift,
        show_shift_now,
        show_overdue,
        show_overdue_now,
        show_times,
        set_times,
        print_queue,
        take_next,
        show_case,
        go_on_with_end,
        take_step,
        undo,
        call_off,
        end_case,
        take_end_back,
        show_messages,
        show_messages_now,
        show_referring,
        refer,
        show_sent,
        show_sent_now,
        withdraw,
        close,
        mark_read,
        follow_up,
        book,
    ),
    navigation=(Link(words="Queue", path=BOARD, gate=STAFF, position=1),),
)
