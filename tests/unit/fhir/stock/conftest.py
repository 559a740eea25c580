# SPDX-License-Identifier: Apache-2.0
"""Registers are held by a real server's constraints."""

from support.postgres import fresh_database, postgres_server

__all__ = ["fresh_database", "postgres_server"]
