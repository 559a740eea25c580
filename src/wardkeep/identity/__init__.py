# SPDX-License-Identifier: Apache-2.0
"""Accounts, invitations and factors; lives in the warden's process only."""
