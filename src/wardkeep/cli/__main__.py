# SPDX-License-Identifier: Apache-2.0
"""`python -m wardkeep.cli`: the same command without a script on the PATH."""

from wardkeep.cli.entrance import main

if __name__ == "__main__":
    main()
