"""Training: the epoch loop and its surroundings, without any formula of a network."""
