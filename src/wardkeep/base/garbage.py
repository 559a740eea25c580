# SPDX-License-Identifier: Apache-2.0
"""How rarely a serving process looks for cyclic garbage."""

import gc

_YOUNG_OBJECTS = 50_000


def settle() -> None:
    """A process that has opened everything serves from here on.

    What is here now stays: looking through it for garbage again and again takes a
    millisecond each time, more where many ties or sessions are held. And one request
    makes thousands of objects that all go at its end by themselves: to look for cycles
    every 700 of them is a tenth of a page of fifty.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
