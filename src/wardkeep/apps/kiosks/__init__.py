# SPDX-License-Identifier: Apache-2.0
"""Kiosks: the page that a shared device shows, and the list for administrators."""

from wardkeep.apps.kiosks.device import ask_check_in, begin_pairing, kiosk, poll_pairing
from wardkeep.apps.kiosks.overview import KEEPERS, add_kiosk, end_kiosk, show_kiosks
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="kiosks",
    title="Kiosks",
    pages=(
        kiosk,
        begin_pairing,
        poll_pairing,
        ask_check_in,
        show_kiosks,
        add_kiosk,
        end_kiosk,
    ),
    navigation=(Link(words="Kiosks", path="/kiosks", gate=KEEPERS, position=70),),
)
