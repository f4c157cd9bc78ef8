"""The filter language for runs: ``rmse<0.3 optimizer=adam status:failed since:7d``."""

EXAMPLE = "rmse<0.3 optimizer=adam status:failed since:7d tag:nightly"
"""An example for messages and help."""
