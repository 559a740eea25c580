# SPDX-License-Identifier: Apache-2.0
"""Service workers that keep a page for where we are not: one beginning for all."""

from pathlib import Path

from starlette.responses import Response

from wardkeep import ui

_BEGINNING = (Path(ui.__file__).parent / "static" / "kept_pages.js").read_bytes()


def read_worker(path: Path) -> bytes:
    """A worker's script with what they all begin with; read once, at the start."""
    return _BEGINNING + path.read_bytes()


def answer_worker(script: bytes, *, scope: str) -> Response:
    """The script, good for addresses that begin so."""
    return Response(
        script,
        media_type="text/javascript",
        headers={"Service-Worker-Allowed": scope, "Cache-Control": "no-cache"},
    )
