# SPDX-License-Identifier: Apache-2.0
"""Why an embedded PostgreSQL cannot be started; each message has the mend."""


class ServerStartError(Exception):
    """The server does not start; the message says why and what to do."""


class FolderInUseError(ServerStartError):
    """Another process keeps a server in this folder."""
