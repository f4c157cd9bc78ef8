"""Small values, read without unpickling."""
