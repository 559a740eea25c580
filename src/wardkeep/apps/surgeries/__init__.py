# SPDX-License-Identifier: Apache-2.0
"""Messages to surgeries: what they are told of a journey, and what has not arrived."""

from wardkeep.apps.surgeries.list import LIST, show_list
from wardkeep.apps.surgeries.opening import STAFF
from wardkeep.apps.surgeries.sending import hold_back, send, send_again
from wardkeep.apps.surgeries.showing import show_told
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="surgeries",
    title="Messages to surgeries",
    pages=(show_told, hold_back, send, send_again, show_list),
    navigation=(Link(words="To surgeries", path=LIST, gate=STAFF, position=40),),
)
