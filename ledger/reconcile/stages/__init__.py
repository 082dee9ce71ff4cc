"""The stages of matching, strongest evidence first; each takes only what is the only one possible."""
