# SPDX-License-Identifier: Apache-2.0
"""Figures of urgent care: what happened, without names, and what is counted of it."""
