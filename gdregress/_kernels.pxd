# What only the compiled form of _kernels.py has: a hint to the processor's cache.
cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define GDREGRESS_PREFETCH(address) __builtin_prefetch(address)
    #else
    #define GDREGRESS_PREFETCH(address) ((void) (address))
    #endif
    static inline void prefetch_row(const void *row, size_t bytes) {
        size_t offset;
        /* later lines of a long row are fetched ahead by the hardware itself */
        if (bytes > 1024) bytes = 1024;
        for (offset = 0; offset < bytes; offset += 64)
            GDREGRESS_PREFETCH((const char *) row + offset);
    }
    """
    void prefetch_row(const void *row, size_t bytes) noexcept nogil
