"""Blocks of rows on the workers of a cluster, and sums over them.

Where a block lies, when it is computed again and on which worker a task runs is Dask's business.
Each sum takes one task per worker, over the blocks that lie there; what the tasks answer is as
small as the parameters, however many rows there are, and is added up in the order of the blocks.
"""

from functools import reduce

from gdregress._core.threads import threads_limited
from gdregress._objective.partitions import Partitions, added
from gdregress.dask._errors import clear_errors, partition
from gdregress.dask._library import library

# Answers that are combined in one task, or by the client.
FAN_IN = 16


class DaskPartitions(Partitions):
    """Blocks that are futures of a cluster, None where there are no rows.

    Parameters
    ----------
    client : distributed.Client
    blocks : dict of int to distributed.Future
        By the number of the partition: `Block`, or what a function of the blocks takes.
    updates_per_round : int or None
        As of `Partitions`.
    """

    def __init__(self, client, blocks, updates_per_round=None):
        self.client = client
        self.blocks = blocks
        self.updates_per_round = updates_per_round

    @property
    def n_blocks(self):
        """How many there are."""
        return len(self.blocks)

    def reduce(self, function, *args, combine=added):
        """As of `Partitions`; the blocks of a worker are combined before they meet the others."""
        with clear_errors(self.client):
            answers = [
                self.client.submit(
                    _combined_blocks,
                    function,
                    combine,
                    numbers,
                    [self.blocks[number] for number in numbers],
                    args,
                    workers=worker,
                    allow_other_workers=True,
                    pure=False,
                )
                for worker, numbers in self._by_worker()
            ]
            try:
                return self._combined(answers, combine)
            except KeyboardInterrupt:
                self.client.cancel(answers)
                raise

    def _by_worker(self):
        """Workers and the numbers of the blocks there, in the order of the first of them."""
        library("distributed").wait(list(self.blocks.values()))  # some may be computed again
        places = self.client.who_has(list(self.blocks.values()))
        found = {}
        for number, block in self.blocks.items():
            workers = places.get(block.key) or (None,)
            worker = min(workers, key=lambda worker: len(found.get(worker, ())))
            found.setdefault(worker, []).append(number)
        return list(found.items())

    def _combined(self, answers, combine):
        """All answers as one; those of many workers are combined in rounds on the cluster."""
        while len(answers) > FAN_IN:
            groups = [answers[i : i + FAN_IN] for i in range(0, len(answers), FAN_IN)]
            answers = [self.client.submit(_one, combine, some, pure=False) for some in groups]
        return _one(combine, self.client.gather(answers))


def _combined_blocks(function, combine, numbers, blocks, args):
    """The answers of some blocks as one, on the threads of the worker."""
    worker = library("distributed").get_worker()
    answers = []
    with threads_limited(worker.state.nthreads):
        for number, block in zip(numbers, blocks, strict=True):
            with partition(number):
                answers.append(None if block is None else function(block, *args))
    return _one(combine, answers)


def _one(combine, answers):
    """Answers combined in their order; None where there are none."""
    answers = [answer for answer in answers if answer is not None]
    return reduce(combine, answers) if answers else None
