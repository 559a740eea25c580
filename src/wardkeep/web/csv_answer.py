# SPDX-License-Identifier: Apache-2.0
"""CSV that the browser saves as a file."""

from starlette.responses import Response


def answer_csv(text: str, *, name: str) -> Response:
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
