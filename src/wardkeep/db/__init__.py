# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: the embedded server, roles, migrations and connections."""
