# SPDX-License-Identifier: Apache-2.0
"""Messages of an organisation's own directory: who starts, changes and leaves (SCIM).

The directory's key makes nobody: a joiner waits for a person's yes. A leaver is out at
once.
"""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

MOST_LISTED = 200


class ListProvisioned(Message, frozen=True, kw_only=True):
    """Users by an attribute's value; without one, all. `start` counts from 1."""

    session: str
    attribute: str = ""
    """`id`, `userName`, `externalId` or `active`."""
    value: str = ""
    start: int = 1
    count: int = 100


class SaveProvisioned(Message, frozen=True, kw_only=True):
    """A new user, or all of one anew. Gives the user as it is now."""

    session: str
    user_name: str
    display_name: str
    role: str
    is_active: bool
    external_id: str = ""
    id: str = ""
    """Empty: a new one."""
    version: int = 0
    """The version that it replaces (RFC 7644, 3.14); 0: whichever."""


class DeleteProvisioned(Message, frozen=True):
    """A leaver, whom the directory forgets."""

    session: str
    id: str
    version: int = 0


ProvisioningQuestion: TypeAlias = ListProvisioned | SaveProvisioned | DeleteProvisioned


class ProvisionedUser(Message, frozen=True, kw_only=True):
    """A user; times are UTC microseconds since 1970."""

    id: str
    user_name: str
    external_id: str
    display_name: str
    role: str
    is_active: bool
    state: str
    """`waiting` for a person's yes, `working`, or `ended`."""
    version: int
    created_at: int
    changed_at: int


class ProvisionedList(Message, frozen=True):
    """One page, and how many there are in all."""

    total: int
    users: tuple[ProvisionedUser, ...]


class ProvisioningRefused(Message, frozen=True):
    """RFC 7644, 3.12: an HTTP status, a `scimType` or nothing, and words."""

    status: int
    scim_type: str
    detail: str


ProvisioningAnswer: TypeAlias = ProvisionedUser | ProvisionedList | ProvisioningRefused
