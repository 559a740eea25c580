# SPDX-License-Identifier: Apache-2.0
"""Names for the ids that the ledger holds: accounts and roles, as people know them."""

from wardkeep.identity.roles import Role

IMPORTER = "importer"
"""The account under which the operator's imports run."""
UNKNOWN_ACCOUNT = "An account that no longer exists"


class Directory:
    """Display names by account id; small enough for memory (an entry each)."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {IMPORTER: "Import by the operator"}

    def remember(self, account: str, display_name: str) -> None:
        self._names[account] = display_name

    def display_name(self, account: str) -> str:
        return self._names.get(account, UNKNOWN_ACCOUNT)

    def role_title(self, role: str) -> str:
        try:
            return Role(role).title
        except ValueError:
            return role
