"""The instruction set of the kernels: the largest that the processor has, unless it is limited."""

import os

# The environment variable that limits it, read when the package is imported, and what it takes.
LIMIT = "GDREGRESS_MAX_CPU_ISA"
INSTRUCTION_SETS = ("baseline", "avx2", "avx512")


def choose_instruction_set(kernels):
    """Have the kernels use the largest instruction set within the limit, and return its name."""
    limit = os.environ.get(LIMIT) or INSTRUCTION_SETS[-1]
    if limit not in INSTRUCTION_SETS:
        raise ValueError(
            f"The environment variable {LIMIT} must be one of {', '.join(INSTRUCTION_SETS)}, "
            f"or unset. Got {limit!r} instead."
        )
    allowed = INSTRUCTION_SETS[: INSTRUCTION_SETS.index(limit) + 1]
    name = [name for name in kernels.instruction_sets() if name in allowed][-1]
    kernels.use_instruction_set(name)
    return name
