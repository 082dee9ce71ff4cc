"""One renderer per medium; each prints any report of the one model."""
