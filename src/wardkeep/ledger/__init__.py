# SPDX-License-Identifier: Apache-2.0
"""The ledger: who opened what, when and why, so that nobody can unsay it."""
