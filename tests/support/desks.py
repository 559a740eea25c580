# SPDX-License-Identifier: Apache-2.0
"""The desks of a running warden, for tests of what no question reaches by itself."""

from typing import Any, TypeVar

from support.warden import RunningWarden

D = TypeVar("D")


def desk_of(warden: RunningWarden, kind: type[D]) -> D:
    """The one desk of a kind, as the warden's own handlers know it."""
    service = warden.service
    handlers: list[Any] = [
        *service._door_later.values(),
        *service._door_at_once.values(),
        *service._saves,
    ]
    found = {getattr(one, "__self__", None) for one in handlers}
    [desk] = [one for one in found if isinstance(one, kind)]
    return desk
