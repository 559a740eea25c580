# SPDX-License-Identifier: Apache-2.0
"""Figures of urgent care: the shift as it goes, and the report of a day or longer."""

from wardkeep.apps.urgent_figures.opening import FIGURES, REPORT, REPORTERS
from wardkeep.apps.urgent_figures.report import (
    show_counting,
    show_report,
    take_report,
)
from wardkeep.apps.urgent_figures.shift import show_shift, show_shift_now
from wardkeep.web.apps import App
from wardkeep.web.gates import Gate
from wardkeep.web.navigation import Link

app = App(
    name="urgent_figures",
    title="Urgent care figures",
    pages=(show_shift, show_shift_now, show_report, show_counting, take_report),
    navigation=(
        Link(
            words="Figures",
            path=FIGURES,
            gate=Gate.SIGNED_IN.only("shift_lead"),
            position=2,
        ),
        Link(
            words="Urgent care report",
            path=REPORT,
            gate=Gate.SIGNED_IN.only(*REPORTERS.roles - {"shift_lead"}),
            position=66,
        ),
    ),
)
