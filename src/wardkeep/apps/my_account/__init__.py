# SPDX-License-Identifier: Apache-2.0
"""My account: my passkeys and where I am signed in."""

from wardkeep.apps.my_account.identities import (
    confirm_linking,
    show_identities,
    unlink_identity,
)
from wardkeep.apps.my_account.keyboard import show_keyboard
from wardkeep.apps.my_account.overview import account
from wardkeep.apps.my_account.passkeys import (
    add_passkey,
    begin_add_passkey,
    confirm_revocation,
    finish_add_passkey,
    revoke_passkey,
)
from wardkeep.apps.my_account.sessions import end_other_sessions, end_session
from wardkeep.apps.my_account.work import accept_work, show_work, switch_organisation
from wardkeep.web.apps import App
from wardkeep.web.gates import Gate
from wardkeep.web.navigation import Link

app = App(
    name="my_account",
    title="My account",
    pages=(
        account,
        show_keyboard,
        add_passkey,
        begin_add_passkey,
        finish_add_passkey,
        confirm_revocation,
        revoke_passkey,
        end_session,
        end_other_sessions,
        switch_organisation,
        show_work,
        accept_work,
        show_identities,
        confirm_linking,
        unlink_identity,
    ),
    navigation=(
        Link(
            words="My account",
            path="/account",
            gate=Gate.ANYBODY_SIGNED_IN,
            position=90,
        ),
    ),
)
