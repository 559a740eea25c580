# SPDX-License-Identifier: Apache-2.0
"""Depot injections: who is due which dose when, and what became of each."""
