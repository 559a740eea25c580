# SPDX-License-Identifier: Apache-2.0
"""How a device becomes a kiosk: it shows a code, and asks whether somebody typed it."""

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.kiosks import BeginPairing, Paired, PairingBegun, PollPairing
from wardkeep.web.ceremony import answer_refusal, answer_too_many, answer_trouble
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the device posts to be let in."""

    jwk: msgspec.Raw


class ShownSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What it asks with."""

    secret: str


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """For the screen."""

    code: str
    secret: str
    seconds: int


class ClientId(msgspec.Struct, frozen=True, kw_only=True):
    """Who the device is from now on; empty: not yet."""

    client_id: str


@page("/kiosk/pair/begin", gate=Gate.KIOSK, methods=("POST",))
async def begin_pairing(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(ShownKey)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    given = await visit.warden.ask(BeginPairing(bytes(sent.jwk)), PairingBegun)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    code = Code(code=given.code, secret=given.secret, seconds=given.seconds)
    return visit.answer_json(code)


@page("/kiosk/pair/poll", gate=Gate.KIOSK, methods=("POST",))
async def poll_pairing(visit: PublicVisit) -> Response:
    sent = await visit.json(ShownSecret)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    given = await visit.warden.ask(PollPairing(sent.secret), Paired)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json(ClientId(client_id=given.client_id))
