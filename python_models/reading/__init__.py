"""What SQL cannot tell of raw files: what lies in a folder, and what a compressed file holds."""
