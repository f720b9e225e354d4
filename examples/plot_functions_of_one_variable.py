"""
Descents on functions of one variable
=====================================

Everything that gradient descent does well, and badly, it already does on a parabola: it walks
downhill, crawls, jumps across the valley, or leaves it for good. What decides is the learning
rate. This lesson watches it from nearby.

Run it with ``python examples/plot_functions_of_one_variable.py``.
"""

import matplotlib.pyplot as plt

from gdregress import minimize
from gdregress.plotting import DescentPathDisplay, LossCurveDisplay

# %%
# Downhill, step by step
# ----------------------
#
# The derivative of a function says how steeply it rises. Gradient descent goes against it,
#
# ``x <- x - learning_rate * derivative(x)``,
#
# so that its steps are long where the function is steep, and short near the bottom. That of
# ``x ** 2`` is ``2 * x``.


def square(x):
    return x**2


def derivative(x):
    return 2 * x


def descend(learning_rate, steps, start, momentum=0.0):
    """A descent on the parabola, of so many steps at most."""
    return minimize(
        square,
        start,
        jac=derivative,
        optimizer="momentum" if momentum else "gd",
        momentum=momentum,
        learning_rate=learning_rate,
        max_iter=steps,
    )


def short(numbers):
    """Numbers to ten decimals, without zeros at the end."""
    return " ".join(f"{round(number, 10):.12g}" for number in numbers)


from_four = descend(learning_rate=0.1, steps=30, start=4.0)
print("x after steps 1, 6, 11, 16, 30:", short(from_four.path[i] for i in (1, 6, 11, 16, 30)))

# %%
# ``path`` holds x at the start and after every step, and ``history`` the function there. The slope
# is the gradient of one variable. Each step is 0.1 times the slope, and takes x to 0.8 times what
# it was.

print(f"{'step':>4}{'x':>16}{'f(x)':>16}{'slope':>16}")
for step in (0, 1, 2, 3, 10, 20, 30):
    x, height = from_four.path[step], from_four.history["objective"][step]
    print(f"{step:>4}{x:>16.10f}{height:>16.10f}{derivative(x):>16.10f}")

# %%
# The slope at a point is that of the tangent, the line that touches the curve there. At 4 it is
# 8: the first step goes 0.1 * 8 to the left. The next tangent is less steep, and the step shorter.

display = DescentPathDisplay.from_function(square, from_four.path[:3], xlim=(0, 5))
for x in from_four.path[:2]:
    slope = derivative(x)
    display.ax_.axline((x, square(x)), slope=slope, color="gray", linestyle="--", linewidth=1)
    display.ax_.text(x + 0.15, square(x) - 1.2, f"slope {slope:g}")
plt.show()

# %%
# On the curve the points crowd towards the bottom: the slope goes out, and with it the steps.

DescentPathDisplay.from_function(square, from_four)
plt.show()

# %%
# What is minimised is the objective, or the cost. Against the count of steps, or updates, it
# seems to have arrived after ten or so. On a logarithmic axis, where equal distances are equal
# factors, it falls on a straight line: every step takes away the same share, 36 %, to the end.
# The legend says why that came: there were to be no more steps than ``max_iter``.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for axis, scale in zip(axes, ("linear", "log"), strict=True):
    LossCurveDisplay.from_estimator(from_four, label="rate 0.1", x="update", scale=scale, ax=axis)
plt.show()

# %%
# From further out nothing changes but the numbers: 50 steps from 10.

from_ten = descend(learning_rate=0.1, steps=50, start=10.0)
print("x after steps 1 to 5:", short(from_ten.path[1:6]))
print(f"x after 50 steps: {from_ten.x:.10e}")

# %%
# Too short, right, too long
# --------------------------
#
# Thirty steps from 4 with three learning rates. With 0.01 they are not enough. With 0.5 the
# first step lands at the bottom: that rate is 1 divided by the second derivative, 2, the best
# there is on a parabola. One seldom knows it.


def at_rates(rates, steps, start):
    """Descents by their learning rate; prints where they end."""
    results = {f"rate {rate}": descend(rate, steps, start) for rate in rates}
    print(f"x after {steps} steps from {start:g}, learning rates", *rates)
    print(*[f"{result.x:.10f}" for result in results.values()])
    return results


DescentPathDisplay.from_function(square, at_rates([0.01, 0.1, 0.5], 30, 4.0), side_by_side=True)
plt.show()

# %%
# With 0.9 every step goes too far and lands on the other side, at 0.8 times the distance. It
# comes down as fast as 0.1 does, after 20 steps to the same ten digits, but it swings.

swinging = at_rates([0.01, 0.1, 0.9], 20, 4.0)
DescentPathDisplay.from_function(square, swinging, side_by_side=True)
plt.show()

# %%
# Diverging
# ---------
#
# Above 1 the steps land further out than they began, and the descent runs away: 1 is the largest
# stable learning rate here, 2 divided by the second derivative. With 1.1 it is at 383 after 20
# steps from 10, and ``minimize`` says what is wrong.

rates = at_rates([0.01, 0.1, 0.5, 0.9, 1.1], 20, 10.0)
print(rates["rate 1.1"].message)

DescentPathDisplay.from_function(square, rates, side_by_side=True)
plt.show()

# %%
# On the logarithmic axis their costs are straight lines. That of 0.01 is almost flat, 0.1 and 0.9
# fall on the same one, 1.1 rises; 0.5 drops to zero at once, which is below any such axis.

LossCurveDisplay.from_estimators(rates, x="update", scale="log")
plt.show()

# %%
# A minimum elsewhere
# -------------------
#
# The bottom need not be at zero, nor zero high. ``(x - 3) ** 2 + 1`` is least at 3, where it is
# 1. Every fifth x of thirty steps from 10:


def shifted(x):
    return (x - 3) ** 2 + 1


result = minimize(shifted, 10.0, jac=lambda x: 2 * (x - 3), learning_rate=0.1, max_iter=30)
print(short(result.path[::5]))

DescentPathDisplay.from_function(shifted, result)
plt.show()

# %%
# Its cost flattens out at 1, which no learning rate can change. What is left to gain shows when
# the least value is taken off, the gap.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
LossCurveDisplay.from_estimator(result, label="cost", x="update", scale="linear", ax=axes[0])
LossCurveDisplay.from_estimator(result, label="gap", x="update", y="gap", best=1.0, ax=axes[1])
plt.show()

# %%
# Momentum
# --------
#
# A ball that rolls downhill keeps its velocity. With momentum every step keeps 0.9 of the last
# one and adds what descent would have done:
#
# ``v <- 0.9 * v - learning_rate * derivative(x)``, ``x <- x + v``.
#
# On a parabola that is no help. The ball shoots past the bottom, swings back, and is at -3.49
# after 20 steps, where the plain descent is at 0.115. Momentum is for valleys that are steep
# across and flat along, where plain descent has to creep.

balls = {
    "plain": descend(learning_rate=0.1, steps=20, start=10.0),
    "momentum 0.9": descend(learning_rate=0.1, steps=20, start=10.0, momentum=0.9),
}
print(*[f"{result.x:.10f}" for result in balls.values()])

display = DescentPathDisplay.from_function(square, balls, side_by_side=True)
plt.show()

# %%
# The same in motion:

animation = display.animate(side_by_side=True, interval=200)
plt.show()
