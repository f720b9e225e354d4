"""The order of the rows: `shuffle` fills in a random permutation.

Letters
-------
n  number of rows
i  place in the order, or in the stream of random bits
z  64 bits that are mixed
"""

import cython

# Constants of the splitmix64 generator, see `random_bits`.
ALL_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
FIRST_MIX = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
SECOND_MIX = cython.declare(cython.ulonglong, 0x94D049BB133111EB)


def shuffle(order: cython.int[::1], ends: cython.longlong[::1], seed: cython.ulonglong):
    """Fill `order` with a random permutation: rows dealt to piles, each shuffled on its own.

    Every permutation is equally likely, as a random pile and a random place in it are a random
    place (Rao, "Generation of random permutations of given number of elements using random
    sampling numbers", 1961). A pile fits into the cache; the order of all rows does not.
    `ends` holds one zero more than there are piles, 256.
    """
    n: cython.Py_ssize_t = order.shape[0]
    i: cython.Py_ssize_t
    pile: cython.Py_ssize_t
    other: cython.Py_ssize_t
    first: cython.Py_ssize_t = 0
    row: cython.int
    with cython.nogil:
        for i in range(n):
            ends[1 + (random_bits(seed, i) >> 56)] += 1
        for pile in range(256):
            ends[pile + 1] += ends[pile]
        for i in range(n):
            pile = random_bits(seed, i) >> 56
            order[ends[pile]] = i
            ends[pile] += 1
        for pile in range(256):
            for i in range(ends[pile] - 1, first, -1):
                other = first + random_below(i - first + 1, seed, n + i)
                row = order[i]
                order[i] = order[other]
                order[other] = row
            first = ends[pile]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def random_bits(seed: cython.ulonglong, i: cython.ulonglong) -> cython.ulonglong:
    """Number i of a stream of 64 random bits each.

    The splitmix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", 2014, figure 13), entered at any place.
    """
    z: cython.ulonglong = (seed + (i + 1) * GOLDEN) & ALL_BITS
    z = ((z ^ (z >> 30)) * FIRST_MIX) & ALL_BITS
    z = ((z ^ (z >> 27)) * SECOND_MIX) & ALL_BITS
    return z ^ (z >> 31)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def random_below(
    bound: cython.Py_ssize_t, seed: cython.ulonglong, i: cython.ulonglong
) -> cython.Py_ssize_t:
    """A random integer in [0, bound) for a bound below 2^24, uniform to bound 2^-40."""
    bits: cython.ulonglong = random_bits(seed, i) >> 24
    return cython.cast(cython.Py_ssize_t, (bits * bound) >> 40)
