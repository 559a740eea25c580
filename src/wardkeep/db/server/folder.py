# SPDX-License-Identifier: Apache-2.0
"""What lies in an embedded database's folder, and the roles' passwords in it.

cluster/          PostgreSQL's own files; the server's OS user, mode 0700
socket/           the socket; the server's OS user, mode 0700
secrets/ROLE      one password each, mode 0600, in a folder of mode 0700
postgresql.conf, pg_hba.conf, server.log, lock (ours), server.lock (the server's)
"""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wardkeep.base.ids import new_secret
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.db.server.configuration import PORT
from wardkeep.db.server.errors import FolderInUseError, ServerStartError
from wardkeep.db.server.identity import ServerUser

BOOTSTRAP_ROLE = "postgres"
"""The superuser that initdb makes; used to make roles, by nobody else."""

LONGEST_SOCKET_PATH = 103
"""Bytes in a socket's address: 107 on Linux (unix(7)), 103 on macOS."""


class NotMadeYetError(DatabaseUnavailableError):
    """The embedded database was never started in this folder."""


class ServerFolder(msgspec.Struct, frozen=True):
    """The paths below one embedded database's folder."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        return self.root / "cluster.new"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def settings(self) -> Path:
        return self.root / "postgresql.conf"

    @property
    def hba(self) -> Path:
        return self.root / "pg_hba.conf"

    @property
    def server_lock(self) -> Path:
        """Held by every process of the server (see postmaster.py)."""
        return self.root / "server.lock"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def socket(self) -> Path:
        """The socket's folder: here, or with a short name where this path is long.

        Raises:
            ServerStartError: no name is short enough.
        """
        usual = self.root / "socket"
        if _fits(usual):
            return usual
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"wardkeep-pg-{os.geteuid()}-{name}"
        if _fits(short):
            return short
        message = f"{short} is too long for a socket. Set TMPDIR to a shorter path."
        raise ServerStartError(message)

    def make_root(self, user: ServerUser) -> None:
        """Make the folder; under root the server's user may pass it, not list it."""
        mode = 0o700 if user.is_ourselves else 0o711
        self.root.mkdir(mode=mode, parents=True, exist_ok=True)

    def make_rooms(self, user: ServerUser) -> None:
        """Make the folders around the cluster."""
        self.secrets.mkdir(mode=0o700, exist_ok=True)
        _make_private(self.socket, user)

    def write_settings(self, *, settings: str, hba: str) -> None:
        """Replace both settings files; the server's user may read them, not write."""
        for path, text in ((self.settings, settings), (self.hba, hba)):
            unfinished = path.with_suffix(".new")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.chmod(0o644)
            unfinished.replace(path)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep the folder to ourselves; the kernel lets go of it when we end.

        Raises:
            FolderInUseError: another process keeps it.
        """
        with (self.root / "lock").open("w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = (
                    f"Another Wardkeep keeps the database in {self.root}."
                    " Stop it, or set WARDKEEP_DATA to another folder."
                )
                raise FolderInUseError(message) from None
            yield


def role_password(root: Path, role: str) -> str:
    """The password of one role of the embedded database.

    Raises:
        NotMadeYetError: nobody started the database in this folder.
    """
    try:
        return (root / "secrets" / role).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        message = f"there is no database in {root} yet; `wardkeep serve` makes it"
        raise NotMadeYetError(message) from None


def make_role_password(root: Path, role: str) -> str:
    """The password of one role, made at random when there is none."""
    with contextlib.suppress(NotMadeYetError):
        return role_password(root, role)
    password = new_secret()
    unfinished = root / "secrets" / f".{role}.new"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(root / "secrets" / role)
    return password


def _fits(folder: Path) -> bool:
    path = folder / f".s.PGSQL.{PORT}"
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def _make_private(folder: Path, user: ServerUser) -> None:
    """A folder for the server alone; refused when somebody else made it before us.

    Raises:
        ServerStartError: it is another user's, a link, or open to others.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        user.own(folder)
    status = folder.lstat()
    is_private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if not is_private or status.st_uid != user.uid:
        message = f"{folder} is not the server's alone. Remove it, or see who made it."
        raise ServerStartError(message)
