"""``python -m mfwidgets``."""

import sys

from mfwidgets.command_line.program import main

sys.exit(main())
