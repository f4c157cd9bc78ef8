"""Pickles: read without running them, Metaflow's own types, unpickling on request."""
