# SPDX-License-Identifier: Apache-2.0
"""Resource ids that are the same on every machine and every day."""

from wardkeep.base.ids import derived_uuid as stable_id

__all__ = ["stable_id"]
