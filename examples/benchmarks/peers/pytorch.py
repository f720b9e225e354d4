"""A PyTorch training loop, eager and under torch.compile."""

import numpy as np

from peers.peer import MOMENTUM, Peer

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class PyTorchLoop(Peer):
    """``torch.nn.Linear`` with an optimizer of ``torch.optim``; rows gathered once per epoch.

    Parameters
    ----------
    optimizer : {"gd", "momentum", "adam"}
    """

    modules = ("torch",)

    def __init__(self, optimizer="momentum"):
        self.optimizer = optimizer
        self.name = f"PyTorch {_method(optimizer)}, eager"

    def prepare(self, X, y, descent):
        import torch

        X, y = torch.from_numpy(X), torch.from_numpy(y)

        def run(epochs):
            model = torch.nn.Linear(X.shape[1], 1, dtype=X.dtype)
            for parameter in model.parameters():
                torch.nn.init.zeros_(parameter)
            optimizer = self._optimizer(model.parameters(), descent.learning_rate)
            for epoch in range(epochs):
                optimizer.param_groups[0]["lr"] = descent.rate(epoch)
                for rows, targets in _batches(X, y, epoch, descent.batch_size):
                    optimizer.zero_grad()
                    ((model(rows)[:, 0] - targets).square().mean() / 2).backward()
                    optimizer.step()
            return model.weight.detach().numpy()[0], model.bias.item()

        return run

    def _optimizer(self, parameters, rate):
        import torch

        if self.optimizer == "adam":
            return torch.optim.Adam(parameters, lr=rate)
        momentum = MOMENTUM if self.optimizer == "momentum" else 0.0
        return torch.optim.SGD(parameters, lr=rate, momentum=momentum)


class CompiledPyTorchLoop(Peer):
    """Gradient and step as one function under ``torch.compile``; compiling is not timed.

    The rules are written out, for compiling the methods of a module and of ``torch.optim`` makes
    a loop of such small updates slower than it is uncompiled.

    Parameters
    ----------
    optimizer : {"gd", "momentum", "adam"}
    """

    modules = ("torch",)

    def __init__(self, optimizer="momentum"):
        self.optimizer = optimizer
        self.name = f"PyTorch {_method(optimizer)}, compiled"

    def prepare(self, X, y, descent):
        import torch

        A = torch.from_numpy(np.column_stack([X, np.ones(len(y), dtype=X.dtype)]))
        y = torch.from_numpy(y)
        torch._dynamo.reset()  # else each further loop counts as a recompilation of the first
        update = torch.compile(_update(self.optimizer), dynamic=False)

        def run(epochs):
            w = torch.zeros(A.shape[1], dtype=A.dtype)
            memory = (torch.zeros_like(w), torch.zeros_like(w), torch.zeros((), dtype=A.dtype))
            for epoch in range(epochs):
                rate = torch.tensor(descent.rate(epoch), dtype=A.dtype)
                for rows, targets in _batches(A, y, epoch, descent.batch_size):
                    w, memory = update(w, memory, rows, targets, rate)
            return w.numpy()[:-1], w[-1].item()

        return run


def _method(optimizer):
    return "Adam" if optimizer == "adam" else "SGD"


def _batches(X, y, epoch, size):
    """Pairs of rows and targets, shuffled."""
    import torch

    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(epoch))
    return zip(X[order].split(size), y[order].split(size), strict=True)


def _update(optimizer):
    """A function from parameters, memory and batch to parameters and memory."""
    import torch

    gradient = torch.func.grad(lambda w, rows, targets: (rows @ w - targets).square().mean() / 2)

    def sgd(w, memory, rows, targets, rate):
        v, n, t = memory
        v = (MOMENTUM if optimizer == "momentum" else 0.0) * v + gradient(w, rows, targets)
        return w - rate * v, (v, n, t)

    def adam(w, memory, rows, targets, rate):
        v, n, t = memory
        g = gradient(w, rows, targets)
        t, v, n = t + 1, BETA_1 * v + (1 - BETA_1) * g, BETA_2 * n + (1 - BETA_2) * g * g
        first, second = v / (1 - BETA_1**t), n / (1 - BETA_2**t)
        return w - rate * first / (second.sqrt() + EPSILON), (v, n, t)

    return adam if optimizer == "adam" else sgd
