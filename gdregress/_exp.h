/* Log loss and softmax of many rows at once.
 *
 * exp and log1p are written without branches and for the ranges that occur, so that compilers
 * make vectors of the loops over them; they are exact to two units in the last place. Calls of
 * the C library's would take as long as the rest of a pass over the rows.
 */
#ifndef GDREGRESS_EXP_H
#define GDREGRESS_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "_vector.h"

/* e^x for x <= 0, and 0 below -708, where the results would lose digits.
 *
 * x = n log 2 + r with |r| <= log(2) / 2; Taylor's series of e^r to the 13th power; times 2^n.
 * Adding 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
 */
static inline double exp_below_zero(double x)
{
    const double round = 6755399441055744.0;
    double near = x < -708.0 ? -708.0 : x;
    double n = near * 1.4426950408889634 + round;
    uint64_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= round;
    /* log 2 in two parts, the first of which has so few digits that its product is exact */
    double r = (near - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double e = 1.0 / 6227020800.0;
    e = e * r + 1.0 / 479001600.0;
    e = e * r + 1.0 / 39916800.0;
    e = e * r + 1.0 / 3628800.0;
    e = e * r + 1.0 / 362880.0;
    e = e * r + 1.0 / 40320.0;
    e = e * r + 1.0 / 5040.0;
    e = e * r + 1.0 / 720.0;
    e = e * r + 1.0 / 120.0;
    e = e * r + 1.0 / 24.0;
    e = e * r + 1.0 / 6.0;
    e = e * r + 0.5;
    e = e * r + 1.0;
    e = e * r + 1.0;
    bits = (bits + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x < -708.0 ? 0.0 : e * power;
}

/* log(1 + e) for 0 <= e <= 1: 2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...), s = e / (2 + e). */
static inline double log1p_below_one(double e)
{
    double s = e / (2.0 + e), q = s * s;
    double sum = 1.0 / 35.0;
    sum = sum * q + 1.0 / 33.0;
    sum = sum * q + 1.0 / 31.0;
    sum = sum * q + 1.0 / 29.0;
    sum = sum * q + 1.0 / 27.0;
    sum = sum * q + 1.0 / 25.0;
    sum = sum * q + 1.0 / 23.0;
    sum = sum * q + 1.0 / 21.0;
    sum = sum * q + 1.0 / 19.0;
    sum = sum * q + 1.0 / 17.0;
    sum = sum * q + 1.0 / 15.0;
    sum = sum * q + 1.0 / 13.0;
    sum = sum * q + 1.0 / 11.0;
    sum = sum * q + 1.0 / 9.0;
    sum = sum * q + 1.0 / 7.0;
    sum = sum * q + 1.0 / 5.0;
    sum = sum * q + 1.0 / 3.0;
    return 2.0 * (s + s * q * sum);
}

/* out <- log(1 + exp(-y z)) */
GDREGRESS_CLONES static void log_losses(const double *y, const double *z, double *out, ptrdiff_t m)
{
    for (ptrdiff_t a = 0; a < m; a++) {
        double margin = y[a] * z[a];
        double beyond = margin < 0.0 ? -margin : 0.0;
        out[a] = beyond + log1p_below_one(exp_below_zero(-fabs(margin)));
    }
}

/* z <- -y / (1 + exp(y z)) */
GDREGRESS_CLONES static void log_slopes(const double *y, double *z, ptrdiff_t m)
{
    for (ptrdiff_t a = 0; a < m; a++) {
        double small = exp_below_zero(-fabs(z[a]));
        z[a] = -y[a] * (y[a] * z[a] > 0.0 ? small : 1.0) / (1.0 + small);
    }
}

/* Softmax: the columns of z are rows of the data, its k rows, `stride` numbers apart, classes.
 * A few columns at a time; `width` is a constant where it is inlined, which makes vectors. */
#define GDREGRESS_COLUMNS 8
#define GDREGRESS_INLINE __attribute__((always_inline)) static inline
#if !defined(__GNUC__) && !defined(__clang__)
#undef GDREGRESS_INLINE
#define GDREGRESS_INLINE static inline
#endif

GDREGRESS_INLINE void largest_of_columns(const double *z, ptrdiff_t stride, ptrdiff_t k,
                                         ptrdiff_t width, double *top)
{
    for (ptrdiff_t a = 0; a < width; a++)
        top[a] = z[a];
    for (ptrdiff_t t = 1; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++)
            top[a] = z[t * stride + a] > top[a] ? z[t * stride + a] : top[a];
}

/* out <- (top - z_y) + log(1 + sum of e^(z_t - top) without that of the top) */
GDREGRESS_INLINE void softmax_losses_of_columns(const double *y, const double *z, double *out,
                                                ptrdiff_t stride, ptrdiff_t k, ptrdiff_t width)
{
    double top[GDREGRESS_COLUMNS], own[GDREGRESS_COLUMNS] = {0};
    double others[GDREGRESS_COLUMNS] = {0}, tops[GDREGRESS_COLUMNS] = {0};
    largest_of_columns(z, stride, k, width, top);
    for (ptrdiff_t t = 0; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++) {
            double below = z[t * stride + a] - top[a];
            own[a] += y[a] == (double) t ? below : 0.0;
            others[a] += below >= 0.0 ? 0.0 : exp_below_zero(below);
            tops[a] += below >= 0.0 ? 1.0 : 0.0;
        }
    for (ptrdiff_t a = 0; a < width; a++)
        out[a] = log1p(others[a] + (tops[a] - 1.0)) - own[a];
}

/* z_t <- P_t, but z_y <- -(sum of all other P_t) */
GDREGRESS_INLINE void softmax_slopes_of_columns(const double *y, double *z, ptrdiff_t stride,
                                                ptrdiff_t k, ptrdiff_t width)
{
    double top[GDREGRESS_COLUMNS];
    double total[GDREGRESS_COLUMNS] = {0}, wrong[GDREGRESS_COLUMNS] = {0};
    largest_of_columns(z, stride, k, width, top);
    for (ptrdiff_t t = 0; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++) {
            double e = exp_below_zero(z[t * stride + a] - top[a]);
            z[t * stride + a] = e;
            total[a] += e;
            wrong[a] += y[a] == (double) t ? 0.0 : e;
        }
    for (ptrdiff_t t = 0; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++) {
            double slope = y[a] == (double) t ? -wrong[a] : z[t * stride + a];
            z[t * stride + a] = slope / total[a];
        }
}

GDREGRESS_CLONES static void softmax_losses(const double *y, const double *z, double *out,
                                            ptrdiff_t stride, ptrdiff_t k, ptrdiff_t m)
{
    ptrdiff_t a = 0;
    for (; a + GDREGRESS_COLUMNS <= m; a += GDREGRESS_COLUMNS)
        softmax_losses_of_columns(y + a, z + a, out + a, stride, k, GDREGRESS_COLUMNS);
    if (a < m)
        softmax_losses_of_columns(y + a, z + a, out + a, stride, k, m - a);
}

GDREGRESS_CLONES static void softmax_slopes(const double *y, double *z, ptrdiff_t stride,
                                            ptrdiff_t k, ptrdiff_t m)
{
    ptrdiff_t a = 0;
    if (stride == 1) { /* a single row, whose classes lie side by side */
        softmax_slopes_of_columns(y, z, 1, k, 1);
        return;
    }
    for (; a + GDREGRESS_COLUMNS <= m; a += GDREGRESS_COLUMNS)
        softmax_slopes_of_columns(y + a, z + a, stride, k, GDREGRESS_COLUMNS);
    if (a < m)
        softmax_slopes_of_columns(y + a, z + a, stride, k, m - a);
}

#endif
