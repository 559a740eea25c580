# SPDX-License-Identifier: Apache-2.0
"""Records: find a patient, say why, open the record, write in it, see who else did."""

from wardkeep.apps.records import sections
from wardkeep.apps.records.documents import open_document
from wardkeep.apps.records.entries.adding import add_entry, show_adding
from wardkeep.apps.records.entries.changing import (
    end_entry,
    mark_mistaken,
    show_entry,
    undo_change,
)
from wardkeep.apps.records.finding import find_patient, show_find
from wardkeep.apps.records.growing import show_growth
from wardkeep.apps.records.history import download_history, show_history
from wardkeep.apps.records.looking import look_through, show_looking
from wardkeep.apps.records.observing import record_observations, show_observing
from wardkeep.apps.records.record import give_reason, open_record
from wardkeep.apps.records.seen import mark_seen, take_back_seen
from wardkeep.web.apps import App
from wardkeep.web.gates import Gate
from wardkeep.web.navigation import Link

FINDERS = Gate.SIGNED_IN.but("administrator", "finance_clerk", "support")
"""Whose work reaches patients by looking for them; the door decides all the same."""

app = App(
    name="records",
    title="Records",
    pages=(
        show_find,
        find_patient,
        open_record,
        give_reason,
        sections.show_problems,
        sections.show_medicines,
        sections.show_allergies,
        show_observing,
        record_observations,
        sections.show_observations,
        mark_seen,
        take_back_seen,
        sections.show_series,
        sections.show_results,
        show_growth,
        sections.show_visits,
        sections.show_documents,
        open_document,
        sections.show_timeline,
        show_looking,
        look_through,
        show_adding,
        add_entry,
        end_entry,
        mark_mistaken,
        undo_change,
        show_entry,
        show_history,
        download_history,
    ),
    navigation=(Link(words="Find a patient", path="/find", gate=FINDERS, position=10),),
)
