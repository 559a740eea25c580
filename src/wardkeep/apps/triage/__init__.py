# SPDX-License-Identifier: Apache-2.0
"""Triage by clinicians: a checklist over a record, and content taken into use."""

from wardkeep.apps.triage.adopting import end_use, show_content, take_into_use
from wardkeep.apps.triage.assessing import assess, show_checklist, work_out
from wardkeep.apps.triage.showing import show_triage, show_triages
from wardkeep.apps.triage.striking import put_back, strike_out
from wardkeep.care.leads import LEADS
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="triage",
    title="Triage",
    pages=(
        show_content,
        take_into_use,
        end_use,
        show_triages,
        show_checklist,
        work_out,
        assess,
        show_triage,
        strike_out,
        put_back,
    ),
    navigation=(Link(words="Triage content", path="/triage", gate=LEADS, position=38),),
)
