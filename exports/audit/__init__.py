"""What auditors take away with them, and what lets them judge it without Meterbook."""
