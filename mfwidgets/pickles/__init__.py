"""Reads pickles: safely without running code, and by unpickling on request."""
