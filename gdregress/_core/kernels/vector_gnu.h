/* The loops of vector.h, eight numbers at a time, in vectors of four: an extension of GCC and Clang.
 *
 * The compiler maps the vectors to whatever the processor has, as long as they are not longer than
 * what it has: the sums of longer ones are kept in memory, at five times the cost. Where the C
 * library can choose a function as it is loaded, each is compiled for three generations of x86
 * processors, so that one wheel is fast on all of them.
 */
#ifndef GDREGRESS_VECTOR_GNU_H
#define GDREGRESS_VECTOR_GNU_H

#include <stddef.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define GDREGRESS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GDREGRESS_CLONES
#endif

#define GDREGRESS_INLINE __attribute__((always_inline)) static inline

typedef double gdregress_double4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float gdregress_float4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef struct {
    gdregress_double4 low, high;
} gdregress_eight;

/* fewer than eight numbers are left: vectors would not pay for their preparation */
#define GDREGRESS_ONE_BY_ONE __asm__ volatile("")

/* volatile, as compilers drop calls of functions that do nothing but prefetch */
#define GDREGRESS_PREFETCH(address)  \
    do {                             \
        __builtin_prefetch(address); \
        __asm__ volatile("");        \
    } while (0)

#define LOAD4_double(x) (*(const gdregress_double4 *) (x))
#define LOAD4_float(x) \
    __builtin_convertvector(*(const gdregress_float4 *) (x), gdregress_double4)

GDREGRESS_INLINE gdregress_eight load_double(const double *x)
{
    return (gdregress_eight){LOAD4_double(x), LOAD4_double(x + 4)};
}

GDREGRESS_INLINE gdregress_eight load_float(const float *x)
{
    return (gdregress_eight){LOAD4_float(x), LOAD4_float(x + 4)};
}

GDREGRESS_INLINE void store(double *out, gdregress_eight a)
{
    *(gdregress_double4 *) out = a.low;
    *(gdregress_double4 *) (out + 4) = a.high;
}

GDREGRESS_INLINE gdregress_eight plus(gdregress_eight a, gdregress_eight b)
{
    return (gdregress_eight){a.low + b.low, a.high + b.high};
}

GDREGRESS_INLINE gdregress_eight minus(gdregress_eight a, gdregress_eight b)
{
    return (gdregress_eight){a.low - b.low, a.high - b.high};
}

/* sum + a b */
GDREGRESS_INLINE gdregress_eight plus_product(gdregress_eight sum, gdregress_eight a,
                                              gdregress_eight b)
{
    return (gdregress_eight){sum.low + a.low * b.low, sum.high + a.high * b.high};
}

/* sum + c a */
GDREGRESS_INLINE gdregress_eight plus_multiple(gdregress_eight sum, double c, gdregress_eight a)
{
    return (gdregress_eight){sum.low + c * a.low, sum.high + c * a.high};
}

/* number c of each of four vectors */
#define COLUMN(h, c) ((gdregress_double4){(h)[0][c], (h)[1][c], (h)[2][c], (h)[3][c]})

GDREGRESS_INLINE double sum_of_eight(gdregress_eight a)
{
    gdregress_double4 half = a.low + a.high;
    return (half[0] + half[2]) + (half[1] + half[3]);
}

/* x . w; meanwhile the long row at `next`, if any, is prefetched, a cache line at a time */
#define GDREGRESS_DOT(T)                                                                  \
    GDREGRESS_INLINE double product_##T(const T *x, const double *w, ptrdiff_t p,         \
                                        const T *next)                                    \
    {                                                                                     \
        gdregress_eight a = {{0}}, b = {{0}}, c = {{0}}, d = {{0}};                       \
        double rest = 0.0;                                                                \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 32 <= p; j += 32) {                                                    \
            if (next != NULL)                                                             \
                for (size_t line = 0; line < 32 * sizeof(T); line += 64)                  \
                    GDREGRESS_PREFETCH((const char *) (next + j) + line);                 \
            a = plus_product(a, load_##T(x + j), load_double(w + j));                     \
            b = plus_product(b, load_##T(x + j + 8), load_double(w + j + 8));             \
            c = plus_product(c, load_##T(x + j + 16), load_double(w + j + 16));           \
            d = plus_product(d, load_##T(x + j + 24), load_double(w + j + 24));           \
        }                                                                                 \
        for (; j + 8 <= p; j += 8)                                                        \
            a = plus_product(a, load_##T(x + j), load_double(w + j));                     \
        a = plus(plus(a, b), plus(c, d));                                                 \
        gdregress_double4 half = a.low + a.high;                                          \
        if (j + 4 <= p) {                                                                 \
            half += LOAD4_##T(x + j) * LOAD4_double(w + j);                               \
            j += 4;                                                                       \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            rest += x[j] * w[j];                                                          \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
        return ((half[0] + half[2]) + (half[1] + half[3])) + rest;                        \
    }                                                                                     \
    GDREGRESS_CLONES static double dot_##T(const T *x, const double *w, ptrdiff_t p,      \
                                           const T *next)                                 \
    {                                                                                     \
        return product_##T(x, w, p, next);                                                \
    }

/* (x - mean) . w; meanwhile the long row at `next`, if any, is prefetched */
#define GDREGRESS_DOT_CENTRED(T)                                                          \
    GDREGRESS_CLONES static double dot_centred_##T(const T *x, const double *mean,        \
                                                   const double *w, ptrdiff_t p,          \
                                                   const T *next)                         \
    {                                                                                     \
        gdregress_eight a = {{0}}, b = {{0}};                                             \
        double rest = 0.0;                                                                \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 16 <= p; j += 16) {                                                    \
            if (next != NULL)                                                             \
                for (size_t line = 0; line < 16 * sizeof(T); line += 64)                  \
                    GDREGRESS_PREFETCH((const char *) (next + j) + line);                 \
            gdregress_eight one = minus(load_##T(x + j), load_double(mean + j));          \
            gdregress_eight two = minus(load_##T(x + j + 8), load_double(mean + j + 8));  \
            a = plus_product(a, one, load_double(w + j));                                 \
            b = plus_product(b, two, load_double(w + j + 8));                             \
        }                                                                                 \
        if (j + 8 <= p) {                                                                 \
            gdregress_eight one = minus(load_##T(x + j), load_double(mean + j));          \
            a = plus_product(a, one, load_double(w + j));                                 \
            j += 8;                                                                       \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            rest += (x[j] - mean[j]) * w[j];                                              \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
        return sum_of_eight(plus(a, b)) + rest;                                           \
    }

/* z_i <- x_i . w + b for a block of rows, four at a time: their last sums are made together */
#define GDREGRESS_DOT_ROWS(T)                                                             \
    GDREGRESS_CLONES static void dot_rows_##T(                                            \
        const T *X, const double *w, double b, double *z, ptrdiff_t rows, ptrdiff_t p)    \
    {                                                                                     \
        ptrdiff_t i = 0;                                                                  \
        for (; i + 4 <= rows; i += 4, X += 4 * p) {                                       \
            gdregress_eight a[4] = {{{0}}, {{0}}, {{0}}, {{0}}};                          \
            gdregress_double4 h[4], rest = {b, b, b, b};                                  \
            ptrdiff_t j = 0;                                                              \
            for (; j + 8 <= p; j += 8)                                                    \
                for (int r = 0; r < 4; r++)                                               \
                    a[r] = plus_product(a[r], load_##T(X + r * p + j), load_double(w + j)); \
            for (int r = 0; r < 4; r++)                                                   \
                h[r] = a[r].low + a[r].high;                                              \
            if (j + 4 <= p) {                                                             \
                for (int r = 0; r < 4; r++)                                               \
                    h[r] += LOAD4_##T(X + r * p + j) * LOAD4_double(w + j);               \
                j += 4;                                                                   \
            }                                                                             \
            for (; j < p; j++) {                                                          \
                const T *x = X + j;                                                       \
                rest += (gdregress_double4){x[0], x[p], x[2 * p], x[3 * p]} * w[j];       \
            }                                                                             \
            rest += (COLUMN(h, 0) + COLUMN(h, 2)) + (COLUMN(h, 1) + COLUMN(h, 3));        \
            *(gdregress_double4 *) (z + i) = rest;                                        \
        }                                                                                 \
        for (; i < rows; i++, X += p)                                                     \
            z[i] = product_##T(X, w, p, NULL) + b;                                        \
    }

#define GDREGRESS_ADD(T)                                                                  \
    GDREGRESS_CLONES static void add_##T(double c, const T *x, double *w, ptrdiff_t p)    \
    {                                                                                     \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 8 <= p; j += 8)                                                        \
            store(w + j, plus_multiple(load_double(w + j), c, load_##T(x + j)));          \
        if (j + 4 <= p) {                                                                 \
            *(gdregress_double4 *) (w + j) += c * LOAD4_##T(x + j);                       \
            j += 4;                                                                       \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            w[j] += c * x[j];                                                             \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
    }

/* g <- g + sum_i r_i x_i for a block of rows, whose sums stay in registers */
#define GDREGRESS_ADD_ROWS(T)                                                             \
    GDREGRESS_CLONES static void add_rows_##T(                                            \
        const double *r, const T *X, double *g, ptrdiff_t rows, ptrdiff_t p)              \
    {                                                                                     \
        ptrdiff_t i, j = 0;                                                               \
        for (; j + 8 <= p; j += 8) {                                                      \
            gdregress_eight a = {{0}}, b = {{0}}, c = {{0}}, d = {{0}};                   \
            for (i = 0; i + 4 <= rows; i += 4) {                                          \
                a = plus_multiple(a, r[i], load_##T(X + i * p + j));                      \
                b = plus_multiple(b, r[i + 1], load_##T(X + (i + 1) * p + j));            \
                c = plus_multiple(c, r[i + 2], load_##T(X + (i + 2) * p + j));            \
                d = plus_multiple(d, r[i + 3], load_##T(X + (i + 3) * p + j));            \
            }                                                                             \
            for (; i < rows; i++)                                                         \
                a = plus_multiple(a, r[i], load_##T(X + i * p + j));                      \
            store(g + j, plus(load_double(g + j), plus(plus(a, b), plus(c, d))));         \
        }                                                                                 \
        if (j + 4 <= p) {                                                                 \
            gdregress_double4 a = {0}, b = {0};                                           \
            for (i = 0; i + 2 <= rows; i += 2) {                                          \
                a += r[i] * LOAD4_##T(X + i * p + j);                                     \
                b += r[i + 1] * LOAD4_##T(X + (i + 1) * p + j);                           \
            }                                                                             \
            if (i < rows)                                                                 \
                a += r[i] * LOAD4_##T(X + i * p + j);                                     \
            *(gdregress_double4 *) (g + j) += a + b;                                      \
            j += 4;                                                                       \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            double a = 0.0, b = 0.0;                                                      \
            for (i = 0; i + 2 <= rows; i += 2) {                                          \
                a += r[i] * X[i * p + j];                                                 \
                b += r[i + 1] * X[(i + 1) * p + j];                                       \
            }                                                                             \
            g[j] += a + b + (i < rows ? r[i] * X[i * p + j] : 0.0);                       \
        }                                                                                 \
    }

/* The same for four targets at once, so that each row is loaded once for all of them: rows of w
 * and g are `width` numbers apart, rows of z and r `stride`. */
#define GDREGRESS_FOUR_TARGETS(T)                                                         \
    GDREGRESS_CLONES static void dot_four_##T(const T *X, const double *w, ptrdiff_t width, \
                                              double *z, ptrdiff_t stride,                \
                                              ptrdiff_t rows, ptrdiff_t p)                \
    {                                                                                     \
        const double *w1 = w + width, *w2 = w1 + width, *w3 = w2 + width;                 \
        for (ptrdiff_t i = 0; i < rows; i++) {                                            \
            const T *x = X + i * p;                                                       \
            gdregress_eight a = {{0}}, b = {{0}}, c = {{0}}, d = {{0}};                   \
            double e[4] = {0};                                                            \
            ptrdiff_t j = 0;                                                              \
            for (; j + 8 <= p; j += 8) {                                                  \
                gdregress_eight some = load_##T(x + j);                                   \
                a = plus_product(a, some, load_double(w + j));                            \
                b = plus_product(b, some, load_double(w1 + j));                           \
                c = plus_product(c, some, load_double(w2 + j));                           \
                d = plus_product(d, some, load_double(w3 + j));                           \
            }                                                                             \
            for (; j < p; j++) {                                                          \
                e[0] += x[j] * w[j];                                                      \
                e[1] += x[j] * w1[j];                                                     \
                e[2] += x[j] * w2[j];                                                     \
                e[3] += x[j] * w3[j];                                                     \
            }                                                                             \
            z[i] = sum_of_eight(a) + (e[0] + (width > p ? w[p] : 0.0));                   \
            z[stride + i] = sum_of_eight(b) + (e[1] + (width > p ? w1[p] : 0.0));         \
            z[2 * stride + i] = sum_of_eight(c) + (e[2] + (width > p ? w2[p] : 0.0));     \
            z[3 * stride + i] = sum_of_eight(d) + (e[3] + (width > p ? w3[p] : 0.0));     \
        }                                                                                 \
    }                                                                                     \
    GDREGRESS_CLONES static void add_four_##T(const double *r, ptrdiff_t stride,          \
                                              const T *X, double *g, ptrdiff_t width,     \
                                              ptrdiff_t rows, ptrdiff_t p)                \
    {                                                                                     \
        const double *r1 = r + stride, *r2 = r1 + stride, *r3 = r2 + stride;              \
        ptrdiff_t i, j = 0;                                                               \
        for (; j + 8 <= p; j += 8) {                                                      \
            gdregress_eight a = {{0}}, b = {{0}}, c = {{0}}, d = {{0}};                   \
            for (i = 0; i < rows; i++) {                                                  \
                gdregress_eight some = load_##T(X + i * p + j);                           \
                a = plus_multiple(a, r[i], some);                                         \
                b = plus_multiple(b, r1[i], some);                                        \
                c = plus_multiple(c, r2[i], some);                                        \
                d = plus_multiple(d, r3[i], some);                                        \
            }                                                                             \
            store(g + j, plus(load_double(g + j), a));                                    \
            store(g + width + j, plus(load_double(g + width + j), b));                    \
            store(g + 2 * width + j, plus(load_double(g + 2 * width + j), c));            \
            store(g + 3 * width + j, plus(load_double(g + 3 * width + j), d));            \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            double e[4] = {0};                                                            \
            for (i = 0; i < rows; i++) {                                                  \
                double some = X[i * p + j];                                               \
                e[0] += r[i] * some;                                                      \
                e[1] += r1[i] * some;                                                     \
                e[2] += r2[i] * some;                                                     \
                e[3] += r3[i] * some;                                                     \
            }                                                                             \
            for (int t = 0; t < 4; t++)                                                   \
                g[t * width + j] += e[t];                                                 \
        }                                                                                 \
    }

/* out <- out + sum_i s_i x_i^2 over some rows, whose weights s are 1 where there are none; four
 * rows at a time, so that the sums are seldom fetched and put back */
#define GDREGRESS_ADD_SQUARES(T)                                                          \
    GDREGRESS_CLONES static void add_squares_##T(const T *weights, const T *X, double *out, \
                                                 ptrdiff_t rows, ptrdiff_t p)             \
    {                                                                                     \
        for (ptrdiff_t i = 0, some; i < rows; i += some, X += some * p) {                 \
            double s[4] = {0};                                                            \
            some = rows - i < 4 ? rows - i : 4;                                           \
            for (ptrdiff_t r = 0; r < some; r++)                                          \
                s[r] = weights == NULL ? 1.0 : weights[i + r];                            \
            ptrdiff_t j = 0;                                                              \
            for (; j + 4 <= p && some == 4; j += 4) {                                     \
                gdregress_double4 a = LOAD4_##T(X + j), b = LOAD4_##T(X + p + j);         \
                gdregress_double4 c = LOAD4_##T(X + 2 * p + j), d = LOAD4_##T(X + 3 * p + j); \
                *(gdregress_double4 *) (out + j) +=                                       \
                    (s[0] * a * a + s[1] * b * b) + (s[2] * c * c + s[3] * d * d);        \
            }                                                                             \
            for (; j < p; j++)                                                            \
                for (ptrdiff_t r = 0; r < some; r++)                                      \
                    out[j] += s[r] * X[r * p + j] * X[r * p + j];                         \
        }                                                                                 \
    }

/* out <- (x - shift) * factor */
#define GDREGRESS_CENTRE(T)                                                               \
    GDREGRESS_CLONES static void centre_##T(const T *x, const double *shift,              \
                                            double factor, double *out, ptrdiff_t p)      \
    {                                                                                     \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 4 <= p; j += 4)                                                        \
            *(gdregress_double4 *) (out + j) =                                            \
                (LOAD4_##T(x + j) - LOAD4_double(shift + j)) * factor;                    \
        for (; j < p; j++) {                                                              \
            out[j] = (x[j] - shift[j]) * factor;                                          \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
    }

/* S <- S + B'B in tiles of 4 x 8 on and above the diagonal, whose sums stay in registers; q is a
 * multiple of 8 */
GDREGRESS_CLONES static void add_gram(const double *B, double *S, ptrdiff_t rows, ptrdiff_t q)
{
    for (ptrdiff_t i = 0; i < q; i += 4)
        for (ptrdiff_t j = i - i % 8; j < q; j += 8) {
            gdregress_eight a = {{0}}, b = {{0}}, c = {{0}}, d = {{0}};
            for (ptrdiff_t r = 0; r < rows; r++) {
                const double *left = B + r * q + i;
                gdregress_eight right = load_double(B + r * q + j);
                a = plus_multiple(a, left[0], right);
                b = plus_multiple(b, left[1], right);
                c = plus_multiple(c, left[2], right);
                d = plus_multiple(d, left[3], right);
            }
            double *sums = S + i * q + j;
            store(sums, plus(load_double(sums), a));
            store(sums + q, plus(load_double(sums + q), b));
            store(sums + 2 * q, plus(load_double(sums + 2 * q), c));
            store(sums + 3 * q, plus(load_double(sums + 3 * q), d));
        }
}

#endif
