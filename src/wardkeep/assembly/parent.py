# SPDX-License-Identifier: Apache-2.0
"""A process that ends when the one that started it does, however that one ended.

On Linux the kernel is asked to send a signal (prctl(2), PR_SET_PDEATHSIG). Elsewhere
the supervisor's own signal handling has to do.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, by: signal.Signals = signal.SIGTERM) -> None:
    """Ask for a signal when `parent` ends; end at once if it has ended already."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, by, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)
