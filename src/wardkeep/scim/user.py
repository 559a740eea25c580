# SPDX-License-Identifier: Apache-2.0
"""A SCIM user: read from what was sent, changed by patches, written as JSON."""

import re
from typing import Any

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.disclosure.provisioning import ProvisionedUser
from wardkeep.scim.schemas import STATE, USER, Json

MOST_OPERATIONS = 50
_PRIMARY = re.compile(r"roles(\[[^\]]{0,80}\])?(\.value)?", re.IGNORECASE)
_WORDS = {"true": True, "false": False}


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong: RFC 7644, table 9."""

    scim_type: str
    detail: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A user as somebody wants it."""

    user_name: str
    display_name: str
    role: str
    is_active: bool = True
    external_id: str = ""


def read_user(sent: Json) -> Draft | Wrong:
    """A whole user, of a POST or PUT."""
    name = sent.get("name")
    formatted = name.get("formatted") if isinstance(name, dict) else None
    found = {
        "user_name": sent.get("userName"),
        "display_name": sent.get("displayName") or formatted or _joined(name),
        "role": _role(sent.get("roles")),
        "is_active": _flag(sent.get("active", True)),
        "external_id": sent.get("externalId") or "",
    }
    for field, attribute in (
        ("user_name", "userName"),
        ("display_name", "displayName"),
        ("role", "roles"),
        ("external_id", "externalId"),
    ):
        if not isinstance(found[field], str):
            return Wrong("invalidValue", f"{attribute} is missing, or no text.")
    if not isinstance(found["is_active"], bool):
        return Wrong("invalidValue", "active is true or false.")
    return Draft(**found)  # type: ignore[arg-type]


def _joined(name: object) -> str | None:
    """Given and family name, where a directory sends only those."""
    if not isinstance(name, dict):
        return None
    parts = [name.get("givenName"), name.get("familyName")]
    return " ".join(one for one in parts if isinstance(one, str)) or None


def _role(roles: object) -> object:
    """The first value; directories send a list, an object or a word."""
    first = roles[0] if isinstance(roles, list) and roles else roles
    return first.get("value") if isinstance(first, dict) else first


def _flag(value: object) -> object:
    """Some directories write booleans as words."""
    return _WORDS.get(value.lower(), value) if isinstance(value, str) else value


def patched(user: Json, operations: object) -> Json | Wrong:
    """The user after the operations of a PATCH (RFC 7644, 3.5.2), all or none."""
    if not isinstance(operations, list) or not 1 <= len(operations) <= MOST_OPERATIONS:
        return Wrong("invalidSyntax", f"Send 1 to {MOST_OPERATIONS} Operations.")
    found = dict(user)
    for one in operations:
        wrong = _apply(found, one)
        if wrong is not None:
            return wrong
    return found


def _apply(user: Json, operation: object) -> Wrong | None:
    if not isinstance(operation, dict):
        return Wrong("invalidSyntax", "An operation is an object.")
    verb = str(operation.get("op", "")).lower()
    if verb not in ("add", "replace", "remove"):
        return Wrong("invalidSyntax", "op is add, replace or remove.")
    path, value = operation.get("path"), operation.get("value")
    if verb == "remove":
        return _remove(user, path)
    if path is None:
        if not isinstance(value, dict):
            return Wrong("invalidValue", "Without a path the value is an object.")
        pairs = list(value.items())
    else:
        pairs = [(path, value)]
    for name, new in pairs:
        wrong = _set(user, name, new)
        if wrong is not None:
            return wrong
    return None


_NAMES = {
    "username": "userName",
    "externalid": "externalId",
    "displayname": "displayName",
    "name.formatted": "displayName",
    "active": "active",
}
_IGNORED = frozenset({"schemas", "name", "emails", "id", "meta", STATE.lower()})
"""What directories send and nobody keeps here."""


def _set(user: Json, path: object, value: object) -> Wrong | None:
    bare = str(path).removeprefix(f"{USER}:")
    name = _NAMES.get(bare.lower())
    if name is not None:
        user[name] = value
    elif _PRIMARY.fullmatch(bare):
        user["roles"] = value
    elif bare.lower().partition("[")[0].partition(".")[0] not in _IGNORED:
        return Wrong("invalidPath", f"There is no attribute {bare[:60]!r} here.")
    return None


def _remove(user: Json, path: object) -> Wrong | None:
    name = _NAMES.get(str(path).removeprefix(f"{USER}:").lower())
    if name == "externalId":
        user["externalId"] = ""
        return None
    return Wrong("mutability", f"{str(path)[:60]!r} cannot be removed.")


def as_json(user: ProvisionedUser, *, base: str) -> Json:
    found: dict[str, Any] = {
        "schemas": [USER, STATE],
        "id": user.id,
        "userName": user.user_name,
        "displayName": user.display_name,
        "active": user.is_active,
        "roles": [{"value": user.role, "primary": True}],
        STATE: {"state": user.state},
        "meta": {
            "resourceType": "User",
            "created": from_microseconds(user.created_at).isoformat(),
            "lastModified": from_microseconds(user.changed_at).isoformat(),
            "location": f"{base}/Users/{user.id}",
            "version": etag(user),
        },
    }
    if user.external_id:
        found["externalId"] = user.external_id
    return found


def etag(user: ProvisionedUser) -> str:
    return f'W/"{user.version}"'
