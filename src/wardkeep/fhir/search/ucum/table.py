# SPDX-License-Identifier: Apache-2.0
"""UCUM's own table, compiled by tools/compile_ucum.py; read when first needed."""

from functools import cache
from importlib.resources import files

import msgspec


class Atom(msgspec.Struct, frozen=True):
    """A unit that is not put together of others, as UCUM defines it."""

    value: str
    """A decimal: so many of `unit`."""
    unit: str
    function: str = ""
    """Of a special unit, which is no multiple of another."""
    metric: bool = False
    """Whether it takes prefixes."""
    arbitrary: bool = False
    """Whether it can be compared with itself alone."""


class Table(msgspec.Struct, frozen=True):
    """Everything that was compiled."""

    prefixes: dict[str, str]
    bases: tuple[str, ...]
    atoms: dict[str, Atom]
    usual: tuple[str, ...]
    """HL7's value set ucum-common without its annotated codes."""


@cache
def table() -> Table:
    raw = files("wardkeep.fhir.search.ucum").joinpath("ucum.json").read_bytes()
    return msgspec.json.decode(raw, type=Table)
