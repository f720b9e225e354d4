"""Libraries that learn row by row, called from Python: mlxtend, river and Vowpal Wabbit."""

import numpy as np

from peers.peer import Peer


class Mlxtend(Peer):
    """mlxtend's LinearRegression."""

    name = "mlxtend"
    modules = ("mlxtend",)

    def prepare(self, X, y, descent):
        from mlxtend.regressor import LinearRegression

        settings = {
            "method": "sgd",
            "eta": descent.learning_rate / descent.batch_size,  # it adds the rows of a batch up
            "minibatches": len(y) // descent.batch_size,
            "random_seed": 0,
        }

        def run(epochs):
            model = LinearRegression(**settings, epochs=epochs)
            model.fit(X, y)
            return model.w_[:, 0], model.b_[0]

        return run


class River(Peer):
    """river's LinearRegression; the rows are made dicts beforehand."""

    name = "river"
    modules = ("river",)

    def prepare(self, X, y, descent):
        from river import linear_model, optim

        rows = [dict(enumerate(row)) for row in X.tolist()]
        targets = y.tolist()

        def run(epochs):
            # its squared error is (z - y)^2, twice ours
            rate = descent.learning_rate / 2
            model = linear_model.LinearRegression(optim.SGD(rate), intercept_lr=rate)
            rng = np.random.default_rng(0)
            for _ in range(epochs):
                for i in rng.permutation(len(targets)).tolist():
                    model.learn_one(rows[i], targets[i])
            return np.array([model.weights[j] for j in range(X.shape[1])]), model.intercept

        return run


class VowpalWabbit(Peer):
    """Plain descent of Vowpal Wabbit through its Python package.

    The rows are written as its text format beforehand; parsing it is part of a fit.
    """

    name = "vowpalwabbit"
    modules = ("vowpalwabbit",)

    def prepare(self, X, y, descent):
        from vowpalwabbit import Workspace

        # its squared error is (z - y)^2, twice ours
        rate = descent.learning_rate / 2
        options = f"--sgd --learning_rate {rate} --power_t 0 --no_stdin --quiet"
        lines = [
            f"{target} | " + " ".join(f"{j}:{value}" for j, value in enumerate(row))
            for row, target in zip(X.tolist(), y.tolist(), strict=True)
        ]

        def run(epochs):
            learner = Workspace(options)
            examples = [learner.example(line) for line in lines]
            rng = np.random.default_rng(0)
            for _ in range(epochs):
                for i in rng.permutation(len(examples)).tolist():
                    learner.learn(examples[i])
            coef = np.array([learner.get_weight(j) for j in range(X.shape[1])])
            intercept = learner.get_weight_from_name("Constant")
            learner.finish()
            return coef, intercept

        return run
