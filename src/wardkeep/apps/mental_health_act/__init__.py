# SPDX-License-Identifier: Apache-2.0
"""Mental Health Act administration: sections, rights, hearings, leave, what is due."""

from wardkeep.apps.mental_health_act.adding import (
    show_entry_form,
    take_back,
    write_entry,
)
from wardkeep.apps.mental_health_act.listing import show_office, show_office_part
from wardkeep.apps.mental_health_act.opening import OFFICE
from wardkeep.apps.mental_health_act.printing import print_office
from wardkeep.apps.mental_health_act.registering import (
    show_section_form,
    write_section,
)
from wardkeep.apps.mental_health_act.ruling import load_rules, show_rules
from wardkeep.apps.mental_health_act.showing import show_section, show_sections
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="mental_health_act",
    title="Mental Health Act",
    pages=(
        show_office,
        show_office_part,
        print_office,
        show_rules,
        load_rules,
        show_section_form,
        write_section,
        show_entry_form,
        write_entry,
        take_back,
        show_sections,
        show_section,
    ),
    navigation=(
        Link(
            words="Mental Health Act",
            path="/mental-health-act",
            gate=OFFICE,
            position=36,
        ),
    ),
)
