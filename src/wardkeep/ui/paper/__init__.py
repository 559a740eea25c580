# SPDX-License-Identifier: Apache-2.0
"""Paper: what leaves the screen as a file that prints the same everywhere."""
