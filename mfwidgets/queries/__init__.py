"""Bulk facts about runs and tasks, made of records; no class of the Client API is known here."""
