# SPDX-License-Identifier: Apache-2.0
"""The embedded server in odd places, long, quoted or closed, and as any OS user."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.server import identity, launch
from wardkeep.db.server.errors import ServerStartError
from wardkeep.db.server.folder import ServerFolder
from wardkeep.db.server.identity import (
    ServerUser,
    capability_needed,
    choose_user,
    permitted_capabilities,
)
from wardkeep.db.server.log import ServerLog

READ_SEARCH = 2
SCRIPT = """
import asyncio, sys
from pathlib import Path
from wardkeep.db.connection import connect
from wardkeep.db.embedded import EmbeddedPostgres

async def ask(address):
    held = await connect(address)
    print(await held.fetch_value("select current_user::text"))
    await held.close()

with EmbeddedPostgres(Path(sys.argv[1])) as server:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    print([line for line in status.splitlines() if line.startswith("CapEff")][0])
    print(status.split("Uid:")[1].split()[1])
    asyncio.run(ask(server.address("wardkeep_owner")))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="wardkeep-test-")).resolve()
    yield made
    shutil.rmtree(made)


def run_script(folder: Path, *before: str) -> list[str]:
    """Start a server in a process of its own; what it said, line by line."""
    ran = subprocess.run(
        [*before, sys.executable, "-c", SCRIPT, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def become(uid: int, capability: int) -> list[str]:
    """A command line that runs what follows as another user (root may)."""
    numbers = (os.getpid(), uid, uid, capability)
    program = [sys.executable, "-I", "-S", launch.__file__]
    return [*program, *(str(number) for number in numbers)]


def test_a_closed_parent_is_passed_with_one_capability_and_stays_closed(
    folder: Path,
) -> None:
    """As root; as another user the same start needs no capability at all."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    capabilities, uid, role = run_script(closed / "database")
    expected = 1 << READ_SEARCH if os.geteuid() == 0 else 0
    assert int(capabilities.split()[1], 16) == expected
    assert uid != "0"
    assert role == "wardkeep_owner"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_ordinary_user_starts_it_in_a_folder_of_theirs(folder: Path) -> None:
    """Under root this changes to another user first; else we are one."""
    before: list[str] = []
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(folder, nobody, nobody)
        # Only so that it reaches this interpreter, which may lie in root's home.
        before = become(nobody, READ_SEARCH)
    _, uid, role = run_script(folder / "database", *before)
    assert int(uid) == folder.stat().st_uid
    assert role == "wardkeep_owner"


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(
    folder: Path,
) -> None:
    long = folder / ("long" * 25) / "database"
    socket = ServerFolder(long).socket
    assert len(os.fsencode(socket)) < 90
    try:
        assert run_script(long)[-1] == "wardkeep_owner"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    finally:
        socket.rmdir()


@pytest.mark.parametrize("kind", ["open", "link", "somebody's"])
def test_a_short_folder_that_others_made_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Whoever owns the socket's folder could answer in the server's place."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    placed = ServerFolder(folder / ("long" * 25))
    user = ServerUser(uid=os.geteuid(), gid=os.getegid(), is_ourselves=True)
    placed.make_root(user)
    if kind == "link":
        (folder / "elsewhere").mkdir(mode=0o700)
        placed.socket.symlink_to(folder / "elsewhere")
    else:
        placed.socket.mkdir(mode=0o700)
    if kind == "open":
        placed.socket.chmod(0o755)
    if kind == "somebody's":
        user = ServerUser(uid=os.geteuid() + 1, gid=os.getegid(), is_ourselves=True)
    with pytest.raises(ServerStartError, match="not the server's alone"):
        placed.make_rooms(user)


def test_a_temporary_folder_that_is_too_long_as_well_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / ("long" * 25)))
    with pytest.raises(ServerStartError, match="TMPDIR"):
        _ = ServerFolder(folder / ("long" * 25)).socket


def test_a_name_with_quotes_spaces_and_commas_does_no_harm(folder: Path) -> None:
    odd = folder / 'it\'s a "ward", \\ or not #1'
    odd.mkdir()
    assert run_script(odd)[-1] == "wardkeep_owner"


def test_an_initdb_that_was_killed_is_begun_anew(folder: Path) -> None:
    (folder / "cluster.new" / "base").mkdir(parents=True)
    (folder / "cluster.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(folder) as server:
        assert server.is_running()
    assert not (folder / "cluster.new").exists()
    assert not list((folder / "socket").iterdir())


def test_an_initdb_that_fails_says_why(folder: Path) -> None:
    (folder / "cluster.new").write_text("in the way")
    with pytest.raises((ServerStartError, OSError)):
        EmbeddedPostgres(folder).start()


def stranger(folder: Path) -> ServerUser:
    """A user to whom nothing here belongs."""
    return ServerUser(
        uid=folder.stat().st_uid + 4000,
        gid=folder.stat().st_gid + 4000,
        is_ourselves=False,
    )


def test_permissions_are_read_as_the_kernel_reads_them(folder: Path) -> None:
    owner = ServerUser(
        uid=folder.stat().st_uid, gid=folder.stat().st_gid, is_ourselves=False
    )
    other = stranger(folder)
    colleague = ServerUser(uid=other.uid, gid=owner.gid, is_ourselves=False)
    for mode, expected in (
        (0o700, (True, False, False)),
        (0o050, (False, True, False)),
        (0o005, (False, False, True)),
        (0o755, (True, True, True)),
        (0o511, (True, False, False)),
    ):
        folder.chmod(mode)
        users = (owner, colleague, other)
        assert tuple(user.may_read_and_enter(folder) for user in users) == expected
    folder.chmod(0o701)
    assert other.may_pass(folder / "inside")
    folder.chmod(0o700)
    assert not other.may_pass(folder / "inside")


def test_an_open_way_needs_no_capability(folder: Path) -> None:
    folder.chmod(0o711)
    program = folder / "program"
    program.write_text("")
    program.chmod(0o755)
    cluster = folder / "cluster"
    needed = capability_needed(
        stranger(folder), programs=(program,), folders=(cluster,)
    )
    assert needed is None


@pytest.mark.parametrize(
    ("held", "is_shut", "expected"),
    [
        (0b110, False, 2),
        (0b100, False, 2),
        (0b010, False, 1),
        (0b110, True, 1),
        (0b100, True, None),
        (0, False, None),
    ],
)
def test_a_closed_way_takes_the_least_capability_that_is_there(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    held: int,
    is_shut: bool,  # noqa: FBT001 - a row of the table
    expected: int | None,
) -> None:
    monkeypatch.setattr(identity, "permitted_capabilities", lambda: held)
    program = folder / "program"
    program.write_text("")
    program.chmod(0o700 if is_shut else 0o755)

    def ask() -> int | None:
        return capability_needed(stranger(folder), programs=(program,), folders=())

    if expected is None:
        with pytest.raises(ServerStartError, match="chmod o\\+rx"):
            ask()
    else:
        assert ask() == expected


def test_an_ordinary_user_is_the_servers_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    user = choose_user(folder)
    assert (user.uid, user.is_ourselves) == (4321, True)
    user.own(folder / "nothing is done to this")
    assert capability_needed(user, programs=(folder / "any",), folders=()) is None


def test_under_root_the_first_user_at_hand_is_the_servers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    at_hand = {"nobody": 65534}

    def find(name: str) -> pwd.struct_passwd:
        entry = ("x", "x", at_hand[name], at_hand[name], "", "/", "/bin/false")
        return pwd.struct_passwd(entry)

    monkeypatch.setattr(pwd, "getpwnam", find)
    assert choose_user(folder / "new").uid == 65534
    at_hand["wardkeep"] = 777
    assert choose_user(folder / "new").uid == 777
    at_hand.clear()
    with pytest.raises(ServerStartError, match="ordinary user"):
        choose_user(folder / "new")


def test_our_own_capabilities_are_read_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = Path("/proc/self/status").read_text()
    assert f"CapPrm:\t{permitted_capabilities():016x}" in status
    monkeypatch.setattr(sys, "platform", "darwin")
    assert permitted_capabilities() == 0


def test_a_log_that_has_grown_large_is_put_aside(folder: Path) -> None:
    log = ServerLog(folder / "server.log")
    log.path.write_bytes(b"x" * 5_000_001)
    with log.open() as file:
        file.write(b"one\n  \nFATAL: two\nthree\n")
    assert log.last_words() == "FATAL: two"
    assert (folder / "server.log.1").stat().st_size == 5_000_001
    with log.open() as file:
        file.write(b"four\n")
    assert log.last_words() == "four"
    with log.open():
        assert log.last_words() == "it said nothing"
