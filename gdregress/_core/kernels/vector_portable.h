/* The loops of vector.h in plain C, which other compilers vectorise as far as they can. */
#ifndef GDREGRESS_VECTOR_PORTABLE_H
#define GDREGRESS_VECTOR_PORTABLE_H

#include <stddef.h>

#define GDREGRESS_CLONES

#define GDREGRESS_DOT(T)                                                     \
    static double dot_##T(const T *x, const double *w, ptrdiff_t p,          \
                          const T *next)                                     \
    {                                                                        \
        (void) next;                                                         \
        double a = 0.0, b = 0.0;                                             \
        ptrdiff_t j = 0;                                                     \
        for (; j + 2 <= p; j += 2) {                                         \
            a += x[j] * w[j];                                                \
            b += x[j + 1] * w[j + 1];                                        \
        }                                                                    \
        return a + b + (j < p ? x[j] * w[j] : 0.0);                          \
    }

#define GDREGRESS_DOT_CENTRED(T)                                             \
    static double dot_centred_##T(const T *x, const double *mean,            \
                                  const double *w, ptrdiff_t p,              \
                                  const T *next)                             \
    {                                                                        \
        double a = 0.0, b = 0.0;                                             \
        ptrdiff_t j = 0;                                                     \
        (void) next;                                                         \
        for (; j + 2 <= p; j += 2) {                                         \
            a += (x[j] - mean[j]) * w[j];                                    \
            b += (x[j + 1] - mean[j + 1]) * w[j + 1];                        \
        }                                                                    \
        return a + b + (j < p ? (x[j] - mean[j]) * w[j] : 0.0);              \
    }

#define GDREGRESS_ADD(T)                                                     \
    static void add_##T(double c, const T *x, double *w, ptrdiff_t p)        \
    {                                                                        \
        for (ptrdiff_t j = 0; j < p; j++)                                    \
            w[j] += c * x[j];                                                \
    }

#define GDREGRESS_DOT_ROWS(T)                                                \
    static void dot_rows_##T(const T *X, const double *w, double b,          \
                             double *z, ptrdiff_t rows, ptrdiff_t p)         \
    {                                                                        \
        for (ptrdiff_t i = 0; i < rows; i++)                                 \
            z[i] = dot_##T(X + i * p, w, p, NULL) + b;                       \
    }

#define GDREGRESS_ADD_ROWS(T)                                                \
    static void add_rows_##T(const double *r, const T *X, double *g,         \
                             ptrdiff_t rows, ptrdiff_t p)                    \
    {                                                                        \
        for (ptrdiff_t i = 0; i < rows; i++)                                 \
            add_##T(r[i], X + i * p, g, p);                                  \
    }

#define GDREGRESS_FOUR_TARGETS(T)                                            \
    static void dot_four_##T(const T *X, const double *w, ptrdiff_t width,   \
                             double *z, ptrdiff_t stride,                    \
                             ptrdiff_t rows, ptrdiff_t p)                    \
    {                                                                        \
        for (ptrdiff_t t = 0; t < 4; t++, w += width, z += stride)           \
            dot_rows_##T(X, w, width > p ? w[p] : 0.0, z, rows, p);          \
    }                                                                        \
    static void add_four_##T(const double *r, ptrdiff_t stride, const T *X,  \
                             double *g, ptrdiff_t width,                     \
                             ptrdiff_t rows, ptrdiff_t p)                    \
    {                                                                        \
        for (ptrdiff_t t = 0; t < 4; t++, r += stride, g += width)           \
            add_rows_##T(r, X, g, rows, p);                                  \
    }

#define GDREGRESS_ADD_SQUARES(T)                                             \
    static void add_squares_##T(const T *weights, const T *X, double *out,   \
                                ptrdiff_t rows, ptrdiff_t p)                 \
    {                                                                        \
        for (ptrdiff_t i = 0; i < rows; i++, X += p)                         \
            for (ptrdiff_t j = 0; j < p; j++)                                \
                out[j] += (weights == NULL ? 1.0 : weights[i]) * X[j] * X[j]; \
    }

#define GDREGRESS_CENTRE(T)                                                  \
    static void centre_##T(const T *x, const double *shift, double factor,   \
                           double *out, ptrdiff_t p)                         \
    {                                                                        \
        for (ptrdiff_t j = 0; j < p; j++)                                    \
            out[j] = (x[j] - shift[j]) * factor;                             \
    }

static void add_gram(const double *B, double *S, ptrdiff_t rows, ptrdiff_t q)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < q; i++)
            for (ptrdiff_t j = i; j < q; j++)
                S[i * q + j] += B[r * q + i] * B[r * q + j];
}

#define GDREGRESS_PREFETCH(address) ((void) (address))

#endif
