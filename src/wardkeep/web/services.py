# SPDX-License-Identifier: Apache-2.0
"""The services that pages use, found by their type: `services[RecordStore]`."""

from typing import TypeVar

T = TypeVar("T")


class MissingServiceError(Exception):
    """A page asks for a service that this process was not given."""


class Services:
    """One thing of each type, handed over when the process is put together."""

    def __init__(self, *things: object) -> None:
        self._by_type = {type(thing): thing for thing in things}

    def with_these(self, *things: object) -> "Services":
        """The same services and some more."""
        return Services(*self._by_type.values(), *things)

    def has(self, kind: type) -> bool:
        """Whether there is one of exactly this type."""
        return kind in self._by_type

    def __getitem__(self, kind: type[T]) -> T:
        """The service of exactly this type, or of a class below it.

        Raises:
            MissingServiceError: it was not handed over.
        """
        exact = self._by_type.get(kind)
        if isinstance(exact, kind):
            return exact
        for thing in self._by_type.values():
            if isinstance(thing, kind):
                return thing
        raise MissingServiceError(kind.__name__)
