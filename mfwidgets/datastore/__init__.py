"""Bytes: artifacts by their hash, logs and task files, from wherever Metaflow stored them."""
