# SPDX-License-Identifier: Apache-2.0
"""Kiosks: the list for administrators, where a device is let in and ended."""

from wardkeep.apps.kiosks.overview import KEEPERS, add_kiosk, end_kiosk, show_kiosks
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="kiosks",
    title="Kiosks",
    pages=(show_kiosks, add_kiosk, end_kiosk),
    navigation=(Link(words="Kiosks", path="/kiosks", gate=KEEPERS, position=70),),
)
