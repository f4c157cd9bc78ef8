"""Reads small values without unpickling them."""
