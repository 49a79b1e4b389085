"""From arguments and hyperparameters to checked arrays and one frozen plan."""
