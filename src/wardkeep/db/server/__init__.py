# SPDX-License-Identifier: Apache-2.0
"""The parts of the embedded PostgreSQL server: binaries, folder, user, settings."""
