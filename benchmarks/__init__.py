"""Side-by-side timings of skreg and of what people use instead.

Run ``python -m benchmarks --help``. Every table comes from one process, in which the
rivals take turns.
"""
