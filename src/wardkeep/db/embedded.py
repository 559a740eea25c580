# SPDX-License-Identifier: Apache-2.0
"""The embedded PostgreSQL: a real server, in the data folder, for this machine alone.

Its programs come from a wheel; everything else is ours: passwords for everybody, one
socket in a folder of mode 0700, a server that ends with the process that started it.
The reasons are in docs/decisions/0001-postgresql.md.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import connect
from wardkeep.db.roles import (
    DATABASE,
    LOGIN_ROLES,
    close_superuser_doors,
    make_database,
)
from wardkeep.db.server.binaries import Binaries, wheel_binaries
from wardkeep.db.server.configuration import HBA, PORT, server_settings
from wardkeep.db.server.errors import ServerStartError
from wardkeep.db.server.folder import (
    BOOTSTRAP_ROLE,
    ServerFolder,
    make_role_password,
    role_password,
)
from wardkeep.db.server.identity import ServerUser, capability_needed, choose_user
from wardkeep.db.server.log import ServerLog
from wardkeep.db.server.postmaster import (
    Launcher,
    Process,
    find_postmaster,
    start_postmaster,
    stop_found,
    stop_process,
)


class EmbeddedPostgres:
    """One server in one folder.

    Whoever calls `start` keeps it: the server ends when that process does, however it
    ends. Others ask for an `address`, or whether it `is_running`.
    """

    def __init__(self, folder: Path, *, binaries: Binaries | None = None) -> None:
        self._folder = ServerFolder(folder.resolve())
        self._binaries = binaries
        self._kept = contextlib.ExitStack()
        self._process: Process | None = None

    @property
    def process(self) -> Process | None:
        """The server's first process, where we started it."""
        return self._process

    @property
    def log(self) -> Path:
        return self._folder.log

    def is_running(self) -> bool:
        """Whether the server runs, whoever started it."""
        if self._process is not None:
            return self._process.poll() is None
        return find_postmaster(self._folder.cluster) is not None

    def address(self, role: str, password: str | None = None) -> DatabaseAddress:
        """The way in for a role; by the password in `secrets/` unless one is given.

        Raises:
            NotMadeYetError: the database was never started.
        """
        if password is None:
            password = role_password(self._folder.root, role)
        return DatabaseAddress(
            host=str(self._folder.socket),
            port=PORT,
            database=DATABASE,
            user=role,
            password=password,
        )

    def start(self) -> None:
        """Start the server, made on the first start; return when it takes connections.

        From the main thread, or with no event loop to hold up. Does nothing when our
        own server runs.

        Raises:
            ServerStartError: it does not start; the message has the mend.
            FolderInUseError: another process keeps this folder.
        """
        if self._process is not None:
            if self._process.poll() is None:
                return
            self.stop()
        with contextlib.ExitStack() as undone_on_failure:
            self._start(undone_on_failure)
            self._kept = undone_on_failure.pop_all()

    def _start(self, undo: contextlib.ExitStack) -> None:
        folder = self._folder
        binaries = self._binaries or wheel_binaries()
        user = choose_user(folder.cluster)
        folder.make_root(user)
        undo.enter_context(folder.lock())
        folder.make_rooms(user)
        launcher = _launcher(folder, user, binaries)
        stop_found(folder.cluster)
        _make_cluster(folder, launcher, binaries)
        folder.write_settings(
            settings=server_settings(
                hba=folder.hba, socket_folder=folder.socket, version=binaries.version
            ),
            hba=HBA,
        )
        self._process = start_postmaster(
            launcher,
            folder,
            binaries.postgres,
            *("-D", str(folder.cluster)),
            *("-c", f"config_file={folder.settings}"),
        )
        undo.callback(self._stop_process)
        self._make_roles()

    def _make_roles(self) -> None:
        """Roles, database and rights: made, or put back as they have to be."""
        passwords = {
            role: make_role_password(self._folder.root, role) for role in LOGIN_ROLES
        }
        superuser = self.address(BOOTSTRAP_ROLE)
        # In a thread of its own, because a caller's event loop may run in this one.
        with ThreadPoolExecutor(max_workers=1) as thread:
            made = _make_roles(superuser, passwords)
            thread.submit(asyncio.run, made).result()

    def stop(self) -> None:
        """End the server in order and let go of the folder."""
        self._kept.close()

    def _stop_process(self) -> None:
        if self._process is not None:
            stop_process(self._process)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _launcher(folder: ServerFolder, user: ServerUser, binaries: Binaries) -> Launcher:
    capability = capability_needed(
        user,
        programs=(binaries.postgres, binaries.initdb),
        folders=(folder.cluster, folder.socket),
    )
    return Launcher(user=user, capability=capability, log=ServerLog(folder.log))


def _make_cluster(folder: ServerFolder, launcher: Launcher, binaries: Binaries) -> None:
    """Make the cluster on the first start; see that it is of our version on others.

    Raises:
        ServerStartError: initdb failed, or the cluster is another version's.
    """
    if folder.cluster.exists():
        _refuse_other_version(folder.cluster, binaries.version)
        return
    # Under another name until it is whole: an initdb that was killed leaves a cluster
    # that looks like one and does not start.
    unfinished = folder.unfinished_cluster
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    launcher.user.own(unfinished)
    password = make_role_password(folder.root, BOOTSTRAP_ROLE)
    with _password_file(folder.socket, password, launcher.user) as password_file:
        launcher.run(
            binaries.initdb,
            *("--pgdata", str(unfinished)),
            *("--username", BOOTSTRAP_ROLE, "--pwfile", password_file),
            *("--auth-local=scram-sha-256", "--auth-host=reject"),
            *("--encoding=UTF8", "--locale=C", "--data-checksums"),
            "--no-instructions",
        )
    unfinished.rename(folder.cluster)


@contextlib.contextmanager
def _password_file(folder: Path, password: str, user: ServerUser) -> Iterator[Path]:
    """The superuser's password where initdb, as the server's user, can read it."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix="initdb-")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(password + "\n")
        user.own(path)
        yield path
    finally:
        path.unlink()


def _refuse_other_version(cluster: Path, version: int) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(version):
        message = (
            f"The database in {cluster} is PostgreSQL {found}'s; this Wardkeep brings"
            f" {version}. Start it with the Wardkeep that made it, or move it with"
            " pg_upgrade (docs/decisions/0001-postgresql.md)."
        )
        raise ServerStartError(message)


async def _make_roles(superuser: DatabaseAddress, passwords: Mapping[str, str]) -> None:
    maintenance = await connect(superuser.in_database("postgres"))
    try:
        await make_database(maintenance, passwords=passwords)
    finally:
        await maintenance.close()
    inside = await connect(superuser)
    try:
        await close_superuser_doors(inside)
    finally:
        await inside.close()
