# SPDX-License-Identifier: Apache-2.0
"""Assessments and rating scales: filled in, scored, signed, followed over the years."""

from wardkeep.apps.assessments.bringing_in import (
    add_from_library,
    bring_in,
    show_bringing_in,
)
from wardkeep.apps.assessments.comparing import show_scale
from wardkeep.apps.assessments.filling import (
    begin_amendment,
    begin_assessment,
    bring_back,
    fill_in,
    save_by_hand,
    throw_away,
)
from wardkeep.apps.assessments.overview import show_assessments
from wardkeep.apps.assessments.showing import (
    mark_wrong,
    show_assessment,
    show_versions,
)
from wardkeep.apps.assessments.signing import sign_assessment
from wardkeep.apps.assessments.talking import end_talk, show_talk_form, write_talk
from wardkeep.apps.assessments.texts import choose_text, show_texts
from wardkeep.apps.assessments.together import show_together
from wardkeep.web.apps import App

app = App(
    name="assessments",
    title="Assessments",
    pages=(
        show_bringing_in,
        bring_in,
        add_from_library,
        show_assessments,
        begin_assessment,
        fill_in,
        save_by_hand,
        throw_away,
        bring_back,
        show_texts,
        choose_text,
        sign_assessment,
        show_scale,
        show_assessment,
        show_versions,
        begin_amendment,
        mark_wrong,
        show_together,
        show_talk_form,
        write_talk,
        end_talk,
    ),
)
