"""Records from local folders or the metadata service."""
