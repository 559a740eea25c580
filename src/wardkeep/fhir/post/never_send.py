# SPDX-License-Identifier: Apache-2.0
"""Which dispositions no surgery is told of: `never_send.toml` beside this file."""

from importlib import resources

import msgspec

from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM
from wardkeep.fhir.work.expects import Content, listed


class Never(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the list."""

    dx: str
    words: str
    ours: tuple[str, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    never: tuple[Never, ...]


def _read() -> tuple[Never, ...]:
    text = resources.files(__package__).joinpath("never_send.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File).never


NEVER = _read()
_DX = frozenset(_dx.dx.lower() for _dx in NEVER)
_OURS = frozenset(_code for one in NEVER for _code in one.ours)


def is_never_sent(request: Content) -> bool:
    """Whether what a call came to, a ServiceRequest, is one of the list.

    By our code, or by a public code that stands beside it, whoever's system it names.
    """
    code = request.get("code")
    for coding in listed(code, "coding") if isinstance(code, dict) else ():
        said = coding.get("code")
        if not isinstance(said, str):
            continue
        if said.lower() in _DX:
            return True
        ours = DISPOSITIONS.get(said) if coding.get("system") == SYSTEM else None
        if said in _OURS or (ours is not None and not ours.tells_surgery):
            return True
    return False
