# SPDX-License-Identifier: Apache-2.0
"""The writers of a demo record: one file for each part of a chart."""
