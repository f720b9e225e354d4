/* The loops that carry all dense work, for rows of float or double.
 *
 * Parameters are double even where the data are float: sums over many rows keep their digits.
 */
#ifndef GDREGRESS_VECTOR_H
#define GDREGRESS_VECTOR_H

#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#include "vector_gnu.h"
#else
#include "vector_portable.h"
#endif

/* Each loop for both types of number, and the one for the type that the rows, x or X, have. */
#define GDREGRESS_BOTH(LOOP) LOOP(double) LOOP(float)

GDREGRESS_BOTH(GDREGRESS_DOT)
GDREGRESS_BOTH(GDREGRESS_DOT_CENTRED)
GDREGRESS_BOTH(GDREGRESS_DOT_ROWS)
GDREGRESS_BOTH(GDREGRESS_ADD)
GDREGRESS_BOTH(GDREGRESS_ADD_ROWS)
GDREGRESS_BOTH(GDREGRESS_FOUR_TARGETS)
GDREGRESS_BOTH(GDREGRESS_ADD_SQUARES)
GDREGRESS_BOTH(GDREGRESS_CENTRE)

#define GDREGRESS_OF(x, loop) \
    _Generic((x), const double *: loop##_double, const float *: loop##_float)

#define gdregress_dot(x, w, p, next) GDREGRESS_OF(x, dot)(x, w, p, next)
#define gdregress_dot_centred(x, mean, w, p, next) \
    GDREGRESS_OF(x, dot_centred)(x, mean, w, p, next)
#define gdregress_add(c, x, w, p) GDREGRESS_OF(x, add)(c, x, w, p)
#define gdregress_dot_rows(X, w, b, z, rows, p) GDREGRESS_OF(X, dot_rows)(X, w, b, z, rows, p)
#define gdregress_add_rows(r, X, g, rows, p) GDREGRESS_OF(X, add_rows)(r, X, g, rows, p)
#define gdregress_dot_four(X, w, width, z, stride, rows, p) \
    GDREGRESS_OF(X, dot_four)(X, w, width, z, stride, rows, p)
#define gdregress_add_four(r, stride, X, g, width, rows, p) \
    GDREGRESS_OF(X, add_four)(r, stride, X, g, width, rows, p)
#define gdregress_add_squares(weights, X, out, rows, p) \
    GDREGRESS_OF(X, add_squares)(weights, X, out, rows, p)
#define gdregress_centre(x, shift, factor, out, p) \
    GDREGRESS_OF(x, centre)(x, shift, factor, out, p)

/* The step of plain descent by one row of columns in units of their own, for which c is -lr r:
 *
 *     w <- prox(w + c sizes (x - mean) - lr drift),
 *
 * where the prox multiplies by `factors`, and in the clipped form applies thresholds before and
 * bounds after that. */
#define GDREGRESS_MOVE(T)                                                                 \
    GDREGRESS_CLONES static void move_##T(                                                \
        double c, const T *restrict x, const double *restrict mean,                       \
        const double *restrict sizes, double lr, const double *restrict drift,            \
        const double *restrict factors, double *restrict w, ptrdiff_t p)                  \
    {                                                                                     \
        for (ptrdiff_t j = 0; j < p; j++)                                                 \
            w[j] = (w[j] + c * sizes[j] * (x[j] - mean[j]) - lr * drift[j]) * factors[j]; \
    }                                                                                     \
    GDREGRESS_CLONES static void move_clipped_##T(                                        \
        double c, const T *restrict x, const double *restrict mean,                       \
        const double *restrict sizes, double lr, const double *restrict drift,            \
        const double *restrict thresholds, const double *restrict factors,                \
        const double *restrict lower, const double *restrict upper, double *restrict w,   \
        ptrdiff_t p)                                                                      \
    {                                                                                     \
        for (ptrdiff_t j = 0; j < p; j++) {                                               \
            double v = w[j] + c * sizes[j] * (x[j] - mean[j]) - lr * drift[j];            \
            double threshold = lr * thresholds[j];                                        \
            double clipped = v > threshold ? threshold : v;                               \
            clipped = clipped < -threshold ? -threshold : clipped;                        \
            v = (v - clipped) * factors[j];                                               \
            v = v < lower[j] ? lower[j] : v;                                              \
            w[j] = v > upper[j] ? upper[j] : v;                                           \
        }                                                                                 \
    }

GDREGRESS_BOTH(GDREGRESS_MOVE)

#define gdregress_move(c, x, mean, sizes, lr, drift, factors, w, p) \
    GDREGRESS_OF(x, move)(c, x, mean, sizes, lr, drift, factors, w, p)
#define gdregress_move_clipped(c, x, mean, sizes, lr, drift, thresholds, factors, lower, upper, \
                               w, p)                                                      \
    GDREGRESS_OF(x, move_clipped)(c, x, mean, sizes, lr, drift, thresholds, factors, lower, \
                                  upper, w, p)

/* the sum of m numbers, in eight sums that do not wait for each other */
GDREGRESS_CLONES static double sum_of(const double *x, ptrdiff_t m)
{
    double sums[8] = {0}, rest = 0.0;
    ptrdiff_t i = 0;
    for (; i + 8 <= m; i += 8)
        for (int k = 0; k < 8; k++)
            sums[k] += x[i + k];
    for (; i < m; i++)
        rest += x[i];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7])) + rest;
}

/* w <- (w - clip(w, -threshold, threshold)) * factor */
GDREGRESS_CLONES static void shrink_all(double *w, double threshold, double factor, ptrdiff_t p)
{
    if (threshold == 0.0) { /* l2 alone needs no comparisons */
        for (ptrdiff_t j = 0; j < p; j++)
            w[j] *= factor;
        return;
    }
    for (ptrdiff_t j = 0; j < p; j++) {
        double v = w[j];
        double c = v > threshold ? threshold : v;
        c = c < -threshold ? -threshold : c;
        w[j] = (v - c) * factor;
    }
}

/* the same with strengths of their own for every coefficient: thresholds step_size * l1s and
 * factors 1 / (1 + step_size * l2s) */
GDREGRESS_CLONES static void shrink_each(double *w, const double *l1s, const double *l2s,
                                         double step_size, ptrdiff_t p)
{
    for (ptrdiff_t j = 0; j < p; j++) {
        double v = w[j], threshold = step_size * l1s[j];
        double c = v > threshold ? threshold : v;
        c = c < -threshold ? -threshold : c;
        w[j] = (v - c) / (1.0 + step_size * l2s[j]);
    }
}

/* Prefetch a row, of a long one its beginning: many cache lines at once would wait for each
 * other. */
static inline void prefetch(const void *start, const void *stop)
{
    const char *line = (const char *) start - (size_t) start % 64;
    const char *last = (const char *) stop;
    if (last - line > 1024)
        last = line + 1024;
    for (; line < last; line += 64)
        GDREGRESS_PREFETCH(line);
}

#endif
