"""The network in loops, straight from the equations: slow, and easy to believe.

Nothing here is shared with the package. Weights are in scikit-learn's layout, a list of
arrays of shape (fan_in, fan_out); masks are lists with an entry for the input and one
for each hidden layer, of shape (n_rows, n_units), with entries 0 and 1 / p.
"""

import math

import numpy as np


def activate(name, z):
    if name == "identity":
        return z
    if name == "relu":
        return max(z, 0.0)
    if name == "tanh":
        return math.tanh(z)
    return 1 / (1 + math.exp(-z))


def derivative(name, z):
    if name == "identity":
        return 1.0
    if name == "relu":
        return float(z > 0)
    if name == "tanh":
        return 1 - math.tanh(z) ** 2
    return activate(name, z) * (1 - activate(name, z))


def affine(coef, bias, x):
    """Return Wᵀ x + b, one sum at a time."""
    fan_in, fan_out = coef.shape
    return [
        bias[j] + sum(coef[i, j] * x[i] for i in range(fan_in)) for j in range(fan_out)
    ]


def row_pass(coefs, biases, activation, x, masks):
    """Return the inputs of each layer and its pre-activations, for one row."""
    inputs, pre_activations = [[a * m for a, m in zip(x, masks[0], strict=True)]], []
    for layer, (coef, bias) in enumerate(zip(coefs, biases, strict=True)):
        z = affine(coef, bias, inputs[-1])
        pre_activations.append(z)
        if layer + 1 < len(coefs):
            mask = masks[layer + 1]
            inputs.append(
                [activate(activation, a) * m for a, m in zip(z, mask, strict=True)]
            )
    return inputs, pre_activations


def probabilities(out_activation, z):
    if out_activation == "softmax":
        total = sum(math.exp(a) for a in z)
        return [math.exp(a) / total for a in z]
    return [1 / (1 + math.exp(-a)) for a in z]


def row_loss(out_activation, z, y):
    """Return the cross-entropy of one row."""
    if out_activation == "softmax":
        total = math.log(sum(math.exp(a) for a in z))
        return sum(total - a for a, b in zip(z, y, strict=True) if b)
    signs = [-1 if b else 1 for b in y]
    return sum(math.log1p(math.exp(s * a)) for s, a in zip(signs, z, strict=True))


def loss_and_gradient(
    coefs, biases, activation, out_activation, X, Y, weights, masks, alpha
):
    """Return (1/n) Σ_i s_i ℓ_i + alpha / 2 Σ ‖W‖² and its gradients."""
    n = len(X)
    loss = alpha / 2 * sum((coef**2).sum() for coef in coefs)
    coef_gradients = [alpha * coef for coef in coefs]
    bias_gradients = [np.zeros_like(bias) for bias in biases]
    for i in range(n):
        row_masks = [mask[i] for mask in masks]
        inputs, zs = row_pass(coefs, biases, activation, X[i], row_masks)
        loss += weights[i] * row_loss(out_activation, zs[-1], Y[i]) / n
        p = probabilities(out_activation, zs[-1])
        delta = [weights[i] * (a - b) / n for a, b in zip(p, Y[i], strict=True)]
        for layer in range(len(coefs) - 1, -1, -1):
            coef_gradients[layer] += np.outer(inputs[layer], delta)
            bias_gradients[layer] += delta
            if layer:
                delta = [
                    sum(coefs[layer][a, b] * delta[b] for b in range(len(delta)))
                    * row_masks[layer][a]
                    * derivative(activation, zs[layer - 1][a])
                    for a in range(len(coefs[layer]))
                ]
    return loss, coef_gradients, bias_gradients


class Optimizer:
    """SGD, Nesterov's SGD and Adam on one array, as their papers state them."""

    def __init__(self, name, momentum=0.9, beta_2=0.999, epsilon=1e-8):
        self.name = name
        self.momentum, self.beta_2, self.epsilon = momentum, beta_2, epsilon
        self.v = 0.0
        self.s = 0.0
        self.t = 0

    def step(self, w, g, learning_rate):
        """Return the new weights."""
        beta = self.momentum
        self.t += 1
        self.v = beta * self.v + (1 - beta) * g
        if self.name == "sgd":
            return w - learning_rate * self.v
        if self.name == "nesterov":
            return w - learning_rate * (beta * self.v + (1 - beta) * g)
        self.s = self.beta_2 * self.s + (1 - self.beta_2) * g**2
        m_hat = self.v / (1 - beta**self.t)
        s_hat = self.s / (1 - self.beta_2**self.t)
        return w - learning_rate * m_hat / (np.sqrt(s_hat) + self.epsilon)
