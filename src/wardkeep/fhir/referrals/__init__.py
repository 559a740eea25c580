# SPDX-License-Identifier: Apache-2.0
"""Referrals: teams, who waits for them since when, and hand-overs of caseloads."""
