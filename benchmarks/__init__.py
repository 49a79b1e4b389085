"""skreg timed side by side with its rivals; run ``python -m benchmarks --help``."""
