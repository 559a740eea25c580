# SPDX-License-Identifier: Apache-2.0
"""Ways into homes: given for a visit, set by who plans it, changed on suspicion."""

from wardkeep.apps.ways_in.due import PLANNERS, show_due
from wardkeep.apps.ways_in.giving import give_way_in, show_ways_in
from wardkeep.apps.ways_in.setting import set_way_in, show_setting
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="ways_in",
    title="Ways in",
    pages=(show_due, show_ways_in, give_way_in, show_setting, set_way_in),
    navigation=(Link(words="Ways in", path="/ways-in", gate=PLANNERS, position=25),),
)
