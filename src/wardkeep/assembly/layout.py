# SPDX-License-Identifier: Apache-2.0
"""Where everything of an installation lies below its data folder, and who may enter.

database/   the embedded PostgreSQL (its own OS user when we run as root)
warden/     root key, signing key, ledger, the operator's socket: the warden only
run/        the door's socket: the warden listens, web and worker ask
log/        logs of the supervised processes
"""

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from wardkeep.base.settings import Settings

_LONGEST_SOCKET_PATH = 100
"""Linux allows 107 bytes (unix(7)); macOS 103."""


class SocketFolderError(Exception):
    """The folder for sockets belongs to somebody else. Set the socket's path."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The paths of one installation."""

    data: Path
    database: Path
    warden: Path
    run: Path
    log: Path
    root_key: Path
    signing_key: Path
    ledger: Path
    door_socket: Path
    operator_socket: Path

    @classmethod
    def of(cls, settings: Settings) -> "Layout":
        data = settings.data
        warden = data / "warden"
        run = data / "run"
        return cls(
            data=data,
            database=data / "database",
            warden=warden,
            run=run,
            log=data / "log",
            root_key=warden / "root.key",
            signing_key=warden / "ledger-signing.key",
            ledger=warden / "ledger",
            door_socket=_socket(settings.door_socket, run / "door.sock"),
            operator_socket=_socket(settings.operator_socket, warden / "operator.sock"),
        )

    def make(self) -> None:
        """Make what is missing, closed to others."""
        self.data.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (self.warden, self.run, self.log):
            folder.mkdir(mode=0o700, exist_ok=True)


def _socket(chosen: str, usual: Path) -> Path:
    if chosen:
        return Path(chosen)
    if len(os.fsencode(usual)) <= _LONGEST_SOCKET_PATH:
        return usual
    return _short_folder(usual.parent) / usual.name


def _short_folder(folder: Path) -> Path:
    """A private folder with a short name, the same one every time."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"wardkeep-{os.geteuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = short.stat()
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o077:
        message = f"{short} is not ours alone; set WARDKEEP_DATA to a shorter path"
        raise SocketFolderError(message)
    return short
