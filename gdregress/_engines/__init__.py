"""Engines run the epochs: the plain one defines them, the others are faster.

`Envelope`, `ConjugateGradients`, `WorkingSets`, `Newton` and `BlocksAtOnce` take other steps to
the same minimum; all others give the numbers of `Plain`.

A new engine is a file with a subclass of `Engine` and an entry in `ENGINES`. A pace runs the
epochs of an engine and changes when they are measured, but none of their numbers: it wraps the
engines whose fact of the name ``wraps`` is true. A new pace is an entry in `PACES`.
"""

from gdregress._engines.ahead import Ahead
from gdregress._engines.blocks_at_once import BlocksAtOnce
from gdregress._engines.by_blocks import ByBlocks
from gdregress._engines.compiled import Compiled
from gdregress._engines.conjugate import ConjugateGradients
from gdregress._engines.envelope import Envelope
from gdregress._engines.jitted import Jitted
from gdregress._engines.moments import Moments
from gdregress._engines.newton import Newton
from gdregress._engines.overlapped import Overlapped
from gdregress._engines.plain import Plain
from gdregress._engines.working_sets import WorkingSets

ENGINES = (
    Envelope,
    ConjugateGradients,
    WorkingSets,
    Newton,
    Moments,
    ByBlocks,
    BlocksAtOnce,
    Compiled,
    Jitted,
    Plain,
)  # the fastest first
PACES = (Overlapped, Ahead)


def choose_engine(run, state, meter):
    """Return the fastest engine that supports a run, wrapped in the first pace that suits both."""
    of_method = (engine for engine in ENGINES if engine.method == run.method)
    engine = next(engine for engine in of_method if engine.supports(run, state))(run, meter)
    for pace in PACES:
        if getattr(engine, pace.wraps) and pace.supports(run, state):
            return pace(engine)
    return engine
