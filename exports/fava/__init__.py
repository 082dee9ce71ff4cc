"""Fava, the reading room: the exported journal in a browser, read-only."""
