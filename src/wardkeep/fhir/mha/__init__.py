# SPDX-License-Identifier: Apache-2.0
"""The Mental Health Act: sections, what was done in them, and what is due."""
