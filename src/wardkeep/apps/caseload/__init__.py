# SPDX-License-Identifier: Apache-2.0
"""Caseload: today's patients, the first page of whoever treats or cares for them."""

from wardkeep.apps.caseload.page import CARERS, show_caseload, show_waiting
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="caseload",
    title="Caseload",
    pages=(show_caseload, show_waiting),
    navigation=(Link(words="My patients", path="/caseload", gate=CARERS, position=5),),
)
