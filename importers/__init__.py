"""What comes in: document files, bank statements, return files."""
