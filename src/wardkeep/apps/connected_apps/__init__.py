# SPDX-License-Identifier: Apache-2.0
"""Apps that act for a person: consent, starting one from a record, and their end."""

from wardkeep.apps.connected_apps.authorizing import (
    authorize,
    decide,
    give_reason_for_app,
)
from wardkeep.apps.connected_apps.launching import launch_app, show_launchable
from wardkeep.apps.connected_apps.overview import (
    ADMINISTRATORS,
    show_apps,
    show_own_apps,
    withdraw_app,
)
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="connected_apps",
    title="Apps",
    pages=(
        authorize,
        give_reason_for_app,
        decide,
        show_launchable,
        launch_app,
        show_own_apps,
        withdraw_app,
        show_apps,
    ),
    navigation=(Link(words="Apps", path="/apps", gate=ADMINISTRATORS, position=70),),
)
