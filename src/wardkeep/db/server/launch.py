# SPDX-License-Identifier: Apache-2.0
"""A program of its own: becomes the server's OS user and then PostgreSQL itself.

Run as `python -I -S launch.py PARENT UID GID CAPABILITY PROGRAM ARGUMENT…`, with -1
for what is not wanted. Between fork and exec it could do the same, but a process with
threads must not run Python there (a lock held by another thread stays held for ever).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_ORDER = ("parent", "uid", "gid", "capability")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def become(uid: int, gid: int, capability: int) -> None:
    """Change user for good; keep at most one capability, over the exec as well."""
    libc = _libc() if capability >= 0 else None
    if libc is not None:
        _checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if libc is not None:
        keep_only(libc, capability)


def keep_only(libc: ctypes.CDLL, capability: int) -> None:
    """Permitted, effective, inheritable and ambient: this capability alone."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _checked(libc.capset(header, sets), "capset")
    raised = libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    _checked(raised, "prctl")


def end_with(parent: int) -> None:
    """Have the kernel end us, in order, when whoever started us is gone.

    After the change of user, which clears it (prctl(2), PR_SET_PDEATHSIG). SIGINT is
    PostgreSQL's fast shutdown.
    """
    if sys.platform.startswith("linux"):
        libc = _libc()
        _checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0), "prctl")
        _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def main(arguments: list[str]) -> None:
    count = len(_ORDER)
    given = dict(zip(_ORDER, map(int, arguments[:count]), strict=True))
    command = arguments[count:]
    os.umask(0o077)
    if given["uid"] >= 0:
        become(given["uid"], given["gid"], given["capability"])
    end_with(given["parent"])
    os.execv(command[0], command)  # noqa: S606 - PostgreSQL, by its full path


if __name__ == "__main__":
    main(sys.argv[1:])
