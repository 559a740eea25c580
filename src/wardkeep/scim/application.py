# SPDX-License-Identifier: Apache-2.0
"""The SCIM service: routes, filters, errors. The warden decides; this carries.

https://www.rfc-editor.org/rfc/rfc7644. A token of the scope `scim` and no other is
taken here, and is taken nowhere else.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wardkeep.disclosure.answers import Answer as WardenAnswer, Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.provisioning import (
    DeleteProvisioned,
    ListProvisioned,
    ProvisionedList,
    ProvisionedUser,
    ProvisioningRefused,
    SaveProvisioned,
)
from wardkeep.scim.schemas import (
    ERROR,
    LIST,
    Json,
    resource_types,
    schemas,
    service_provider_config,
)
from wardkeep.scim.user import Draft, Wrong, as_json, etag, patched, read_user
from wardkeep.web.exchange import PATTERN

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
_FILTER = re.compile(
    r'\s*(?P<name>[A-Za-z]{1,20})\s+eq\s+(?:"(?P<text>[^"\\]{0,200})"|'
    r"(?P<word>true|false))\s*",
    re.IGNORECASE,
)
_FILTERED = {one.lower(): one for one in ("id", "userName", "externalId", "active")}
_ETAG = re.compile(r'W/"(\d{1,9})"')
_MOST = 200
_STATUS = {"not-signed-in": 401, "not-your-work": 403}


class ScimApplication:
    """Answers below `/scim/v2`."""

    def __init__(self, warden: WardenClient, *, origin: str) -> None:
        self._warden = warden
        self._base = f"{origin}{PREFIX}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        # A body that nobody reads would break the connection for the next request.
        await request.body()
        parts = request.url.path.removeprefix(PREFIX).strip("/").split("/")
        kind, id_ = parts[0], "/".join(parts[1:])
        request.scope[PATTERN] = f"{PREFIX}/{'Users' if kind == 'Users' else '…'}"
        if kind != "Users":
            return self._about(request, kind, id_)
        token = _token(request)
        if not token:
            return _error(401, "", "Send an access token of the scope scim.")
        return await self._users(request, token, id_)

    def _about(self, request: Request, kind: str, id_: str) -> Response:
        """What the service says of itself."""
        if request.method != "GET":
            return _error(405, "", "This is only read.")
        if kind == "ServiceProviderConfig" and not id_:
            return _json(service_provider_config(self._base))
        told = {"Schemas": schemas, "ResourceTypes": resource_types}.get(kind)
        if told is None:
            return _error(404, "", "There is nothing here.")
        found = told(self._base)
        if not id_:
            return _json(_listed(found, len(found), 1))
        one = next((one for one in found if one["id"] == id_), None)
        return _error(404, "", "There is nothing here.") if one is None else _json(one)

    async def _users(self, request: Request, token: str, id_: str) -> Response:
        if request.method == "GET":
            return await (self._one(token, id_) if id_ else self._list(request, token))
        if request.method == "POST" and not id_:
            return await self._save(request, token, "")
        if request.method == "PUT" and id_:
            return await self._save(request, token, id_)
        if request.method == "PATCH" and id_:
            return await self._patch(request, token, id_)
        if request.method == "DELETE" and id_:
            version = _version(request)
            given = await self._warden.ask_any(DeleteProvisioned(token, id_, version))
            return Response(status_code=204) if given == Done() else _refused(given)
        return _error(405, "", "Users are read, added, changed and deleted.")

    async def _list(self, request: Request, token: str) -> Response:
        query = dict(parse_qsl(request.url.query))
        attribute = value = ""
        if query.get("filter", "").strip():
            match = _FILTER.fullmatch(query["filter"])
            name = _FILTERED.get(match["name"].lower()) if match else None
            if match is None or name is None:
                words = 'Filter by id, userName, externalId or active: userName eq "x".'
                return _error(400, "invalidFilter", words)
            attribute, value = name, match["text"] or (match["word"] or "").lower()
        start, count = _number(query, "startIndex", 1), _number(query, "count", 100)
        if start is None or count is None:
            return _error(400, "invalidValue", "startIndex and count are numbers.")
        question = ListProvisioned(
            session=token,
            attribute=attribute,
            value=value,
            start=max(1, start),
            count=min(max(0, count), _MOST),
        )
        given = await self._warden.ask_any(question)
        if not isinstance(given, ProvisionedList):
            return _refused(given)
        users = [as_json(one, base=self._base) for one in given.users]
        return _json(_listed(users, given.total, max(1, start)))

    async def _named(self, token: str, id_: str) -> ProvisionedUser | Response:
        question = ListProvisioned(session=token, attribute="id", value=id_, count=1)
        given = await self._warden.ask_any(question)
        if not isinstance(given, ProvisionedList):
            return _refused(given)
        if not given.users:
            return _error(404, "", "There is no such user.")
        return given.users[0]

    async def _one(self, token: str, id_: str) -> Response:
        found = await self._named(token, id_)
        return found if isinstance(found, Response) else self._told(found)

    async def _save(self, request: Request, token: str, id_: str) -> Response:
        sent = await _body(request)
        if isinstance(sent, Response):
            return sent
        draft = read_user(sent)
        if isinstance(draft, Wrong):
            return _error(400, draft.scim_type, draft.detail)
        return await self._keep(token, id_, draft, _version(request))

    async def _patch(self, request: Request, token: str, id_: str) -> Response:
        sent = await _body(request)
        if isinstance(sent, Response):
            return sent
        found = await self._named(token, id_)
        if isinstance(found, Response):
            return found
        user = patched(as_json(found, base=self._base), sent.get("Operations"))
        draft = user if isinstance(user, Wrong) else read_user(user)
        if isinstance(draft, Wrong):
            return _error(400, draft.scim_type, draft.detail)
        # What was read is what is changed, unless somebody was faster.
        return await self._keep(token, id_, draft, _version(request) or found.version)

    async def _keep(self, token: str, id_: str, draft: Draft, version: int) -> Response:
        question = SaveProvisioned(
            session=token,
            id=id_,
            user_name=draft.user_name,
            display_name=draft.display_name,
            role=draft.role,
            is_active=draft.is_active,
            external_id=draft.external_id,
            version=version,
        )
        given = await self._warden.ask_any(question)
        if not isinstance(given, ProvisionedUser):
            return _refused(given)
        return self._told(given, status=200 if id_ else 201)

    def _told(self, user: ProvisionedUser, *, status: int = 200) -> Response:
        told = as_json(user, base=self._base)
        response = _json(told, status=status)
        response.headers["ETag"] = etag(user)
        response.headers["Location"] = told["meta"]["location"]
        return response


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _version(request: Request) -> int:
    """The version of If-Match; one that is none of ours matches nothing."""
    given = request.headers.get("if-match", "").strip()
    if not given or given == "*":
        return 0
    match = _ETAG.fullmatch(given)
    return int(match[1]) if match else -1


def _number(query: Mapping[str, str], name: str, default: int) -> int | None:
    text = query.get(name, str(default))
    is_fine = text.lstrip("-").isascii() and text.lstrip("-").isdigit()
    return int(text) if is_fine and len(text) <= len("1000000000") else None


async def _body(request: Request) -> Json | Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (MEDIA_TYPE, "application/json"):
        return _error(415, "", f"Send {MEDIA_TYPE}.")
    try:
        return msgspec.json.decode(await request.body(), type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _error(400, "invalidSyntax", "The body is no JSON object.")


def _listed(found: list[Json], total: int, start: int) -> Json:
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(found),
        "Resources": found,
    }


def _refused(given: WardenAnswer) -> Response:
    if isinstance(given, ProvisioningRefused):
        return _error(given.status, given.scim_type, given.detail)
    if isinstance(given, Refusal):
        return _error(_STATUS.get(given.code, 503), "", f"{given.why} {given.mend}")
    return _error(503, "", "Try again in a moment.")


def _error(status: int, scim_type: str, detail: str) -> Response:
    told: Json = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type:
        told["scimType"] = scim_type
    response = _json(told, status=status)
    if status == 401:  # noqa: PLR2004 - RFC 6750, 3
        response.headers["WWW-Authenticate"] = 'Bearer realm="wardkeep", scope="scim"'
    return response


def _json(told: Json, *, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(told),
        status,
        headers={"Cache-Control": "no-store"},
        media_type=MEDIA_TYPE,
    )
