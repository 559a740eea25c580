# SPDX-License-Identifier: Apache-2.0
"""Puts the house together: processes, settings, demo."""
