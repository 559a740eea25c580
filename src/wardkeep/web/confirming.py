# SPDX-License-Identifier: Apache-2.0
"""A page on which somebody confirms a dangerous act with their passkey.

The act is shown in the warden's words, sent along by the page's script, and judged by
the warden again at each step: what stands in the page's fields is believed by nobody.
"""

import base64
import binascii
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.confirming import Act, ActDescription, DescribeAct
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

_BETWEEN = ", "
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Act] = msgspec.msgpack.Decoder(Act)


async def ask_to_confirm(
    visit: Visit,
    act: Act,
    *,
    back: str,
    after: str,
    button: str = "Confirm",
    said_for: Mapping[str, str] | None = None,
) -> Response:
    """The page; `back` is where to go instead, `after` where to go once it is done.

    `said_for` has words for ids that the warden's description names: a person's name.
    What is signed is the act with its ids, whatever these words are.
    """
    described = await visit.warden.ask(DescribeAct(visit.token, act), ActDescription)
    if isinstance(described, Refusal):
        return visit.refuse(described)
    return visit.render(
        "web/confirm.html",
        described=_in_words(described, said_for or {}),
        act=written(act),
        back=back,
        after=after,
        button=button,
    )


def _in_words(described: ActDescription, said: Mapping[str, str]) -> ActDescription:
    lines = tuple((key, _said(value, said)) for key, value in described.lines)
    return msgspec.structs.replace(described, lines=lines)


def _said(value: str, said: Mapping[str, str]) -> str:
    """A line in words, and so each of several ids in a line."""
    if value in said:
        return said[value]
    return _BETWEEN.join(said.get(one, one) for one in value.split(_BETWEEN))


def written(act: Act) -> str:
    """An act as a page's field carries it."""
    return base64.b64encode(_encoder.encode(act)).decode()


def read_act(text: str) -> Act | Trouble:
    try:
        return _decoder.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return MALFORMED
