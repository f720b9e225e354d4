"""
One neuron, three libraries
===========================

The smallest thing that can learn: one neuron with two inputs and a single example to learn from.
It descends three times, with a gradient that we work out ourselves, with one by PyTorch and with
one by JAX, and takes the same steps each time.

Run it with ``python examples/plot_one_neuron.py``. PyTorch and JAX may be missing.
"""

from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np

from gdregress import GDRegressor, minimize
from gdregress.plotting import DescentPathDisplay, LossCurveDisplay

# %%
# A neuron and its loss
# ---------------------
#
# A neuron multiplies each input by a weight, adds the products up and adds a number of its own,
# the bias: ``w1 * x1 + w2 * x2 + b``. That is its prediction. Ours sees the inputs 2 and 2 and
# should say 0.1. The loss says how wrong it is: the error, squared.

x1, x2, y = 2.0, 2.0, 0.1


def predict(neuron):
    w1, w2, b = neuron
    return w1 * x1 + w2 * x2 + b


def loss(neuron):
    return (y - predict(neuron)) ** 2


# %%
# The gradient by hand
# --------------------
#
# The gradient says, for each parameter, how fast the loss grows with it. The error squared grows
# by twice the error, times what the prediction gains: ``x1`` and ``x2`` for the weights, 1 for
# the bias. Descent goes the other way, by the learning rate times the gradient, again and again.


def gradient(neuron):
    slope = 2 * (predict(neuron) - y)
    return [slope * x1, slope * x2, slope]


start = [0.1, 0.01, 0.0]  # w1, w2, b
options = {"learning_rate": 0.1, "max_iter": 100, "tol": None}  # None: all 100 steps
by_hand = minimize(loss, start, jac=gradient, **options)

predictions = [predict(neuron) for neuron in by_hand.path]
print("predictions:", *[f"{each:.10g}" for each in predictions[:6]], "...")
print("losses:     ", *[f"{each:.10g}" for each in by_hand.history["objective"][:4]], "...")

# %%
# The first prediction, 0.22, is too high; the second, 0.004, too low. The steps are longer than
# they need to be, and each lands on the other side, at 0.8 times the distance. The picture shows
# the loss as a function of the prediction, and where the first 25 steps have led.

DescentPathDisplay.from_function(
    lambda prediction: (prediction - y) ** 2,
    predictions[:26],
    xlabel="prediction",
    ylabel="loss",
)
plt.show()

# %%
# The hundredth prediction, on which the last step is based, is right to ten decimals. The weights
# are not the only ones that would do: one example cannot determine three numbers. Descent finds
# those nearest to its start.

w1, w2, b = by_hand.x
print(f"prediction number 100: {predictions[99]:.13f}")
print(f"weights and bias after 100 steps: {w1:.10f} {w2:.10f} {b:.10f}")

# %%
# The gradient by PyTorch and by JAX
# ----------------------------------
#
# Neither library needs to be told the gradient: they follow the computation of the loss and
# apply the rules of calculus to it, operation by operation. ``jac`` names the library to ask.

descents = {"by hand": by_hand}
if find_spec("torch"):
    descents["PyTorch"] = minimize(loss, start, jac="torch", **options)
else:
    print("PyTorch is not installed: its descents are left out.")
if find_spec("jax"):
    import jax

    jax.config.update("jax_enable_x64", True)  # double precision, as the others have it
    descents["JAX"] = minimize(jax.jit(loss), start, jac="jax", **options)
else:
    print("JAX is not installed: its descent is left out.")

for name, result in descents.items():
    same = [predict(neuron) for neuron in result.path]
    difference = np.max(np.abs(np.subtract(same, predictions)))
    print(f"{name:<8} largest difference from the predictions by hand: {difference:.2g}")

# %%
# A smaller loss is another descent
# ---------------------------------
#
# Some write the loss divided by the number of inputs, here two. The best parameters are the
# same, but gradient and steps are half as long. At the same learning rate that happens to be
# just what this neuron needs: each step leaves a tenth of the error, a hundredth of the loss.

if find_spec("torch"):
    halved = minimize(lambda neuron: loss(neuron) / 2, start, jac="torch", learning_rate=0.1)
    print("halved:", *[f"{each:.1e}" for each in halved.history["objective"][:4]], "...")
    descents["PyTorch, loss / 2"] = halved

# %%
# The curves of the three libraries lie on each other, drawn from wide to narrow. The fourth falls
# faster, and was allowed to end where the gradient is smaller than 1e-8, the default tolerance.
# What is minimised is called the objective, which here is the loss and nothing else.

widths = {name: {"lw": width} for name, width in zip(descents, (7, 4, 1.5, 1.5), strict=False)}
LossCurveDisplay.from_estimators(descents, x="update", line_kw=widths)
plt.show()

# %%
# The neuron is a linear regression
# ---------------------------------
#
# ``GDRegressor`` is such a neuron for any number of inputs and examples. Its squared error has a
# factor of 1/2, so that it takes twice the learning rate to make the same steps.

model = GDRegressor(optimizer="gd", learning_rate=0.2, max_iter=100, tol=None)
model.fit([[x1, x2]], [y], coef_init=[0.1, 0.01], intercept_init=0.0)
print("GDRegressor:", *[f"{each:.10f}" for each in [*model.coef_, model.intercept_]])
