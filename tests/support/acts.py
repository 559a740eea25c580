# SPDX-License-Identifier: Apache-2.0
"""Dangerous acts confirmed as a person does it: options, authenticator, answer."""

from typing import NamedTuple

from support.authenticator import SoftwareAuthenticator
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Refusal
from wardkeep.disclosure.confirming import Act, BeginConfirm, FinishConfirm


class Colleague(NamedTuple):
    """Somebody signed in, with their authenticator at hand."""

    account: str
    token: str
    key: SoftwareAuthenticator


async def colleague(
    warden: RunningWarden, role: str, *, name: str = "Rowan Ash"
) -> Colleague:
    account = await warden.account(role, name=name)
    token, key = await warden.enrol(account)
    return Colleague(account, token, key)


async def options_for(
    warden: RunningWarden, who: Colleague, act: Act
) -> CeremonyOptions | Refusal:
    return await warden.door.ask(BeginConfirm(who.token, act), CeremonyOptions)


async def confirm(
    warden: RunningWarden, who: Colleague, act: Act, kind: type[Answer]
) -> Answer:
    """Confirm an act; the answer, of this kind or a refusal."""
    options = await options_for(warden, who, act)
    if isinstance(options, Refusal):
        return options
    response = who.key.sign_in(options.options)
    return await warden.door.ask(FinishConfirm(who.token, act, response), kind)
