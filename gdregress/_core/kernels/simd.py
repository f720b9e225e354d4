"""The instruction sets that the loops over rows are compiled for, see simd.h; one is in use."""

import cython


def instruction_sets():
    """Names of the compiled instruction sets that the processor has, the oldest first."""
    names = []
    if cython.compiled:
        for number in range(count_instruction_sets()):
            names.append(instruction_set_name(number).decode())
    return names


def use_instruction_set(name):
    """Use one of `instruction_sets` from now on, in all threads."""
    number: cython.int = instruction_sets().index(name)
    if cython.compiled:
        c_use_instruction_set(number)


def compiler():
    """Name and version of the compiler of the kernels."""
    return COMPILER.decode() if cython.compiled else ""


if cython.compiled:
    c_use_instruction_set(0)
