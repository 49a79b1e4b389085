"""Training: the epoch loop, and what surrounds it; it knows no formula."""
