# SPDX-License-Identifier: Apache-2.0
"""Style sheets, scripts and pictures: read once, compressed once, kept for ever.

Their addresses hold a hash of their content, so a browser never needs to ask again,
and a name that was not read at the start does not exist: no path is ever opened.
"""

import gzip
import mimetypes
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from wardkeep.web.trouble import NOT_FOUND

FOR_EVER = "public, max-age=31536000, immutable"
_WORTH_COMPRESSING_BYTES = 512
_TEXT_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, as it is sent."""

    media_type: str
    plain: bytes
    gzipped: bytes | None


class StaticFiles:
    """Files by their address below the static prefix."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {path: _ready(path, content) for path, content in files.items()}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def answer(self, path: str, headers: Headers) -> Response:
        file = self._files.get(path)
        if file is None:
            return Response(f"{NOT_FOUND.title}.\n", HTTPStatus.NOT_FOUND)
        told = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        accepted = headers.get("accept-encoding", "")
        if file.gzipped is None or "gzip" not in accepted:
            return Response(file.plain, headers=told, media_type=file.media_type)
        told["Content-Encoding"] = "gzip"
        return Response(file.gzipped, headers=told, media_type=file.media_type)


def _ready(path: str, content: bytes) -> StaticFile:
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_text = guessed.startswith(_TEXT_TYPES)
    is_worth_it = is_text and len(content) >= _WORTH_COMPRESSING_BYTES
    return StaticFile(
        media_type=guessed,
        plain=content,
        # mtime=0: the same bytes from every process and every start.
        gzipped=gzip.compress(content, 9, mtime=0) if is_worth_it else None,
    )
