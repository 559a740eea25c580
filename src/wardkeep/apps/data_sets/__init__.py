# SPDX-License-Identifier: Apache-2.0
"""Data sets: agree on what leaves for a national one, and see what is missing in it."""

from wardkeep.apps.data_sets.agreeing import (
    agree_data_set,
    show_data_set,
    withdraw_data_set,
)
from wardkeep.apps.data_sets.asking import ask_data_set, show_question
from wardkeep.apps.data_sets.overview import DECIDERS, show_data_sets
from wardkeep.apps.data_sets.quality import QUALITY, show_faults, show_quality
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="data_sets",
    title="Data sets",
    pages=(
        show_data_sets,
        show_question,
        ask_data_set,
        show_data_set,
        agree_data_set,
        withdraw_data_set,
        show_quality,
        show_faults,
    ),
    navigation=(
        Link(words="Data sets", path="/data-sets", gate=DECIDERS, position=62),
        Link(words="Data quality", path="/data-quality", gate=QUALITY, position=64),
    ),
)
