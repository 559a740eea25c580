# SPDX-License-Identifier: Apache-2.0
"""Work that is done later, exactly once."""
