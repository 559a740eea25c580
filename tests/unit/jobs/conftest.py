# SPDX-License-Identifier: Apache-2.0
"""The tests of the job queue run against a real server."""

from support.postgres import fresh_database, postgres_server

__all__ = ["fresh_database", "postgres_server"]
