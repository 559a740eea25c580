# SPDX-License-Identifier: Apache-2.0
"""Treatment centres: a case's time there, and who comes today."""

from wardkeep.apps.bases.booking import book, cancel, show_times, undo
from wardkeep.apps.bases.today import DESKS, show_today, show_today_now
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="bases",
    title="Treatment centres",
    pages=(show_today, show_today_now, show_times, book, cancel, undo),
    navigation=(
        Link(words="Treatment centres", path="/bases", gate=DESKS, position=16),
    ),
)
