"""PyTorch in eager mode: its users' training loop, with fused optimizers."""

from functools import partial
from itertools import pairwise

import torch
from torch import nn
from torch.optim import SGD, Adam

from benchmarks.works import ALPHA, CLASSICAL_RATES, KEEP_PROB, MOMENTUM

pool = "PyTorch"
dropouts = ("none", "sample")
OPTIMIZERS = {"sgd": partial(SGD, momentum=MOMENTUM), "adam": Adam}


def trainer(work, X, y, dropout, solver):
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    loss_function = nn.CrossEntropyLoss()
    if work.layer_sizes[-1] == 1:
        y, loss_function = y.float().unsqueeze(1), nn.BCEWithLogitsLoss()
    settings = {"lr": CLASSICAL_RATES[solver], "weight_decay": ALPHA, "fused": True}

    def train(n_epochs):
        layers = []
        for fan_in, fan_out in pairwise(work.layer_sizes[:-1]):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
            if dropout == "sample":
                layers.append(nn.Dropout(1 - KEEP_PROB))
        model = nn.Sequential(*layers, nn.Linear(*work.layer_sizes[-2:]))
        optimizer = OPTIMIZERS[solver](model.parameters(), **settings)
        for _ in range(n_epochs):
            losses = []
            for rows in torch.randperm(work.n_rows).split(work.batch_size):
                inputs, targets = X.index_select(0, rows), y.index_select(0, rows)
                loss = loss_function(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            torch.stack(losses).mean().item()

    return train
