/* The loops of vector.h in vectors of eight numbers, a language extension of GCC and Clang.
 *
 * The compiler maps the vectors to whatever the processor has. Where the C library can choose a
 * function as it is loaded, each is compiled for three generations of x86 processors, so that one
 * wheel is fast on all of them.
 */
#ifndef GDREGRESS_VECTOR_GNU_H
#define GDREGRESS_VECTOR_GNU_H

#include <stddef.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define GDREGRESS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GDREGRESS_CLONES
#endif

typedef double gdregress_double8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef double gdregress_double4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float gdregress_float8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float gdregress_float4 __attribute__((vector_size(16), aligned(4), may_alias));

/* fewer than eight numbers are left: vectors would not pay for their preparation */
#define GDREGRESS_ONE_BY_ONE __asm__ volatile("")

/* volatile, as compilers drop calls of functions that do nothing but prefetch */
#define GDREGRESS_PREFETCH(address)  \
    do {                             \
        __builtin_prefetch(address); \
        __asm__ volatile("");        \
    } while (0)

#define LOAD_double(x) (*(const gdregress_double8 *) (x))
#define LOAD_float(x) \
    __builtin_convertvector(*(const gdregress_float8 *) (x), gdregress_double8)
#define LOAD4_double(x) (*(const gdregress_double4 *) (x))
#define LOAD4_float(x) \
    __builtin_convertvector(*(const gdregress_float4 *) (x), gdregress_double4)

/* number c of each of four vectors */
#define COLUMN(h, c) ((gdregress_double4){(h)[0][c], (h)[1][c], (h)[2][c], (h)[3][c]})

__attribute__((always_inline)) static inline double sum_of_eight(gdregress_double8 a)
{
    gdregress_double4 *halves = (gdregress_double4 *) &a;
    gdregress_double4 half = halves[0] + halves[1];
    return (half[0] + half[2]) + (half[1] + half[3]);
}

/* x . w; meanwhile the long row at `next`, if any, is prefetched, a cache line at a time */
#define GDREGRESS_DOT(T)                                                                  \
    __attribute__((always_inline)) static inline double product_##T(                      \
        const T *x, const double *w, ptrdiff_t p, const T *next)                          \
    {                                                                                     \
        gdregress_double8 a = {0}, b = {0}, c = {0}, d = {0};                             \
        double rest = 0.0;                                                                \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 32 <= p; j += 32) {                                                    \
            if (next != NULL)                                                             \
                for (size_t line = 0; line < 32 * sizeof(T); line += 64)                  \
                    GDREGRESS_PREFETCH((const char *) (next + j) + line);                 \
            a += LOAD_##T(x + j) * LOAD_double(w + j);                                    \
            b += LOAD_##T(x + j + 8) * LOAD_double(w + j + 8);                            \
            c += LOAD_##T(x + j + 16) * LOAD_double(w + j + 16);                          \
            d += LOAD_##T(x + j + 24) * LOAD_double(w + j + 24);                          \
        }                                                                                 \
        for (; j + 8 <= p; j += 8)                                                        \
            a += LOAD_##T(x + j) * LOAD_double(w + j);                                    \
        a = (a + b) + (c + d);                                                            \
        gdregress_double4 *halves = (gdregress_double4 *) &a;                             \
        gdregress_double4 half = halves[0] + halves[1];                                   \
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
        gdregress_double8 a = {0}, b = {0};                                               \
        double rest = 0.0;                                                                \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 16 <= p; j += 16) {                                                    \
            if (next != NULL)                                                             \
                for (size_t line = 0; line < 16 * sizeof(T); line += 64)                  \
                    GDREGRESS_PREFETCH((const char *) (next + j) + line);                 \
            a += (LOAD_##T(x + j) - LOAD_double(mean + j)) * LOAD_double(w + j);          \
            b += (LOAD_##T(x + j + 8) - LOAD_double(mean + j + 8)) * LOAD_double(w + j + 8); \
        }                                                                                 \
        if (j + 8 <= p) {                                                                 \
            a += (LOAD_##T(x + j) - LOAD_double(mean + j)) * LOAD_double(w + j);          \
            j += 8;                                                                       \
        }                                                                                 \
        for (; j < p; j++) {                                                              \
            rest += (x[j] - mean[j]) * w[j];                                              \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
        return sum_of_eight(a + b) + rest;                                                \
    }

/* z_i <- x_i . w + b for a block of rows, four at a time: their last sums are made together */
#define GDREGRESS_DOT_ROWS(T)                                                             \
    GDREGRESS_CLONES static void dot_rows_##T(                                            \
        const T *X, const double *w, double b, double *z, ptrdiff_t rows, ptrdiff_t p)    \
    {                                                                                     \
        ptrdiff_t i = 0;                                                                  \
        for (; i + 4 <= rows; i += 4, X += 4 * p) {                                       \
            gdregress_double8 a[4] = {{0}, {0}, {0}, {0}};                                \
            gdregress_double4 h[4], rest = {b, b, b, b};                                  \
            ptrdiff_t j = 0;                                                              \
            for (; j + 8 <= p; j += 8)                                                    \
                for (int r = 0; r < 4; r++)                                               \
                    a[r] += LOAD_##T(X + r * p + j) * LOAD_double(w + j);                 \
            for (int r = 0; r < 4; r++) {                                                 \
                gdregress_double4 *halves = (gdregress_double4 *) &a[r];                  \
                h[r] = halves[0] + halves[1];                                             \
            }                                                                             \
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
        gdregress_double8 factor = {c, c, c, c, c, c, c, c};                              \
        ptrdiff_t j = 0;                                                                  \
        for (; j + 8 <= p; j += 8)                                                        \
            *(gdregress_double8 *) (w + j) += factor * LOAD_##T(x + j);                   \
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
            gdregress_double8 a = {0}, b = {0}, c = {0}, d = {0};                         \
            for (i = 0; i + 4 <= rows; i += 4) {                                          \
                a += r[i] * LOAD_##T(X + i * p + j);                                      \
                b += r[i + 1] * LOAD_##T(X + (i + 1) * p + j);                            \
                c += r[i + 2] * LOAD_##T(X + (i + 2) * p + j);                            \
                d += r[i + 3] * LOAD_##T(X + (i + 3) * p + j);                            \
            }                                                                             \
            for (; i < rows; i++)                                                         \
                a += r[i] * LOAD_##T(X + i * p + j);                                      \
            *(gdregress_double8 *) (g + j) += (a + b) + (c + d);                          \
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
            gdregress_double8 a = {0}, b = {0}, c = {0}, d = {0};                         \
            double e[4] = {0};                                                            \
            ptrdiff_t j = 0;                                                              \
            for (; j + 8 <= p; j += 8) {                                                  \
                gdregress_double8 some = LOAD_##T(x + j);                                 \
                a += some * LOAD_double(w + j);                                           \
                b += some * LOAD_double(w1 + j);                                          \
                c += some * LOAD_double(w2 + j);                                          \
                d += some * LOAD_double(w3 + j);                                          \
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
            gdregress_double8 a = {0}, b = {0}, c = {0}, d = {0};                         \
            for (i = 0; i < rows; i++) {                                                  \
                gdregress_double8 some = LOAD_##T(X + i * p + j);                         \
                a += r[i] * some;                                                         \
                b += r1[i] * some;                                                        \
                c += r2[i] * some;                                                        \
                d += r3[i] * some;                                                        \
            }                                                                             \
            *(gdregress_double8 *) (g + j) += a;                                          \
            *(gdregress_double8 *) (g + width + j) += b;                                  \
            *(gdregress_double8 *) (g + 2 * width + j) += c;                              \
            *(gdregress_double8 *) (g + 3 * width + j) += d;                              \
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
        for (; j + 8 <= p; j += 8)                                                        \
            *(gdregress_double8 *) (out + j) =                                            \
                (LOAD_##T(x + j) - LOAD_double(shift + j)) * factor;                      \
        for (; j < p; j++) {                                                              \
            out[j] = (x[j] - shift[j]) * factor;                                          \
            GDREGRESS_ONE_BY_ONE;                                                         \
        }                                                                                 \
    }

/* S <- S + B'B in tiles of 8 x 8 on and above the diagonal; q is a multiple of 8 */
GDREGRESS_CLONES static void add_gram(const double *B, double *S, ptrdiff_t rows, ptrdiff_t q)
{
    for (ptrdiff_t i = 0; i < q; i += 8)
        for (ptrdiff_t j = i; j < q; j += 8) {
            gdregress_double8 sums[8] = {{0}};
            for (ptrdiff_t r = 0; r < rows; r++) {
                const double *left = B + r * q + i;
                gdregress_double8 right = LOAD_double(B + r * q + j);
                for (int k = 0; k < 8; k++)
                    sums[k] += left[k] * right;
            }
            for (int k = 0; k < 8; k++)
                *(gdregress_double8 *) (S + (i + k) * q + j) += sums[k];
        }
}

#endif
