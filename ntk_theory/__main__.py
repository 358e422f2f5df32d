"""`python -m ntk_theory` is the command line."""

import sys

from ntk_theory.cli import main

if __name__ == "__main__":
    sys.exit(main())
