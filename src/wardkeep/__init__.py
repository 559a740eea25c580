# SPDX-License-Identifier: Apache-2.0
"""Wardkeep: health and care records that one stolen account cannot empty."""

__version__ = "0.1.0"
