# SPDX-License-Identifier: Apache-2.0
"""Error answers of the guard: a page where templates work, plain words where not."""

import html

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from wardkeep.web.guard import Tell
from wardkeep.web.rendering import Rendering, Surroundings
from wardkeep.web.trouble import Trouble


def telling_by_page(rendering: Rendering) -> Tell:
    """Error pages; should the template itself be broken, the bare words."""

    def tell(trouble: Trouble, reference: str) -> Response:
        try:
            return rendering.trouble(trouble, reference, Surroundings(path=""))
        except Exception:  # noqa: BLE001 - an error page must come whatever broke
            return _bare_page(trouble, reference)

    return tell


def _bare_page(trouble: Trouble, reference: str) -> Response:
    words = [html.escape(text) for text in (trouble.title, trouble.why, trouble.mend)]
    title, why, mend = words
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1><p>{why}</p><p>{mend}</p>"
        f"<p>Reference: {reference}</p></main></body></html>",
        status_code=trouble.status,
    )


def tell_plainly(trouble: Trouble, reference: str) -> Response:
    """The words as text, for what is not a page and has no format of its own."""
    response = PlainTextResponse(
        f"{trouble.title}. {trouble.why} {trouble.mend} Reference: {reference}\n",
        status_code=trouble.status,
    )
    if trouble.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(trouble.retry_after_seconds)
    return response
