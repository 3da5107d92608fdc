"""`python -m benchmarks`: what `make bench` runs."""

import sys

from benchmarks.harness import main
from benchmarks.suite import groups

if __name__ == "__main__":
    sys.exit(main(groups()))
