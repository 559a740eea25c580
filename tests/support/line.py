# SPDX-License-Identifier: Apache-2.0
"""An HTTP connection that is kept, as a browser keeps one."""

import http.client
import select
from contextlib import suppress
from typing import Any


class Line(http.client.HTTPConnection):
    """Begun anew where the server hung up meanwhile; what it said early is heard.

    A server may end a connection that nobody used for a while, and answers too large a
    question before all of it was sent.
    """

    def request(self, *what: Any, **besides: Any) -> None:
        if self.sock is not None and select.select([self.sock], [], [], 0)[0]:
            self.close()
        # Where there is no answer either, reading it raises.
        with suppress(BrokenPipeError, ConnectionResetError):
            super().request(*what, **besides)
