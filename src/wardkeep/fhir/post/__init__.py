# SPDX-License-Identifier: Apache-2.0
"""What goes out when a call has ended: the surgery's message, and the repeat caller's.

The Bundle that a surgery gets is made here of what the record holds, by functions that
read no clock and open nothing.
"""
