"""IPython runs this at the start of each kernel and shell: displays get a long time limit, for busy machines."""

from mfwidgets import options

options.display_timeout_s = 120
del options
