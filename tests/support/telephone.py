# SPDX-License-Identifier: Apache-2.0
"""A telephone system as a program: its key, its token, and what it tells."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.program import Program, Reply
from support.served import Served

Json = dict[str, Any]
SCOPE = "telephone"
PATH = "/telephone/events"
CALLER = "07700900123"


class Telephone(Program):
    """A registered telephone system of one organisation."""

    def __init__(self, served: Served, folder: Path, *, organisation: str) -> None:
        super().__init__(
            served,
            folder,
            organisation=organisation,
            scope=SCOPE,
            patients_per_hour=0,
        )

    def tells(
        self, *events: Json, sent_at: datetime | None = None, now: datetime
    ) -> Reply:
        batch = {"sent_at": (sent_at or now).isoformat(), "events": list(events)}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.posts(batch, headers)

    def posts(self, content: Json, headers: dict[str, str]) -> Reply:
        return self.raw("POST", PATH, json.dumps(content).encode(), headers)


def rings(
    call: str,
    began: datetime,
    *,
    answered: float | None = None,
    over: float | None = None,
    device: str = "4001",
    caller: str = CALLER,
) -> list[Json]:
    """Events of a call, by seconds after it was offered."""
    told = [("Offered", 0.0), ("Queued", 1.0)]
    if answered is not None:
        told += [("Delivered", answered - 0.5), ("Established", answered)]
    if over is not None:
        told.append(("ConnectionCleared", over))
    return [
        {
            "id": f"{call}-{name}",
            "call": call,
            "event": name,
            "at": (began + timedelta(seconds=after)).isoformat(),
            **({"device": device, "caller": caller} if name == "Established" else {}),
        }
        for name, after in told
    ]
