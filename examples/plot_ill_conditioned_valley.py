"""
Five optimizers in an ill-conditioned valley
============================================

Gradient descent suffers where a valley is long and narrow: the walls allow short steps only, and
the way along the floor is far. Momentum, Nesterov's momentum, RMSprop and Adam were invented for
such places. This lesson puts all of them into the same valley, and then turns the valley, after
which two of them are not what they were.
"""

import matplotlib.pyplot as plt
import numpy as np

from gdregress import minimize
from gdregress.plotting import LossCurveDisplay, LossSurfaceDisplay
from gdregress.schedules import Exponential

# %%
# A valley of any shape
# ---------------------
#
# A function of two variables::
#
#     f = (a^2 + k b^2) / 2
#
# where a is the position along the floor of the valley and b the position across it. Across, the
# slope changes k times as fast as along: k is the *condition number*, the largest curvature
# divided by the smallest. With k = 1 the valley is a round bowl, with k = 200 a gorge. The floor
# may run at any angle to the axes, and every descent starts 10 from the minimum along the floor
# and 2 up the wall.


class Valley:
    def __init__(self, condition, degrees=0):
        turn = np.deg2rad(degrees)
        self.along = np.array([np.cos(turn), np.sin(turn)])
        self.across = np.array([-np.sin(turn), np.cos(turn)])
        self.condition = condition
        self.start = -10 * self.along + 2 * self.across

    def __call__(self, v):
        return ((v @ self.along) ** 2 + self.condition * (v @ self.across) ** 2) / 2

    def gradient(self, v):
        return (v @ self.along) * self.along + self.condition * (v @ self.across) * self.across


# %%
# Five ways down
# --------------
#
# Plain descent ("gd") steps along the gradient,
#
# .. math:: w \leftarrow w - \eta \nabla f(w).
#
# Momentum adds a share of the step before, as a heavy ball would, and Nesterov's version looks at
# the gradient where the ball is about to roll:
#
# .. math:: v \leftarrow \mu v - \eta \nabla f(w), \quad w \leftarrow w + v
#
# .. math:: v \leftarrow \mu v - \eta \nabla f(w + \mu v), \quad w \leftarrow w + v
#
# For these three the best learning rate for such a valley is known, and so is the best momentum.
#
# RMSprop and Adam divide the gradient g, coordinate by coordinate, by its recent size. RMSprop:
#
# .. math:: s \leftarrow \rho s + (1 - \rho) g^2, \quad
#    w \leftarrow w - \frac{\eta g}{\sqrt{s} + \epsilon}
#
# Adam:
#
# .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
#    s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \quad
#    w \leftarrow w - \frac{\eta \hat{m}}{\sqrt{\hat{s}} + \epsilon}
#
# where the hats correct m and s for their start at zero. So each
# coordinate moves by about the learning rate, however steep its slope. Such steps do not get
# shorter by themselves where the slope does, and RMSprop would dance around the minimum for ever:
# here a schedule makes each of its steps 5 % shorter than the one before. Adam is RMSprop with a
# momentum, whose swings die out.


def settings(condition):
    root = np.sqrt(condition)
    share = (root - 1) / (root + 1)
    fading = Exponential(decay=0.95)
    return {
        "gd": {"optimizer": "gd", "learning_rate": 2 / (1 + condition)},
        "momentum": {
            "optimizer": "momentum",
            "learning_rate": 4 / (1 + root) ** 2,
            "momentum": share**2,
        },
        "Nesterov": {"optimizer": "nesterov", "learning_rate": 1 / condition, "momentum": share},
        "RMSprop": {"optimizer": "rmsprop", "learning_rate": 1.0, "schedule": fading},
        "Adam": {"optimizer": "adam", "learning_rate": 0.5},
    }


def race(valley, **options):
    """What `minimize` returns for every optimizer; ``path`` is where each step led."""
    given = {"jac": valley.gradient, "max_iter": 1000, **options}
    each = settings(valley.condition).items()
    return {name: minimize(valley, valley.start, **given, **setting) for name, setting in each}


def draw(valley, results, **limits):
    """A map for each optimizer, all of the same window."""
    LossSurfaceDisplay.from_function(valley, path=results, side_by_side=True, grid=60, **limits)


# %%
# With a condition number of 20, plain descent bounces between the walls while it creeps forward.
# Momentum swings as well, but gathers speed along the floor, where all of its steps agree, and
# Nesterov is down from the wall with its first step. RMSprop and Adam do not feel how steep the
# walls are: both coordinates move by the same amount at first, so that they set off at 45 degrees.

straight = Valley(condition=20)
results = race(straight, max_iter=150, tol=1e-3)
draw(straight, results, xlim=(-11, 5), ylim=(-9, 5))
plt.show()

# %%
# How fast are they? Here is f by the number of steps, until the gradient is below 0.001; Adam has
# not come that far when its 150 steps are over.

LossCurveDisplay.from_estimators(results)
plt.show()

# %%
# What the condition number costs
# -------------------------------
#
# The same race in valleys that are more and more narrow: how many steps does each optimizer need
# to come within 0.01 of the minimum, and to stay there?


def steps_needed(result):
    far = np.flatnonzero(np.linalg.norm(result.path, axis=1) > 0.01)[-1] + 1
    return far if far < len(result.path) else "never"


def print_table(degrees):
    print(f"{'condition number':<18}" + "".join(f"{name:>10}" for name in settings(1)))
    for condition in (2, 20, 200):
        results = race(Valley(condition, degrees), tol=1e-5).values()
        print(f"{condition:<18}" + "".join(f"{steps_needed(each):>10}" for each in results))


print_table(degrees=0)

# %%
# Ten times the condition number costs plain descent ten times the steps, but momentum only three
# to four and a half times: the more there are, the closer to the square root of ten, 3.2. RMSprop
# and Adam do not notice at all: for whoever divides every coordinate by the size of its gradient,
# the gorge is a bowl.
#
# Turn the valley
# ---------------
#
# That works where the valley lies along the axes. Let its floor run between them, at 45 degrees:

print_table(degrees=45)

# %%
# The first three columns are the same: plain descent and momentum know no axes. RMSprop and Adam
# do. The wall is now steep in either coordinate, dividing by its steepness shortens the steps
# along the floor as well, and in the narrowest valley RMSprop's steps have faded before it
# arrives. Without the fading it would not have come to rest in any of them.
#
# In the turned valley of condition number 20 both cross the floor, run into the opposite wall, and
# then follow the floor down.

turned = Valley(condition=20, degrees=45)
draw(turned, race(turned, max_iter=150, tol=1e-3), xlim=(-11, 3), ylim=(-10, 3))
plt.show()

# %%
# Where such valleys come from
# ----------------------------
#
# In a regression the condition number is that of the columns of X. Columns in different units,
# metres beside millimetres, make a valley along the axes: adaptive optimizers do not mind it, and
# scaling removes it, which ``GDRegressor`` does inside. Columns that say almost the same make a
# turned valley, which no scaling of columns removes. That is what a memory of past steps is for,
# and why the default over all rows has one. Where even that would take too many epochs,
# ``preconditioner="auto"`` turns the valley into a bowl.
