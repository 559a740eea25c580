# SPDX-License-Identifier: Apache-2.0
"""Pages: a path, a handler and a gate. There is no page without a gate.

@page("/patients/{id}", gate=Gate.SIGNED_IN)
async def open_patient(visit: Visit) -> Response: ...
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, overload

import msgspec
from starlette.responses import Response

from wardkeep.web.gates import PUBLIC_GATES, AnyGate, PublicGate, SignedInGate
from wardkeep.web.live import Hears
from wardkeep.web.visit import PublicVisit, Visit

SignedInHandler = Callable[[Visit], Awaitable[Response]]
PublicHandler = Callable[[PublicVisit], Awaitable[Response]]
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST"})
_READ = ("GET",)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page, ready to be found by its path."""

    path: str
    gate: AnyGate
    methods: frozenset[str]
    handler: Callable[[Any], Awaitable[Response]]
    """Takes a Visit behind a SignedInGate, a PublicVisit behind a PublicGate."""
    is_glance: bool = False
    """Whether a script asks it again and again: that is no use of the session."""
    hears: "Callable[[Visit], Hears] | None" = None
    """What a live part is told of (live.py)."""

    @property
    def name(self) -> str:
        return self.handler.__name__


@overload
def page(
    path: str,
    *,
    gate: SignedInGate,
    methods: Collection[str] = _READ,
    is_glance: bool = False,
    hears: Callable[[Visit], Hears] | None = None,
) -> Callable[[SignedInHandler], Page]: ...


@overload
def page(
    path: str, *, gate: PublicGate, methods: Collection[str] = _READ
) -> Callable[[PublicHandler], Page]: ...


def page(
    path: str,
    *,
    gate: AnyGate,
    methods: Collection[str] = _READ,
    is_glance: bool = False,
    hears: Callable[[Visit], Hears] | None = None,
) -> Callable[[Callable[[Any], Awaitable[Response]]], Page]:
    """Make a handler a page; with `hears`, the live part of one.

    Raises:
        TypeError: the gate is missing, or is not one of those in wardkeep.web.gates;
            so a module with an ungated page does not import.
    """
    is_known_public = isinstance(gate, PublicGate) and gate in PUBLIC_GATES
    if not (isinstance(gate, SignedInGate) or is_known_public):
        message = f"the page {path} needs a gate of wardkeep.web.gates"
        raise TypeError(message)
    if not path.startswith("/"):
        message = f"the path {path!r} of a page starts with /"
        raise TypeError(message)
    verbs = frozenset(methods)
    if not verbs or not verbs <= KNOWN_METHODS:
        message = f"the page {path} has methods other than GET, HEAD and POST"
        raise TypeError(message)
    if "GET" in verbs:
        verbs |= {"HEAD"}

    def make(handler: Callable[[Any], Awaitable[Response]]) -> Page:
        return Page(
            path=path,
            gate=gate,
            methods=verbs,
            handler=handler,
            is_glance=is_glance or hears is not None,
            hears=hears,
        )

    return make
