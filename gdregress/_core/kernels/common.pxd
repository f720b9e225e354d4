cdef double clip(double value, double bound) noexcept nogil
cdef double sign(double value) noexcept nogil
