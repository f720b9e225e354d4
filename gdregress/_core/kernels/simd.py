"""The instruction set of the loops over rows, see simd.h: which there are, and which is in use."""

import cython


def instruction_sets():
    """Names of those that the processor has and the kernels were compiled for, the least first."""
    names = []
    if cython.compiled:
        for number in range(count_instruction_sets()):
            names.append(instruction_set_name(number).decode())
    return names


def use_instruction_set(name):
    """From now on, in all threads; a name of `instruction_sets`."""
    number: cython.int = instruction_sets().index(name)
    if cython.compiled:
        c_use_instruction_set(number)


def compiler():
    """Name and version of the compiler of the kernels."""
    return COMPILER.decode() if cython.compiled else ""


if cython.compiled:
    c_use_instruction_set(0)
