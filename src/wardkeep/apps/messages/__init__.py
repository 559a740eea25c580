# SPDX-License-Identifier: Apache-2.0
"""Messages between staff: in threads, about a patient or nobody, with who has read."""

from wardkeep.apps.messages.listing import (
    search_messages,
    show_messages,
    show_messages_part,
)
from wardkeep.apps.messages.reading import mark_read, show_thread, show_thread_part
from wardkeep.apps.messages.writing import (
    answer,
    send_about,
    send_message,
    show_new_about_patient,
    show_new_message,
)
from wardkeep.care.of_patient import WRITERS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="messages",
    title="Messages",
    pages=(
        show_messages,
        show_messages_part,
        search_messages,
        show_new_message,
        send_message,
        show_new_about_patient,
        send_about,
        show_thread,
        show_thread_part,
        mark_read,
        answer,
    ),
    navigation=(Link(words="Messages", path="/messages", gate=WRITERS, position=16),),
)
