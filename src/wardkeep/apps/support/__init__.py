# SPDX-License-Identifier: Apache-2.0
"""Support access: granted by the organisation, watched live, ended by one button."""

from wardkeep.apps.support.granting import ask_to_grant, show_granting
from wardkeep.apps.support.helping import show_helping
from wardkeep.apps.support.overview import KEEPERS, SUPPORTERS, show_support
from wardkeep.apps.support.watching import (
    end_support,
    show_openings,
    watch_support,
)
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="support",
    title="Support access",
    pages=(
        show_support,
        show_granting,
        ask_to_grant,
        watch_support,
        show_openings,
        end_support,
        show_helping,
    ),
    navigation=(
        Link(words="Support access", path="/support", gate=KEEPERS, position=60),
        Link(words="Granted to me", path="/helping", gate=SUPPORTERS, position=10),
    ),
)
