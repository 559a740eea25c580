# SPDX-License-Identifier: Apache-2.0
"""Entries that people write into a chart: problems, medicines, allergies, alerts."""
