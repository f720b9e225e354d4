"""The comparisons: one function for each question, which returns the reports that it prints."""

from suites.advice import advice, predictions
from suites.beyond_memory import beyond_memory, beyond_memory_kinks, beyond_memory_shuffled
from suites.classification import class_epoch, logistic, small_classes, softmax
from suites.cluster import cluster_bytes, cluster_overhead, cluster_peers, cluster_workers
from suites.cluster_simulation import cluster_simulation
from suites.curves import curves
from suites.epochs import mini_batch_epoch, single_rows, sparse_epoch, stochastic_epoch
from suites.finishing_epochs import finishing_epochs
from suites.finishing_nist import finishing_nist
from suites.finishing_panel import finishing_optimizers, finishing_panel
from suites.finishing_penalties import finishing_penalties
from suites.finishing_scores import finishing_scores
from suites.finishing_speed import finishing_speed
from suites.flights import example, flights
from suites.functions import functions
from suites.imports import imports
from suites.least_squares import least_squares
from suites.libraries import libraries
from suites.memory import memory
from suites.panel import panel
from suites.paths import paths
from suites.real_classes import real_classes
from suites.robust import huber, quantile
from suites.scaling import scaling
from suites.small import small
from suites.streams import stream_costs, streams

SUITES = {
    function.__name__: function
    for function in (
        least_squares,
        stochastic_epoch,
        sparse_epoch,
        single_rows,
        mini_batch_epoch,
        curves,
        flights,
        example,
        huber,
        quantile,
        small,
        memory,
        beyond_memory,
        beyond_memory_kinks,
        beyond_memory_shuffled,
        imports,
        scaling,
        class_epoch,
        logistic,
        softmax,
        small_classes,
        real_classes,
        functions,
        libraries,
        panel,
        finishing_panel,
        finishing_optimizers,
        finishing_penalties,
        finishing_nist,
        finishing_epochs,
        finishing_scores,
        finishing_speed,
        advice,
        predictions,
        streams,
        stream_costs,
        paths,
        cluster_workers,
        cluster_bytes,
        cluster_peers,
        cluster_overhead,
        cluster_simulation,
    )
}
GROUPS = {
    group: [name for name in SUITES if name.startswith(group)]
    for group in ("finishing", "cluster")
}
