# SPDX-License-Identifier: Apache-2.0
"""The identity providers that the warden knows, each with its key unsealed."""

from collections.abc import Iterator

from wardkeep.base.clock import Clock
from wardkeep.crypto.aead import Cipher, new_key
from wardkeep.crypto.rsa_keys import new_rsa_key
from wardkeep.db.connection import Connection
from wardkeep.disclosure.federation import ProviderView
from wardkeep.identity import providers
from wardkeep.identity.providers import ProviderRow
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.provider_client import ProviderClient

CALLBACK_PATH = "/sign-in/back"


def _identity(provider: str) -> bytes:
    return f"identity-provider|1|{provider}".encode()


class KnownProviders:
    """By their id."""

    def __init__(self, root_key: RootKey, clock: Clock, *, origin: str) -> None:
        self._root_key = root_key
        self._clock = clock
        self._callback = f"{origin}{CALLBACK_PATH}"
        self._by_id: dict[str, ProviderClient] = {}

    async def load(self, connection: Connection) -> None:
        """Everything that the database remembers.

        Raises:
            BoxCannotBeOpenedError: the root key is not the one of this database.
        """
        for row in await providers.load_providers(connection):
            self.add(row)

    def seal_new_key(self, provider: str) -> tuple[bytes, bytes]:
        """A new private key: its wrapped data key, and itself sealed by that."""
        data_key = new_key()
        wrapped = self._root_key.wrap(data_key, _identity(provider))
        sealed = Cipher(data_key).seal(new_rsa_key(), _identity(provider))
        return wrapped, sealed

    def make(self, row: ProviderRow) -> ProviderClient:
        data_key = self._root_key.unwrap(row.wrapped_key, _identity(row.id))
        private = Cipher(data_key).open(row.sealed_private_key, _identity(row.id))
        return ProviderClient(row, private, self._clock, callback=self._callback)

    def add(self, row: ProviderRow) -> ProviderClient:
        made = self._by_id[row.id] = self.make(row)
        return made

    def get(self, provider: str) -> ProviderClient | None:
        return self._by_id.get(provider)

    def end(self, provider: str) -> ProviderClient | None:
        """Forget it; whoever asked it a moment ago gets no session by it."""
        found = self._by_id.pop(provider, None)
        if found is not None:
            found.close()
        return found

    def views(self) -> Iterator[ProviderView]:
        """By name."""
        named = sorted(self._by_id.values(), key=lambda one: one.row.name.lower())
        return map(view_of, named)

    def of_organisation(self, organisation: int) -> Iterator[ProviderView]:
        named = sorted(self._by_id.values(), key=lambda one: one.row.name.lower())
        return (view_of(one) for one in named if one.row.organisation == organisation)


def view_of(one: ProviderClient) -> ProviderView:
    return ProviderView(
        id=one.row.id,
        kind=one.row.kind,
        name=one.row.name,
        organisation_name=one.row.organisation_name,
        issuer=one.row.issuer,
        client_id=one.row.client_id,
        jwks=one.jwks,
        signs_out_at=one.signs_out_at,
    )
