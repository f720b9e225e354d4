/* The loops over the nonzeros of a sparse row, for every type of number and index.
 *
 * Arrays of parameters fit into the cache and rows do not: a random row takes longer to arrive
 * from memory than to compute with. While one is multiplied, the row at `next`, a few places on,
 * is therefore prefetched, a cache line at a time: all lines at once would wait for each other.
 */
#ifndef GDREGRESS_SPARSE_H
#define GDREGRESS_SPARSE_H

#include "simd.h"

/* x . w of the row whose m nonzeros begin at `first`, in four sums so that the processor need not
 * wait for each other's; as many nonzeros from `next` on are prefetched unless it is negative */
#define GDREGRESS_SPARSE_DOT(T, I, name)                                                  \
    static inline double sparse_dot_##name(const T *data, const I *indices,               \
                                           ptrdiff_t first, ptrdiff_t m,                  \
                                           const double *w, ptrdiff_t next)               \
    {                                                                                     \
        const T *x = data + first, *next_x = data + next;                                 \
        const I *j = indices + first, *next_j = indices + next;                           \
        double a = 0.0, b = 0.0, c = 0.0, d = 0.0;                                        \
        ptrdiff_t e = 0;                                                                  \
        for (; e + 4 <= m; e += 4) {                                                      \
            if (next >= 0 && e % (64 / sizeof(T)) == 0)                                   \
                GDREGRESS_PREFETCH(next_x + e);                                           \
            if (next >= 0 && e % (64 / sizeof(I)) == 0)                                   \
                GDREGRESS_PREFETCH(next_j + e);                                           \
            a += x[e] * w[j[e]];                                                          \
            b += x[e + 1] * w[j[e + 1]];                                                  \
            c += x[e + 2] * w[j[e + 2]];                                                  \
            d += x[e + 3] * w[j[e + 3]];                                                  \
        }                                                                                 \
        if (next >= 0 && m > 0) {                                                         \
            GDREGRESS_PREFETCH(next_x + m - 1);                                           \
            GDREGRESS_PREFETCH(next_j + m - 1);                                           \
        }                                                                                 \
        for (; e < m; e++)                                                                \
            a += x[e] * w[j[e]];                                                          \
        return (a + b) + (c + d);                                                         \
    }

/* w <- w + c x */
#define GDREGRESS_SPARSE_ADD(T, I, name)                                                  \
    static inline void sparse_add_##name(double c, const T *data, const I *indices,       \
                                         ptrdiff_t first, ptrdiff_t m, double *w)         \
    {                                                                                     \
        const T *x = data + first;                                                        \
        const I *j = indices + first;                                                     \
        ptrdiff_t e = 0;                                                                  \
        for (; e + 4 <= m; e += 4) {                                                      \
            w[j[e]] += c * x[e];                                                          \
            w[j[e + 1]] += c * x[e + 1];                                                  \
            w[j[e + 2]] += c * x[e + 2];                                                  \
            w[j[e + 3]] += c * x[e + 3];                                                  \
        }                                                                                 \
        for (; e < m; e++)                                                                \
            w[j[e]] += c * x[e];                                                          \
    }

#define GDREGRESS_SPARSE(T, I, name) \
    GDREGRESS_SPARSE_DOT(T, I, name) \
    GDREGRESS_SPARSE_ADD(T, I, name)

GDREGRESS_SPARSE(double, int, double_int)
GDREGRESS_SPARSE(float, int, float_int)
GDREGRESS_SPARSE(double, long long, double_long)
GDREGRESS_SPARSE(float, long long, float_long)

/* the loop for the types of the data x and the indices j */
#define GDREGRESS_SPARSE_OF(x, j, loop)                                        \
    _Generic((x),                                                              \
        const double *: _Generic((j), const int *: loop##_double_int,          \
                                 const long long *: loop##_double_long),       \
        const float *: _Generic((j), const int *: loop##_float_int,            \
                                const long long *: loop##_float_long))

#define gdregress_sparse_dot(x, j, first, m, w, next) \
    GDREGRESS_SPARSE_OF(x, j, sparse_dot)(x, j, first, m, w, next)
#define gdregress_sparse_add(c, x, j, first, m, w) \
    GDREGRESS_SPARSE_OF(x, j, sparse_add)(c, x, j, first, m, w)

#endif
