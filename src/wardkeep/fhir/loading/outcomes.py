# SPDX-License-Identifier: Apache-2.0
"""What became of a document: loaded, known already, put off, or refused."""

import msgspec

from wardkeep.base.outcome import Problem


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in it is stored."""

    resources: int
    patients: int
    unchanged: int = 0
    """The organisation's own resources that were here already, with this content."""
    bytes: int = 0
    """Compact JSON of what was stored."""
    entry_codes: tuple[str, ...] = ()
    """Places in which codes that open homes seem to stand; without the codes."""


class KnownAlready(msgspec.Struct, frozen=True):
    """This very document was loaded before."""


class PutOff(msgspec.Struct, frozen=True):
    """It refers to something that is not loaded yet; try again after the others."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing of it is stored, and why."""

    problems: tuple[Problem, ...]


Outcome = Loaded | KnownAlready | PutOff | Refused
