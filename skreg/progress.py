"""What a fit prints while it runs."""

from math import isnan


def format_epoch(history, seconds):
    """Return one line on the last epoch in ``history``, which took ``seconds``."""
    parts = [f"Iteration {history.n_epochs:4d}", f"loss {history.loss_curve[-1]:.6f}"]
    loss, score = history.validation_loss_curve[-1], history.validation_scores[-1]
    if not isnan(loss):
        parts.append(f"validation loss {loss:.6f}")
        if score != -loss:
            parts.append(f"validation score {score:.6f}")
    if history.learning_rate_curve:
        parts.append(f"learning rate {history.learning_rate_curve[-1]:.3g}")
    parts.append(f"{seconds:.3f} s")
    return ", ".join(parts)
