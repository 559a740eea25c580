# SPDX-License-Identifier: Apache-2.0
"""Drafts as one zip that is sent while it is made: eighty thousand letters fit in."""

import io
import zipfile

TYPE = "application/zip"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Of the format itself: a draft has no day of its own."""


class _Out(io.RawIOBase):
    """What was written and not taken yet; nothing is read or sought."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


class Packing:
    """Files go in, pieces of the zip come out."""

    def __init__(self) -> None:
        self._out = _Out()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(name, date_time=_FIRST_DAY)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, content)

    def take(self) -> bytes:
        """What is ready to be sent."""
        return self._out.take()

    def end(self) -> bytes:
        """The rest, with the list of what is in it."""
        self._zip.close()
        return self._out.take()
