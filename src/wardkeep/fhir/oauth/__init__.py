# SPDX-License-Identifier: Apache-2.0
"""How programs get access tokens; people's come with SMART launches."""
