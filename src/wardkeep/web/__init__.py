# SPDX-License-Identifier: Apache-2.0
"""Pages, gates, forms and headers."""
