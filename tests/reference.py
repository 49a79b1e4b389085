"""The network in loops, straight from the equations: slow, and easy to believe.

Nothing here is shared with the package. The parameters are a list per layer: weights of
shape (fan_in, fan_out), biases and, in the first layer, perhaps factors of the
features. Masks are lists with an entry for the input and one for each hidden layer, of
shape (n_rows, n_units), with entries 0 and 1 / p.
"""

import math

import numpy as np


def logistic(z):
    return 1 / (1 + math.exp(-z))


ACTIVATIONS = {
    "identity": (lambda z: z, lambda z: 1.0),
    "logistic": (logistic, lambda z: logistic(z) * (1 - logistic(z))),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "of_z": (lambda z: math.log1p(math.exp(z)), logistic),
}
"""Each with its derivative."""


def affine(coef, bias, x):
    """Return Wᵀ x + b, one sum at a time."""
    fan_in, fan_out = coef.shape
    return [
        bias[j] + sum(coef[i, j] * x[i] for i in range(fan_in)) for j in range(fan_out)
    ]


def scaled(x, factors):
    """Return the products of x and its factors, or x if there are none."""
    return [a * s for a, s in zip(x, factors[0], strict=True)] if factors else x


def row_pass(layers, activation, x, masks):
    """Return the inputs of each layer and its pre-activations, for one row."""
    f, _ = ACTIVATIONS[activation]
    inputs, pre_activations = [[a * m for a, m in zip(x, masks[0], strict=True)]], []
    for layer, (coef, bias, *factors) in enumerate(layers, 1):
        z = affine(coef, bias, scaled(inputs[-1], factors))
        pre_activations.append(z)
        if layer < len(layers):
            inputs.append([f(a) * m for a, m in zip(z, masks[layer], strict=True)])
    return inputs, pre_activations


def outputs(layers, activation, x):
    """Return the outputs for one row without masks."""
    no_masks = [[1.0] * len(coef) for coef, *_ in layers]
    return row_pass(layers, activation, x, no_masks)[1][-1]


def predictions(out_activation, z):
    if out_activation == "softmax":
        total = sum(math.exp(a) for a in z)
        return [math.exp(a) / total for a in z]
    function = {"logistic": logistic, "exp": math.exp, "identity": lambda a: a}
    return [function[out_activation](a) for a in z]


def mean_over_outputs(loss, slope):
    """Return the loss of a row and its gradient, of those of one output."""

    def row_loss(z, y):
        return sum(loss(a, b) for a, b in zip(z, y, strict=True)) / len(z)

    def row_gradient(z, y):
        return [slope(a, b) / len(z) for a, b in zip(z, y, strict=True)]

    return row_loss, row_gradient


def sigmoid_loss(z, y):
    return sum(math.log1p(math.exp(a)) - b * a for a, b in zip(z, y, strict=True))


def sigmoid_gradient(z, y):
    return [logistic(a) - b for a, b in zip(z, y, strict=True)]


def softmax_loss(z, y):
    total = math.log(sum(math.exp(a) for a in z))
    return sum(b * (total - a) for a, b in zip(z, y, strict=True))


def softmax_gradient(z, y):
    return [a - b for a, b in zip(predictions("softmax", z), y, strict=True)]


def huber_loss(z, y):
    if abs(z - y) <= 1.345:
        return (z - y) ** 2 / 2
    return 1.345 * (abs(z - y) - 1.345 / 2)


def poisson_loss(z, y):
    return (y * (math.log(y) - z) if y else 0) - y + math.exp(z)


HEADS = {
    "binary": (sigmoid_loss, sigmoid_gradient),
    "multiclass": (softmax_loss, softmax_gradient),
    "multilabel": (sigmoid_loss, sigmoid_gradient),
    "squared_error": mean_over_outputs(
        lambda z, y: (z - y) ** 2 / 2, lambda z, y: z - y
    ),
    "absolute_error": mean_over_outputs(
        lambda z, y: abs(z - y), lambda z, y: math.copysign(1, z - y)
    ),
    "huber": mean_over_outputs(huber_loss, lambda z, y: min(max(z - y, -1.345), 1.345)),
    "quantile": mean_over_outputs(  # at the level of a half
        lambda z, y: abs(z - y) / 2, lambda z, y: math.copysign(0.5, z - y)
    ),
    "poisson": mean_over_outputs(poisson_loss, lambda z, y: math.exp(z) - y),
}
"""The loss of a row and its gradient in the outputs."""


def loss_and_gradient(layers, activation, head, X, Y, weights, masks):
    """Return (1/n) Σ_i s_i ℓ_i and its gradient, in lists as the layers are."""
    n, (row_loss, row_gradient) = len(X), HEADS[head]
    loss = 0
    gradient = [[np.zeros_like(block) for block in pair] for pair in layers]
    for i in range(n):
        row_masks = [mask[i] for mask in masks]
        inputs, zs = row_pass(layers, activation, X[i], row_masks)
        loss += weights[i] * row_loss(zs[-1], Y[i]) / n
        delta = [weights[i] * slope / n for slope in row_gradient(zs[-1], Y[i])]
        for layer in range(len(layers) - 1, -1, -1):
            coef, _, *factors = layers[layer]
            gradient[layer][0] += np.outer(scaled(inputs[layer], factors), delta)
            gradient[layer][1] += delta
            for j, a in enumerate(inputs[layer] if factors else []):
                gradient[layer][2][j] += a * sum(w * d for w, d in zip(coef[j], delta))
            if layer:
                slopes = [ACTIVATIONS[activation][1](z) for z in zs[layer - 1]]
                delta = layers[layer][0] @ delta * row_masks[layer] * slopes
    return loss, gradient


def penalty_and_gradient(layers, alphas):
    """Return Σ_l alpha_l / 2 · (‖W_l‖² + ‖s_l‖²) and its gradient, in lists."""
    total, gradient = 0, []
    for (coef, bias, *factors), alpha in zip(layers, alphas, strict=True):
        total += alpha / 2 * sum(float(w) ** 2 for w in coef.flat)
        total += alpha / 2 * sum(float(s) ** 2 for own in factors for s in own)
        slopes = [alpha * coef, np.zeros_like(bias), *(alpha * s for s in factors)]
        gradient.append(slopes)
    return total, gradient


class Optimizer:
    """SGD, Nesterov's SGD and Adam on one array, as their papers state them."""

    def __init__(self, name, momentum=0.9, beta_2=0.999, epsilon=1e-8):
        self.name = name
        self.momentum, self.beta_2, self.epsilon = momentum, beta_2, epsilon
        self.v = 0.0
        self.s = 0.0
        self.t = 0

    def step(self, w, g, penalty, learning_rate):
        """Return the new weights, from the gradients of the loss and the penalty."""
        beta = self.momentum
        g = g + penalty
        self.t += 1
        self.v = beta * self.v + (1 - beta) * g
        if self.name == "SGD":
            return w - learning_rate * self.v
        if self.name == "NesterovSGD":
            return w - learning_rate * (beta * self.v + (1 - beta) * g)
        assert self.name == "Adam", f"{self.name} has no formula here"
        self.s = self.beta_2 * self.s + (1 - self.beta_2) * g**2
        m_hat = self.v / (1 - beta**self.t)
        s_hat = self.s / (1 - self.beta_2**self.t)
        return w - learning_rate * m_hat / (np.sqrt(s_hat) + self.epsilon)
