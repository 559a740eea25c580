# SPDX-License-Identifier: Apache-2.0
"""Values of any message's type: as somebody would send them, empty, or odd."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from wardkeep.base.ids import new_uuid


class Values(msgspec.Struct, frozen=True):
    """What every text, number and list of a question is."""

    text: str
    number: int
    length: int


EMPTY = Values("", 0, 0)
ODD = Values("\x00' or 1=1 -- ☠", -1, 2)
LIKE_AN_ID = Values(new_uuid(), 1, 1)
FLAVOURS = (EMPTY, ODD, LIKE_AN_ID)
SIMPLE: dict[type[inspect.Type], Callable[[Values], object]] = {
    inspect.StrType: lambda values: values.text,
    inspect.IntType: lambda values: values.number,
    inspect.FloatType: lambda values: float(values.number),
    inspect.BoolType: lambda values: bool(values.number),
    inspect.BytesType: lambda values: values.text.encode(),
    inspect.NoneType: lambda _: None,
    inspect.AnyType: lambda values: values.text,
}


def made(kind: inspect.Type, values: Values) -> object:
    """Something of a type."""
    if type(kind) in SIMPLE:
        return SIMPLE[type(kind)](values)
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{one.name: made(one.type, values) for one in fields})
        case inspect.UnionType(types=types):
            return made(types[0], values)
        case inspect.EnumType(cls=cls):
            return next(iter(cls))
        case inspect.VarTupleType(item_type=item):
            return tuple(made(item, values) for _ in range(values.length))
        case inspect.TupleType(item_types=items):
            return tuple(made(one, values) for one in items)
        case _:
            raise TypeError(kind)


PLAUSIBLE = Values("x", 1, 1)


def plausible(kind: Any) -> Any:
    """A value of a type, as somebody would send it who knows no better."""
    return made(inspect.type_info(kind), PLAUSIBLE)
