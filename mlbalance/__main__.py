"""`python -m mlbalance` is the command `mlbalance`."""

import sys

from mlbalance.cli import main

if __name__ == "__main__":
    sys.exit(main())
