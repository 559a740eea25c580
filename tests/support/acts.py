# SPDX-License-Identifier: Apache-2.0
"""Dangerous acts confirmed as a person does it: options, authenticator, answer."""

from typing import NamedTuple

from support.authenticator import KEYS, SoftwareAuthenticator
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.confirming import Act, BeginConfirm, FinishConfirm
from wardkeep.disclosure.erasing import DestroyRecord


class Colleague(NamedTuple):
    """Somebody signed in, with their authenticator at hand."""

    account: str
    token: str
    key: SoftwareAuthenticator


async def colleague(
    warden: RunningWarden, role: str, *, name: str = "Rowan Ash", origin: str = ""
) -> Colleague:
    """`origin`: of a server in processes of its own, which has its own."""
    account = await warden.account(role, name=name)
    key = SoftwareAuthenticator(origin=origin) if origin else None
    token, key = await warden.enrol(account, key)
    return Colleague(account, token, key)


class ApproveErasure(NamedTuple):
    """The second person's yes, confirmed with the passkey of that session."""

    session: str
    erasure: str

    async def by(self, door: WardenClient) -> Answer:
        act = DestroyRecord(self.erasure)
        options = await door.ask(BeginConfirm(self.session, act), CeremonyOptions)
        if isinstance(options, Refusal):
            return options
        response = KEYS[self.session].sign_in(options.options)
        return await door.ask(FinishConfirm(self.session, act, response), Done)


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
