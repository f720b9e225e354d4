"""Sums in a fixed order, whoever adds up what: pairs of neighbours, pairs of those, and so on.

Sums of floating-point numbers depend on their order in the last bits. Here it is that of a binary
tree over the blocks. Who holds the blocks 4 and 5 adds them up, who holds 4 to 7 two such sums;
what has no neighbour there stays by itself until it meets it elsewhere. The result is the same to
the bit on any number of workers, wherever the blocks lie.
"""


def combined(combine, count, answers):
    """Answers of nodes, combined as far as both of a pair are there.

    Parameters
    ----------
    combine : callable
        From the answers of two neighbours, in their order, to one.
    count : int
        Number of blocks, the leaves of the tree.
    answers : dict of tuple of int to object
        By level and number of the node; (0, i) is block i. None where there is nothing.

    Returns
    -------
    answers : dict
        Of fewer nodes; that of all blocks alone is the `root`.
    """
    found = {}
    for node, answer in sorted(answers.items(), key=lambda item: item[0]):
        while node != root(count):
            level, number = node
            neighbour = (level, number ^ 1)
            if (number ^ 1) << level < count:
                if neighbour not in found:
                    break
                pair = [found.pop(neighbour), answer]
                answer = _both(combine, *(pair if number & 1 else reversed(pair)))
            node = (level + 1, number >> 1)
        found[node] = answer
    return found


def root(count):
    """The node of all blocks."""
    return ((count - 1).bit_length(), 0)


def _both(combine, one, other):
    if one is None or other is None:
        return other if one is None else one
    return combine(one, other)
