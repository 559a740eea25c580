# SPDX-License-Identifier: Apache-2.0
"""How often one network address may ask for what costs much and needs no session."""

import ipaddress
from collections import OrderedDict

from wardkeep.base.clock import Clock

MOST_ADDRESSES = 4096
_IPV6_NETWORK_BITS = 64


class Pace:
    """A bucket of tries for each address, refilled steadily (token bucket).

    Loopback is not counted: there a proxy stands for everybody, and counting it would
    let one attacker lock out all. Such a proxy paces its own clients
    (docs/how-to/production.md).
    """

    def __init__(self, clock: Clock, *, a_second: float, at_once: int) -> None:
        self._clock = clock
        self._a_second = a_second
        self._at_once = at_once
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, address: str | None) -> bool:
        """Take one try from the address's bucket; False where it is empty."""
        network = _network(address)
        if network is None:
            return True
        now = self._clock.monotonic_seconds()
        tries, since = self._left.pop(network, (float(self._at_once), now))
        tries = min(self._at_once, tries + (now - since) * self._a_second)
        is_admitted = tries >= 1
        self._left[network] = (tries - 1 if is_admitted else tries, now)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return is_admitted


class WaitingPace(Pace):
    """The same for pages that look again by themselves while somebody waits.

    A bucket of their own: a full waiting room behind one address keeps nobody from
    signing in, and nobody who signs in keeps the room from being told.
    """


def _network(address: str | None) -> str | None:
    """What shares a bucket: an IPv4 address, an IPv6 /64 (one household's)."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if parsed.is_loopback:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
    return str(parsed)
