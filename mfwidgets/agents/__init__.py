"""Answers for coding agents: read-only tools over the facts of ``--json``, served by the Model Context Protocol (MCP)."""
