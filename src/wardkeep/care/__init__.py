# SPDX-License-Identifier: Apache-2.0
"""Rooms that several services share: what apps know of the record and of pages."""
