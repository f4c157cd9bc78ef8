"""Describes objects of other packages from their pickles, without importing them."""
