"""``python -m mfwidgets``, or ``mfwidgets``: the verbs of ``%mflow`` for terminals, scripts and agents."""
