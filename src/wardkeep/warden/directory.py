# SPDX-License-Identifier: Apache-2.0
"""Names for the ids that the ledger holds: accounts and roles, as people know them."""

from wardkeep.identity.roles import Role

IMPORTER, EXTRACTOR = "importer", "extractor"
"""The accounts under which the operator's imports and extracts run."""
UNKNOWN_ACCOUNT = "An account that no longer exists"


class Directory:
    """Display names by account id; small enough for memory (an entry each)."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {
            IMPORTER: "Import by the operator",
            EXTRACTOR: "Data set taken by the operator",
        }
        self._homes: set[tuple[str, int]] = set()

    def remember(self, account: str, display_name: str, *, home: int) -> None:
        """Know an account's name, and the organisation that it belongs to."""
        self._names[account] = display_name
        self._homes.add((account, home))

    def is_at_home(self, account: str, organisation: int) -> bool:
        return (account, organisation) in self._homes

    def display_name(self, account: str) -> str:
        return self._names.get(account, UNKNOWN_ACCOUNT)

    def role_title(self, role: str) -> str:
        try:
            return Role(role).title
        except ValueError:
            return role
