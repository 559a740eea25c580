# SPDX-License-Identifier: Apache-2.0
"""Unfinished: what people began to write, kept until they finish or drop it."""

from wardkeep.apps.unfinished.one import bring_back, keep, show_words, throw_away
from wardkeep.apps.unfinished.overview import show_mine, show_of_patient
from wardkeep.web.apps import App

app = App(
    name="unfinished",
    title="Unfinished",
    pages=(show_mine, show_of_patient, show_words, keep, throw_away, bring_back),
)
