"""The kernel, the independent formula and the place in the docs of each registered component.

What a component lacks is listed in the summary of a run; the tests that need it leave it out.
"""

import reference
from pages import API, GUIDE
from twins import PENALISED

from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES
from gdregress.samplers import SAMPLERS
from gdregress.schedules import SCHEDULES

REGISTRIES = {
    "loss": LOSSES,
    "loss of labels": CLASSIFICATION_LOSSES,
    "optimizer": OPTIMIZERS,
    "penalty": PENALTIES,
    "schedule": SCHEDULES,
    "sampler": SAMPLERS,
}
FORMULAS = {
    "loss": reference.LOSSES.keys() & reference.SLOPES,
    "loss of labels": reference.CLASSIFICATION_LOSSES.keys() & reference.CLASSIFICATION_SLOPES,
    "optimizer": reference.STEPS.keys(),
    "penalty": PENALISED.keys(),
}
# The optimizers that every solver takes; variance reduction is for batches.
OVER_ALL_ROWS = {name: rule for name, rule in OPTIMIZERS.items() if not rule.variance_reduced}


def with_kernel(registry):
    """Names of the losses, optimizers or penalties that the compiled core has."""
    return [name for name, component in registry.items() if has_kernel(component())]


def has_kernel(component):
    return getattr(component, "kernel_terms", getattr(component, "kernel", None)) is not None


def with_formula(registry):
    """Names of the components whose formulas are written again in the tests."""
    kind = next(kind for kind in FORMULAS if REGISTRIES[kind] is registry)
    return [name for name in registry if name in FORMULAS[kind]]


def with_both(registry):
    formulas = with_formula(registry)
    return [name for name in with_kernel(registry) if name in formulas]


def lacking():
    """For each thing that components should have, those without it, as text."""
    missing = {
        "a kernel": [],
        "an independent formula": [],
        "a name in the guide": [],
        "an entry in the API": [],
    }
    for kind, registry in REGISTRIES.items():
        has = {"a name in the guide": [n for n in registry if n is None or f'`"{n}"`' in GUIDE]}
        has["an entry in the API"] = [n for n, cls in registry.items() if cls.__name__ in API]
        if kind in FORMULAS:
            has["an independent formula"] = with_formula(registry)
            has["a kernel"] = with_kernel(registry)
        for thing, names in has.items():
            missing[thing] += [f"{kind} {name!r}" for name in registry if name not in names]
    return {thing: components for thing, components in missing.items() if components}
