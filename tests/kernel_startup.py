"""Run by IPython at the start of each kernel and shell under test: a busy machine must not change what is shown."""

from mfwidgets import options

options.display_timeout_s = 120
del options
