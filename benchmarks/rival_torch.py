"""PyTorch in eager mode: its users' training loop, with fused optimizers."""

import itertools

import torch
from torch import nn

from benchmarks.rivals import Trainer
from benchmarks.works import ALPHA, KEEP_PROB, LEARNING_RATES, MOMENTUM


def network(layer_sizes, dropout="none"):
    """Return a multilayer perceptron that ends in logits."""
    layers = []
    for fan_in, fan_out in itertools.pairwise(layer_sizes[:-1]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        if dropout != "none":
            layers.append(nn.Dropout(1 - KEEP_PROB))
    return nn.Sequential(*layers, nn.Linear(*layer_sizes[-2:]))


def tensors(work, X, y):
    """Return the data as the loss functions take it."""
    labels = torch.from_numpy(y)
    if work.layer_sizes[-1] == 1:
        labels = labels.to(torch.float32).unsqueeze(1)
    return torch.from_numpy(X), labels


def optimizer_for(model, solver):
    rate = LEARNING_RATES[solver]
    if solver == "adam":
        return torch.optim.Adam(
            model.parameters(), lr=rate, weight_decay=ALPHA, fused=True
        )
    return torch.optim.SGD(
        model.parameters(),
        lr=rate * (1 - MOMENTUM),
        momentum=MOMENTUM,
        weight_decay=ALPHA,
        fused=True,
    )


def train(work, X, y, dropout, solver, n_epochs):
    """Train a new network on tensors; return its mean training loss per epoch."""
    torch.manual_seed(0)
    model = network(work.layer_sizes, dropout)
    optimizer = optimizer_for(model, solver)
    binary = work.layer_sizes[-1] == 1
    loss_function = nn.BCEWithLogitsLoss() if binary else nn.CrossEntropyLoss()
    curve = []
    for _ in range(n_epochs):
        losses = []
        for rows in torch.randperm(work.n_rows).split(work.batch_size):
            inputs, targets = X.index_select(0, rows), y.index_select(0, rows)
            loss = loss_function(model(inputs), targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        curve.append(torch.stack(losses).mean().item())
    return curve


def trainer(work, X, y, dropout, solver):
    X, y = tensors(work, X, y)
    return Trainer(lambda n: train(work, X, y, dropout, solver, n))


def predict_proba(model, X):
    """Return the probabilities of all rows, in one go."""
    with torch.no_grad():
        return torch.softmax(model(torch.from_numpy(X)), dim=1).numpy()
