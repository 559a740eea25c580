# SPDX-License-Identifier: Apache-2.0
"""Records: find a patient, say why, open the record, see who else did."""

from wardkeep.apps.records.documents import open_document
from wardkeep.apps.records.finding import find_patient, show_find
from wardkeep.apps.records.history import download_history, show_history
from wardkeep.apps.records.record import give_reason, open_record
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
        open_document,
        show_history,
        download_history,
    ),
    navigation=(Link(words="Find a patient", path="/find", gate=FINDERS, position=10),),
)
