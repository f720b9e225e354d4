"""A plugin for a run with more registered components: selects the tests that they may change.

``pytest -p new_components`` with their names and classes in the variable NEW_COMPONENTS. Kept are
the tests that are parametrized by one of them, and those that read a registry without being
parametrized by any component. All others are the same with the components and without.
"""

import inspect
import os
import re

REGISTRIES = r"\b([A-Z_]*LOSSES|OPTIMIZERS|PENALTIES|SCHEDULES|SAMPLERS|REGISTRIES|FORMULAS)\b"
READS_A_REGISTRY = re.compile(
    rf"{REGISTRIES}|\b(lacking|with_kernel|with_formula|with_both|covering_choices)\("
)


def pytest_collection_modifyitems(config, items):
    from components import REGISTRIES as registries

    new = os.environ["NEW_COMPONENTS"].split()
    known = {name for registry in registries.values() for name in registry if name}
    known |= {cls.__name__ for registry in registries.values() for cls in registry.values()}
    kept = [item for item in items if _concerns(item, new, known)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _concerns(item, new, known):
    given = ""
    if hasattr(item, "callspec"):
        given = f"{item.callspec.id} {item.callspec.params!r}"
    if any(word in given for word in new):
        return True
    function = getattr(item, "function", None)
    by_others = any(re.search(rf"\b{re.escape(word)}\b", given) for word in known)
    return function is not None and not by_others and _reads_a_registry(function)


def _reads_a_registry(function):
    return READS_A_REGISTRY.search(inspect.getsource(function)) is not None
