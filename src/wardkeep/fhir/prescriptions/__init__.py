# SPDX-License-Identifier: Apache-2.0
"""Prescriptions of urgent care: the formulary, the order, what is handed out."""
