# SPDX-License-Identifier: Apache-2.0
"""Triage content of an organisation's own: written, checked, compared, reviewed."""

from wardkeep.apps.protocols.holding import (
    hold,
    show_held,
    show_held_rule,
    withdraw,
)
from wardkeep.apps.protocols.questions import (
    remove_question,
    save_question,
    show_question,
)
from wardkeep.apps.protocols.reviewing import review, show_review
from wardkeep.apps.protocols.rules import remove_rule, save_rule, show_rule
from wardkeep.apps.protocols.sending import bring_back, send, throw_away, write_on
from wardkeep.apps.protocols.trying import show_compared, show_trying, try_out
from wardkeep.apps.protocols.writing import (
    begin,
    bring_in,
    save_head,
    save_texts,
    show_protocol,
    show_protocols,
    show_texts,
)
from wardkeep.web.apps import App

app = App(
    name="protocols",
    title="Protocols",
    pages=(
        show_protocols,
        begin,
        bring_in,
        show_protocol,
        save_head,
        show_texts,
        save_texts,
        show_rule,
        save_rule,
        remove_rule,
        show_question,
        save_question,
        remove_question,
        show_trying,
        try_out,
        show_compared,
        send,
        throw_away,
        bring_back,
        write_on,
        show_review,
        review,
        show_held,
        show_held_rule,
        hold,
        withdraw,
    ),
)
