# SPDX-License-Identifier: Apache-2.0
"""The OS user that the embedded server runs as when we are root.

PostgreSQL refuses to run as root, so root hands it to an unprivileged user. Where that
user may not pass a folder on the way (a checkout below /root), the server keeps one
capability, CAP_DAC_READ_SEARCH, in place of opening the folder to everybody.
"""

import ctypes
import os
import pwd
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

_CANDIDATES = ("wardkeep", "postgres", "nobody")
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT = 1, 8, 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_OTHERS_MAY_PASS = 0o001


class OsUser(msgspec.Struct, frozen=True):
    """An OS user by number."""

    name: str
    user_id: int
    group_id: int


def choose_os_user() -> OsUser | None:
    """The user to hand the server to; None where we are not root."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return OsUser(name, entry.pw_uid, entry.pw_gid)
    message = "there is no unprivileged OS user (wardkeep, postgres or nobody)"
    raise OSError(message)


def may_pass(path: Path) -> bool:
    """Whether every folder above `path` lets other users through."""
    return all(
        parent.stat().st_mode & _OTHERS_MAY_PASS for parent in path.resolve().parents
    )


def prepare_child(
    user: OsUser | None, program: Path, folder: Path, *, dies_with_parent: bool = False
) -> Callable[[], None]:
    """What a child does between fork and exec: change user, tie its life to ours."""
    needs_passage = user is not None and not (may_pass(program) and may_pass(folder))
    libc = ctypes.CDLL(None, use_errno=True)
    is_linux = sys.platform.startswith("linux")

    def prepare() -> None:
        if user is not None:
            if needs_passage:
                libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(user.group_id)
            os.setuid(user.user_id)
            if needs_passage:
                _keep_passage(libc)
        # After the change of user, which clears it (prctl(2)).
        if is_linux and dies_with_parent:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return prepare


def _keep_passage(libc: ctypes.CDLL) -> None:
    """Keep CAP_DAC_READ_SEARCH through exec, and nothing else (capabilities(7))."""
    only = 1 << _CAP_DAC_READ_SEARCH
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("6I", only, only, only, 0, 0, 0))
    if libc.capset(header, sets) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)
