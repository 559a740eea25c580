# SPDX-License-Identifier: Apache-2.0
"""The navigation: the places that apps offer, as one role sees them."""

from collections.abc import Iterable

import msgspec

from wardkeep.web.gates import SignedInGate


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A place that an app offers in the navigation."""

    words: str
    path: str
    gate: SignedInGate = SignedInGate()
    """Who sees the link; the page behind it has its own gate all the same."""
    position: int = 50
    """Links stand in this order, and the first one is where people start."""


def links_for(role: str, links: Iterable[Link]) -> tuple[Link, ...]:
    """The links that a role may follow, in their order."""
    seen = [link for link in links if link.gate.admits(role)]
    return tuple(sorted(seen, key=lambda link: (link.position, link.words)))
