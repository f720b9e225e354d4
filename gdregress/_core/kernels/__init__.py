"""The kernels: Python files, all of which are compiled into one module.

Two modules hold all of them: `compiled`, where the package was built with a C compiler, and
`interpreted`, the same code run by Python, which needs the package Cython. Cython inlines
functions within one module only, so the build joins the parts into one (see `_core/build.py`).
A .pxd beside a part holds the C types of its classes and the C loops that it calls.

==================  ==================================================================
``losses``          values and slopes of the losses
``penalty``         one prox for all penalties
``rules``           the optimizers: one gradient becomes one step
``columns``         parameters of centred and scaled columns, rows as they are
``dense_epochs``    stochastic and mini-batch epochs over dense rows
``sparse_epochs``   the same over sparse rows
``snapshot``        slopes and gradient of all rows, which reduce the variance of batches
``steps``           plain descent in other units as single loops, by dense rows
``lazy_descent``    the same over sparse rows in time proportional to the nonzeros
``lazy_momentum``   momentum over sparse rows in time proportional to the nonzeros
``quadratic``       batch epochs where the objective is quadratic
``coordinate_descent``  a quadratic function plus an l1 norm, coefficient by coefficient
``passes``          value and gradient over all rows in one reading; squares of the columns
``moments``         products of the centred columns
``shuffle``         a random order of the rows
``rows``            targets, weights and products of dense rows
``sparse_rows``     products of sparse rows
``common``          the type of an index, functions of one number
==================  ==================================================================
"""
