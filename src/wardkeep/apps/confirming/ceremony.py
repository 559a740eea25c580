# SPDX-License-Identifier: Apache-2.0
"""Carries an act to the warden, the challenge to the page, and the signature back."""

import msgspec
from starlette.responses import Response

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Refusal
from wardkeep.disclosure.confirming import BeginConfirm, FinishConfirm
from wardkeep.disclosure.people import EnrolmentLink, Links, Waiting
from wardkeep.ui.qr_code import QrCode, draw_qr
from wardkeep.web.ceremony import GoOn, answer_options, answer_refusal, answer_trouble
from wardkeep.web.confirming import read_act
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.return_path import safe_return_path
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


class BegunConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to begin."""

    act: str
    after: str


class FinishedConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """What the script posts to finish."""

    act: str
    after: str
    response: msgspec.Raw


class ShownLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that the page shows once."""

    name: str
    link: str
    until: str
    code: QrCode


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the script shows instead of going on."""

    links: tuple[ShownLink, ...]


@page("/confirm/begin", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def begin_confirm(visit: Visit) -> Response:
    sent = await visit.json(BegunConfirm)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    act = read_act(sent.act)
    if isinstance(act, Trouble):
        return answer_trouble(visit, act)
    given = await visit.warden.ask(BeginConfirm(visit.token, act), CeremonyOptions)
    return answer_options(visit, given)


@page("/confirm/finish", gate=Gate.ANYBODY_SIGNED_IN, methods=("POST",))
async def finish_confirm(visit: Visit) -> Response:
    sent = await visit.json(FinishedConfirm)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    act = read_act(sent.act)
    if isinstance(act, Trouble):
        return answer_trouble(visit, act)
    question = FinishConfirm(visit.token, act, bytes(sent.response))
    return _answer(visit, await visit.warden.ask_any(question), sent.after)


def _answer(visit: Visit, given: Answer, after: str) -> Response:
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    if isinstance(given, Links):
        return visit.answer_json(_shown(visit, given))
    if isinstance(given, Waiting):
        address = f"/people/requests/{given.request}?said=asked"
        return visit.answer_json(GoOn(next=address))
    return visit.answer_json(GoOn(next=safe_return_path(after)))


def _shown(visit: Visit, given: Links) -> Shown:
    return Shown(links=tuple(_slip(visit, one) for one in given.links))


def _slip(visit: Visit, one: EnrolmentLink) -> ShownLink:
    link = f"{visit.site.origin}/enrol/{one.secret}"
    return ShownLink(
        name=one.display_name,
        link=link,
        until=_day(one.expires_at),
        code=draw_qr(link),
    )


def _day(microseconds: int) -> str:
    moment = from_microseconds(microseconds).astimezone(LONDON)
    return f"{moment:%-d %B %Y}, {time_of_day(moment)}"
