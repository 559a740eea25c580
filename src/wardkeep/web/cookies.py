# SPDX-License-Identifier: Apache-2.0
"""Cookies: a session's secret, out of reach of scripts and of other sites.

`__Host-` makes the browser refuse the cookie unless it is Secure, has Path=/ and no
Domain, so that no neighbouring host can plant one (RFC 6265bis, 4.1.3.2). It lives
as long as the browser window: shared ward computers should forget it.
"""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from wardkeep.web.site import Site

_LONGEST_TOKEN = 128


def cookie_name(site: Site) -> str:
    return "__Host-wardkeep" if site.is_secure else "wardkeep"


def session_token(request: HTTPConnection, site: Site) -> str:
    """The token that the browser sent; empty where it sent none that can be one."""
    token = request.cookies.get(cookie_name(site), "")
    return token if len(token) <= _LONGEST_TOKEN and token.isascii() else ""


def remember_session(response: Response, token: str, site: Site) -> None:
    response.set_cookie(
        cookie_name(site),
        token,
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="strict",
    )


def forget_session(response: Response, site: Site) -> None:
    response.delete_cookie(
        cookie_name(site),
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="strict",
    )


WAY_SECONDS = 300


def way_cookie_name(site: Site) -> str:
    return "__Host-wardkeep-way" if site.is_secure else "wardkeep-way"


def remember_way(response: Response, secret: str, site: Site) -> None:
    """Who leaves for an identity provider must come back in the same browser.

    Lax, because they come back by a redirect of the provider's.
    """
    response.set_cookie(
        way_cookie_name(site),
        secret,
        max_age=WAY_SECONDS,
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )


def way_secret(request: HTTPConnection, site: Site) -> str:
    secret = request.cookies.get(way_cookie_name(site), "")
    return secret if len(secret) <= _LONGEST_TOKEN and secret.isascii() else ""


def forget_way(response: Response, site: Site) -> None:
    response.delete_cookie(
        way_cookie_name(site),
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
