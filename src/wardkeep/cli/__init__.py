# SPDX-License-Identifier: Apache-2.0
"""The `wardkeep` command: everything an operator does, from one terminal."""

from wardkeep.cli.entrance import commands, main

__all__ = ["commands", "main"]
