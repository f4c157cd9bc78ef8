"""Runs the command line for ``python -m mfwidgets``."""

import sys

from mfwidgets.cli.main import main

sys.exit(main())
