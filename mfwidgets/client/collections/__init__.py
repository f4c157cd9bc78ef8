"""Lazy collections of client objects."""
