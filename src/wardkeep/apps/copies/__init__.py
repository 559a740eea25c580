# SPDX-License-Identifier: Apache-2.0
"""Copies: a record on paper, or as files for whoever is entitled to them."""

from wardkeep.apps.copies.asking import ask_for_copy, show_asking
from wardkeep.apps.copies.making import make_copy, show_signed
from wardkeep.apps.copies.printing import print_record
from wardkeep.web.apps import App

app = App(
    name="copies",
    title="Prints and copies",
    pages=(print_record, show_asking, ask_for_copy, show_signed, make_copy),
)
