"""Blocks of rows on the workers of a cluster, and sums over them.

Where a block lies, when it is computed again and on which worker a task runs is Dask's business.
Each sum takes one task per worker, over the blocks that lie there; what the tasks answer is as
small as the parameters, however many rows there are, and is added up in a fixed order.
"""

from uuid import uuid4

from gdregress._core.threads import threads_limited
from gdregress._objective.partitions import Partitions, added
from gdregress._utils.validation import naming
from gdregress.dask._errors import clear_errors
from gdregress.dask._library import library
from gdregress.dask._tree import combined, root

# Answers that are combined in one task, or by the client.
FAN_IN = 16


class DaskPartitions(Partitions):
    """Blocks that are futures of a cluster.

    Parameters
    ----------
    client : distributed.Client
    blocks : list of distributed.Future
        To each a `Block`, or None where a partition has no rows; what a function of `reduce` is
        handed.
    updates_per_round : int or None
        As of `Partitions`.
    """

    def __init__(self, client, blocks, updates_per_round=None):
        self.client = client
        self.blocks = blocks
        self.updates_per_round = updates_per_round
        self._last = None

    @property
    def n_blocks(self):
        """How many there are."""
        return len(self.blocks)

    def reduce(self, function, *args, combine=added):
        """As of `Partitions`; the blocks of a worker are combined before they meet the others."""
        with clear_errors(self.client):
            answers = [
                self._submitted(function, combine, worker, numbers, args)
                for worker, numbers in self._by_worker()
            ]
            # what a client sends within 10 ms of its last message waits for these to be over: the
            # last answers are released when the next ones have been asked for
            self._last = answers
            try:
                return self._combined(answers, combine)
            except KeyboardInterrupt:
                self.client.cancel(answers)
                raise

    def _by_worker(self):
        """Workers and the numbers of the blocks there, in the order of the first of them."""
        with self.client.as_current():
            library("distributed").wait(self.blocks)  # some may be computed again
        for number, block in enumerate(self.blocks):
            if block.status == "error":
                error = block.exception()
                error.add_note(f"It was raised while partition {number} was computed.")
                raise error
        places, found = self.client.who_has(self.blocks), {}
        for number, block in enumerate(self.blocks):
            workers = places.get(block.key) or (None,)
            worker = min(workers, key=lambda worker: len(found.get(worker, ())))
            found.setdefault(worker, []).append(number)
        return list(found.items())

    def _submitted(self, function, combine, worker, numbers, args):
        """The answer to come of some blocks; from elsewhere, should their worker have gone."""
        blocks = [self.blocks[number] for number in numbers]
        where = {} if worker is None else {"workers": worker, "allow_other_workers": True}
        key = f"{function.__name__.strip('_')}-{uuid4().hex}"
        task = function, combine, len(self.blocks), numbers, blocks, args
        return self.client.submit(_combined_blocks, *task, key=key, **where)

    def _combined(self, answers, combine):
        """The answer of all; those of many workers are combined in rounds on the cluster."""
        count = len(self.blocks)
        while len(answers) > FAN_IN:
            groups = [answers[i : i + FAN_IN] for i in range(0, len(answers), FAN_IN)]
            answers = [
                self.client.submit(_merged, combine, count, some, pure=False) for some in groups
            ]
        return _merged(combine, count, self.client.gather(answers))[root(count)]


def _combined_blocks(function, combine, count, numbers, blocks, args):
    """The answers of some blocks, on the threads of the worker."""
    answers, worker = {}, library("distributed").get_worker()
    with threads_limited(worker.state.nthreads):
        for number, block in zip(numbers, blocks, strict=True):
            with naming(f"Partition {number}"):
                answers[0, number] = None if block is None else function(block, *args)
    return combined(combine, count, answers)


def _merged(combine, count, answers):
    """The answers of several workers as those of one."""
    return combined(combine, count, {k: v for found in answers for k, v in found.items()})
