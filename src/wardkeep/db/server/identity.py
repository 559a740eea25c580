# SPDX-License-Identifier: Apache-2.0
"""The OS user as whom PostgreSQL runs, and the one power it may need to keep.

PostgreSQL refuses to run as root. Under root it runs as an unprivileged user, to whom
folders such as /root (mode 0700) are closed. Opening them to everybody would be worse
than the mend used here: the server keeps one capability that passes folders on the way
(capabilities(7), CAP_DAC_READ_SEARCH), and no other.
"""

import os
import pwd
import stat
import sys
from pathlib import Path

import msgspec

from wardkeep.db.server.errors import ServerStartError

_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CANDIDATES = ("wardkeep", "postgres", "nobody")
_READ_SEARCH = {"user": 0o500, "group": 0o050, "others": 0o005}


class ServerUser(msgspec.Struct, frozen=True, kw_only=True):
    """Whose process the server is."""

    uid: int
    gid: int
    is_ourselves: bool

    def own(self, path: Path) -> None:
        """Give a file or folder that we just made to the server."""
        if not self.is_ourselves:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_read_and_enter(self, path: Path) -> bool:
        """Whether permissions let this user read a folder, or read and run a file."""
        return self._has(path.stat(), _READ_SEARCH)

    def may_pass(self, path: Path) -> bool:
        """Whether every folder above `path` lets this user through."""
        search = {who: bits & 0o111 for who, bits in _READ_SEARCH.items()}
        return all(self._has(parent.stat(), search) for parent in path.parents)

    def _has(self, status: os.stat_result, wanted: dict[str, int]) -> bool:
        if status.st_uid == self.uid:
            who = "user"
        else:
            who = "group" if status.st_gid == self.gid else "others"
        return stat.S_IMODE(status.st_mode) & wanted[who] == wanted[who]


def choose_user(cluster: Path) -> ServerUser:
    """Ourselves; under root the owner of the cluster, or else the first at hand."""
    if os.geteuid() != 0:
        return ServerUser(uid=os.geteuid(), gid=os.getegid(), is_ourselves=True)
    if cluster.exists():
        status = cluster.stat()
        if status.st_uid != 0:
            return ServerUser(uid=status.st_uid, gid=status.st_gid, is_ourselves=False)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(uid=entry.pw_uid, gid=entry.pw_gid, is_ourselves=False)
    message = (
        "PostgreSQL does not run as root, and there is no user to run it as."
        f" Make one named {_CANDIDATES[0]}, or run Wardkeep as an ordinary user."
    )
    raise ServerStartError(message)


def capability_needed(
    user: ServerUser, *, programs: tuple[Path, ...], folders: tuple[Path, ...]
) -> int | None:
    """The capability without which the server does not reach these, if any.

    Raises:
        ServerStartError: nothing that we may give would let it through.
    """
    if user.is_ourselves:
        return None
    shut = [path for path in programs if not user.may_read_and_enter(path)]
    closed = [path for path in (*programs, *folders) if not user.may_pass(path)]
    if not shut and not closed:
        return None
    # Containers often withhold the first and grant the second, which the web and
    # worker processes have there anyhow, being root's. The first runs no program that
    # is shut to others.
    wanted = (_CAP_DAC_OVERRIDE,) if shut else (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE)
    for capability in wanted:
        if permitted_capabilities() >> capability & 1:
            return capability
    message = (
        f"The user that PostgreSQL runs as (uid {user.uid}) may not reach"
        f" {(shut + closed)[0]}. Open it and the folders above it (chmod o+rx), or run"
        " Wardkeep as an ordinary user."
    )
    raise ServerStartError(message)


def permitted_capabilities() -> int:
    """Our own permitted set (proc(5), CapPrm); 0 where there is no such thing."""
    if not sys.platform.startswith("linux"):
        return 0
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0
