# SPDX-License-Identifier: Apache-2.0
"""Adding a passkey and revoking one; the last one stays, or nobody could sign in."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.my_account.overview import can_revoke
from wardkeep.apps.my_account.own_passkeys import OwnPasskey, own_passkeys
from wardkeep.disclosure.answers import CeremonyOptions, Done, Refusal
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    FinishAddPasskey,
    RevokePasskey,
)
from wardkeep.web.ceremony import GoOn, answer_options, answer_refusal, answer_trouble
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.device import device_words
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.passkey_names import passkey_name
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class FinishedPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts: the new passkey and the name given to it."""

    label: str
    response: msgspec.Raw


@page("/account/passkeys/add", gate=Gate.ANYBODY_SIGNED_IN)
async def add_passkey(visit: Visit) -> Response:
    if not visit.session.may_change_passkeys:
        return await _confirm_first(visit, after="/account/passkeys/add")
    device = device_words(visit.request.headers.get("user-agent", ""))
    return visit.render("my_account/add_passkey.html", device=device)


async def _confirm_first(visit: Visit, *, after: str) -> Response:
    """A session that was left open, or stolen, changes no passkey."""
    return await ask_to_confirm(
        visit,
        ChangePasskeys(),
        back="/account",
        after=after,
        button="Go on with my passkey",
    )


@page("/account/passkeys/add/begin", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def begin_add_passkey(visit: Visit) -> Response:
    given = await visit.warden.ask(BeginAddPasskey(visit.token), CeremonyOptions)
    return answer_options(visit, given)


@page("/account/passkeys/add/finish", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def finish_add_passkey(visit: Visit) -> Response:
    sent = await visit.json(FinishedPasskey)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    device = device_words(visit.request.headers.get("user-agent", ""))
    question = FinishAddPasskey(
        session=visit.token,
        response=bytes(sent.response),
        label=passkey_name(sent.label, device=device),
    )
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json(GoOn(next="/account?added=yes"))


@page("/account/passkeys/{key}/revoke", gate=Gate.ANYBODY_SIGNED_IN)
async def confirm_revocation(visit: Visit) -> Response:
    """Say what revoking does, and ask."""
    passkeys = await own_passkeys(visit)
    if isinstance(passkeys, Refusal):
        return visit.refuse(passkeys)
    chosen = _named(passkeys, visit.path("key"))
    if chosen is None:
        return visit.tell(NOT_FOUND)
    if not can_revoke(passkeys):
        return visit.render("my_account/last_passkey.html", status=409, passkey=chosen)
    if not visit.session.may_change_passkeys:
        after = f"/account/passkeys/{chosen.key}/revoke"
        return await _confirm_first(visit, after=after)
    return visit.render("my_account/revoke_passkey.html", passkey=chosen)


@page("/account/passkeys/{key}/revoke", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def revoke_passkey(visit: Visit) -> Response:
    passkeys = await own_passkeys(visit)
    if isinstance(passkeys, Refusal):
        return visit.refuse(passkeys)
    chosen = _named(passkeys, visit.path("key"))
    if chosen is None:
        return visit.tell(NOT_FOUND)
    if not can_revoke(passkeys):
        return visit.render("my_account/last_passkey.html", status=409, passkey=chosen)
    question = RevokePasskey(session=visit.token, credential=chosen.credential)
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/account?revoked=yes")


def _named(passkeys: tuple[OwnPasskey, ...], key: str) -> OwnPasskey | None:
    return next((passkey for passkey in passkeys if passkey.key == key), None)
