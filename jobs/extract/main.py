"""The extraction job's entry point: `python jobs/extract/main.py MODEL SOURCE RUN`."""

import sys

from headrace.extraction.job import main

if __name__ == "__main__":
    sys.exit(main())
