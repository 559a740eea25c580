# SPDX-License-Identifier: Apache-2.0
"""The navigation: the places that apps offer, as one role sees them.

On a wide screen it is one row, and what does not fit into it stands behind *More*; on a
phone or a tablet all of it stands behind *Menu*. Neither needs a script.
"""

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


_ROW_WIDTH = 138
"""Of the narrowest screen that has the row, in letters of middle width."""
_BESIDE, _MORE_WIDTH = 3, 9
"""What stands between two links, and the word at the end."""


class Place(msgspec.Struct, frozen=True):
    """A link as one page shows it."""

    words: str
    path: str
    current: str
    """For `aria-current`: page here, true below it, empty elsewhere."""


class Navigation(msgspec.Struct, frozen=True):
    """The places of one role, as one page shows them."""

    row: tuple[Place, ...] = ()
    more: tuple[Place, ...] = ()

    @property
    def all(self) -> tuple[Place, ...]:
        return self.row + self.more


def navigation_at(path: str, links: tuple[Link, ...]) -> Navigation:
    """What goes into the row, as many as fit, and what stands behind *More*."""
    places = tuple([_place(link, path) for link in links])
    if _width(places) <= _ROW_WIDTH:
        return Navigation(places)
    fit = len(places)
    while fit and _width(places[:fit]) + _MORE_WIDTH > _ROW_WIDTH:
        fit -= 1
    return Navigation(places[:fit], places[fit:])


def _width(places: tuple[Place, ...]) -> int:
    return sum([len(place.words) + _BESIDE for place in places])


def _place(link: Link, path: str) -> Place:
    if path == link.path:
        return Place(link.words, link.path, "page")
    is_below = path.startswith(link.path + "/")
    return Place(link.words, link.path, "true" if is_below else "")
