"""All kernels as plain Python: slow, and the reference of the compiled ones."""

from gdregress._core.kernels.columns import *
from gdregress._core.kernels.common import *
from gdregress._core.kernels.coordinate_descent import *
from gdregress._core.kernels.dense_epochs import *
from gdregress._core.kernels.lazy_descent import *
from gdregress._core.kernels.lazy_momentum import *
from gdregress._core.kernels.losses import *
from gdregress._core.kernels.moments import *
from gdregress._core.kernels.passes import *
from gdregress._core.kernels.penalty import *
from gdregress._core.kernels.quadratic import *
from gdregress._core.kernels.rules import *
from gdregress._core.kernels.shuffle import *
from gdregress._core.kernels.simd import *
from gdregress._core.kernels.snapshot import *
from gdregress._core.kernels.sparse_epochs import *
from gdregress._core.kernels.steps import *
from gdregress._core.kernels.stream_rows import *
