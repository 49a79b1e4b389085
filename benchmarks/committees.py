"""Committees of small networks: threads, processes, and one batched network."""

import math
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np

from benchmarks.measurements import elapsed, take_turns
from benchmarks.rivals import NUMBA, NUMPY, load
from benchmarks.works import MOMENTUM, RATES, Work
from skreg import RegMLPClassifierCV

SIZES = (1, 8, 32)
WORK = Work(500, (20, 100, 2), batch_size=16, n_epochs=32)
BATCHED = "PyTorch, batched"


def time_committees(n_members, scale, repetitions):
    """Time the training of as many networks, by rival."""
    work = Work(WORK.n_rows, WORK.layer_sizes, WORK.batch_size, WORK.n_epochs // scale)
    X, y = work.data()
    timers = {}
    for name in (NUMBA, NUMPY):
        rival = load(name)
        network = rival.build(work).set_params(early_stopping=True)
        if n_members > 1:
            network = RegMLPClassifierCV(network, cv=n_members, n_jobs=2)
        timers[name] = partial(elapsed, rival.call, network.fit, X, y)
    pools = dict.fromkeys(timers, SimpleNamespace(pool="SciPy"))
    if find_spec("torch"):
        timers[BATCHED] = partial(elapsed, train_batched, work, n_members, X, y)
        pools[BATCHED] = SimpleNamespace(pool="PyTorch")
    return take_turns(timers, pools, repetitions)


def train_batched(work, n_members, X, y):
    """Train networks side by side in PyTorch, each on rows of its own by adam."""
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    n_train = len(X) - len(X) // max(10, n_members)
    folds = [torch.randperm(len(X))[:n_train] for _ in range(n_members)]
    parameters = []
    for n_in, n_out in zip(work.layer_sizes, work.layer_sizes[1:], strict=False):
        bound = math.sqrt(6 / n_in)
        weights = torch.empty(n_members, n_in, n_out).uniform_(-bound, bound)
        parameters += [weights, torch.zeros(n_members, 1, n_out)]
    for parameter in parameters:
        parameter.requires_grad_()
    options = {"lr": RATES["adam"], "betas": (MOMENTUM, 0.999), "fused": True}
    optimizer = torch.optim.Adam(parameters, **options)
    loss_function = torch.nn.CrossEntropyLoss(reduction="sum")
    for _ in range(work.n_epochs):
        order = torch.stack([fold[torch.randperm(n_train)] for fold in folds])
        for rows in order.split(work.batch_size, dim=1):
            W, b, V, c = parameters
            h = torch.baddbmm(b, X[rows], W).relu()
            z = torch.baddbmm(c, h, V)
            loss = loss_function(z.flatten(0, 1), y[rows].flatten()) / rows.shape[1]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        np.float64(loss.item())
