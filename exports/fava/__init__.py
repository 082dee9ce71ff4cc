"""Fava, the reading room: books read from the database, in a browser, read-only, behind a login."""
