/* The loops over rows of numbers of type T, for one instruction set: see simd.h.
 *
 * Parameters are double even where the data are float: sums over many rows keep their digits.
 */

/* a <- the sum of as many TERM(LANES, j) as there are, of many in four sums that need not wait for
 * each other; meanwhile the long row at `next`, if any, is prefetched, a cache line at a time */
#define SUM_TERMS(TERM, next)                                                   \
    if (p >= 4 * LANES) {                                                       \
        VECTOR(LANES) b = {0}, c = {0}, d = {0};                                \
        for (; j + 4 * LANES <= p; j += 4 * LANES) {                            \
            if (next != NULL)                                                   \
                for (size_t line = 0; line < 4 * LANES * sizeof(T); line += 64) \
                    GDREGRESS_PREFETCH((const char *) (next + j) + line);       \
            a += TERM(LANES, j);                                                \
            b += TERM(LANES, j + LANES);                                        \
            c += TERM(LANES, j + 2 * LANES);                                    \
            d += TERM(LANES, j + 3 * LANES);                                    \
        }                                                                       \
        a = (a + b) + (c + d);                                                  \
    }                                                                           \
    for (; j + LANES <= p; j += LANES)                                          \
        a += TERM(LANES, j)

/* x . w, see above for `next` */
static double LOOP(dot)(const T *x, const double *w, ptrdiff_t p, const T *next)
{
#define TERM(lanes, j) (LOAD(lanes, x + (j)) * AT(lanes, w + (j)))
    VECTOR(LANES) a = {0};
    ptrdiff_t j = 0;
    double total;
    SUM_TERMS(TERM, next);
    FOLD(a, TERM, total);
    return total;
#undef TERM
}

/* (x - mean) . w */
static double LOOP(dot_centred)(const T *x, const double *mean, const double *w, ptrdiff_t p,
                                const T *next)
{
#define TERM(lanes, j) ((LOAD(lanes, x + (j)) - AT(lanes, mean + (j))) * AT(lanes, w + (j)))
    VECTOR(LANES) a = {0};
    ptrdiff_t j = 0;
    double total;
    SUM_TERMS(TERM, next);
    FOLD(a, TERM, total);
    return total;
#undef TERM
}

/* z_i <- x_i . w + b for some rows, four at a time */
static void LOOP(dot_rows)(const T *X, const double *w, double b, double *z, ptrdiff_t rows,
                           ptrdiff_t p)
{
#define TERM(lanes, j) (LOAD(lanes, x + (j)) * AT(lanes, w + (j)))
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const T *first = X + i * p;
        const VECTOR(LANES) zero = {0};
        VECTOR(LANES) a[4] = {zero, zero, zero, zero};
        ptrdiff_t j = 0;
        for (; j + LANES <= p; j += LANES)
            for (int r = 0; r < 4; r++)
                a[r] += LOAD(LANES, first + r * p + j) * AT(LANES, w + j);
        for (int r = 0; r < 4; r++) {
            const T *x = first + r * p;
            double total;
            FOLD(a[r], TERM, total);
            z[i + r] = total + b;
        }
    }
    for (; i < rows; i++)
        z[i] = LOOP(dot)(X + i * p, w, p, NULL) + b;
#undef TERM
}

/* w <- w + c x */
static void LOOP(add)(double c, const T *x, double *w, ptrdiff_t p)
{
#define STEP(lanes) AT(lanes, w + j) += c * LOAD(lanes, x + j)
    ptrdiff_t j = 0;
    for (; j + LANES <= p; j += LANES)
        STEP(LANES);
    REST(STEP)
#undef STEP
}

/* g <- g + sum_i r_i x_i for some rows, the sums of a few columns in registers at a time; meanwhile
 * as many rows that follow in memory, if any, are prefetched */
static void LOOP(add_rows)(const double *r, const T *X, double *g, ptrdiff_t rows, ptrdiff_t p)
{
#define STEP(lanes)                                               \
    do {                                                          \
        VECTOR(lanes) a = {0}, b = {0}, c = {0}, d = {0};         \
        for (i = 0; i + 4 <= rows; i += 4) {                      \
            a += r[i] * LOAD(lanes, X + i * p + j);               \
            b += r[i + 1] * LOAD(lanes, X + (i + 1) * p + j);     \
            c += r[i + 2] * LOAD(lanes, X + (i + 2) * p + j);     \
            d += r[i + 3] * LOAD(lanes, X + (i + 3) * p + j);     \
        }                                                         \
        for (; i < rows; i++)                                     \
            a += r[i] * LOAD(lanes, X + i * p + j);               \
        AT(lanes, g + j) += (a + b) + (c + d);                    \
    } while (0)
    ptrdiff_t i, j = 0;
    for (; j + 2 * LANES <= p; j += 2 * LANES) {
        VECTOR(LANES) a = {0}, b = {0}, c = {0}, d = {0};
        for (i = 0; i + 2 <= rows; i += 2) {
            const T *x = X + i * p + j, *next = x + p;
            for (size_t line = 0; line < 2 * LANES * sizeof(T); line += 64) {
                GDREGRESS_PREFETCH((const char *) (x + rows * p) + line);
                GDREGRESS_PREFETCH((const char *) (next + rows * p) + line);
            }
            a += r[i] * LOAD(LANES, x);
            b += r[i] * LOAD(LANES, x + LANES);
            c += r[i + 1] * LOAD(LANES, next);
            d += r[i + 1] * LOAD(LANES, next + LANES);
        }
        if (i < rows) {
            a += r[i] * LOAD(LANES, X + i * p + j);
            b += r[i] * LOAD(LANES, X + i * p + j + LANES);
        }
        AT(LANES, g + j) += a + c;
        AT(LANES, g + j + LANES) += b + d;
    }
    for (; j + LANES <= p; j += LANES)
        STEP(LANES);
    REST(STEP)
#undef STEP
}

/* The same as `dot_rows` and `add_rows` for four targets at once, so that each row is loaded once
 * for all of them: rows of w and g are `width` numbers apart, rows of z and r `stride`. */
static void LOOP(dot_four)(const T *X, const double *w, ptrdiff_t width, double *z,
                           ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t p)
{
#define TERM(lanes, j) (LOAD(lanes, x + (j)) * AT(lanes, w + t * width + (j)))
    for (ptrdiff_t i = 0; i < rows; i++) {
        const T *x = X + i * p;
        const VECTOR(LANES) zero = {0};
        VECTOR(LANES) a[4] = {zero, zero, zero, zero};
        ptrdiff_t j = 0;
        for (; j + LANES <= p; j += LANES)
            for (int t = 0; t < 4; t++)
                a[t] += TERM(LANES, j);
        for (int t = 0; t < 4; t++) {
            double total;
            FOLD(a[t], TERM, total);
            z[t * stride + i] = total + (width > p ? w[t * width + p] : 0.0);
        }
    }
#undef TERM
}

static void LOOP(add_four)(const double *r, ptrdiff_t stride, const T *X, double *g,
                           ptrdiff_t width, ptrdiff_t rows, ptrdiff_t p)
{
#define STEP(lanes)                                       \
    do {                                                  \
        VECTOR(lanes) a = {0}, b = {0}, c = {0}, d = {0}; \
        for (ptrdiff_t i = 0; i < rows; i++) {            \
            VECTOR(lanes) x = LOAD(lanes, X + i * p + j); \
            a += r[i] * x;                                \
            b += r[stride + i] * x;                       \
            c += r[2 * stride + i] * x;                   \
            d += r[3 * stride + i] * x;                   \
        }                                                 \
        AT(lanes, g + j) += a;                            \
        AT(lanes, g + width + j) += b;                    \
        AT(lanes, g + 2 * width + j) += c;                \
        AT(lanes, g + 3 * width + j) += d;                \
    } while (0)
    ptrdiff_t j = 0;
    for (; j + LANES <= p; j += LANES)
        STEP(LANES);
    REST(STEP)
#undef STEP
}

/* out <- out + sum_i s_i x_i^2 over some rows, whose weights s are 1 where there are none; four
 * rows at a time, so that the sums are seldom fetched and put back */
static void LOOP(add_squares)(const T *weights, const T *X, double *out, ptrdiff_t rows,
                              ptrdiff_t p)
{
#define STEP(lanes)                                                          \
    do {                                                                     \
        VECTOR(lanes) sum = {0};                                             \
        for (int r = 0; r < some; r++)                                       \
            sum += s[r] * LOAD(lanes, x + r * p + j) * LOAD(lanes, x + r * p + j); \
        AT(lanes, out + j) += sum;                                           \
    } while (0)
    for (ptrdiff_t i = 0; i < rows; i += 4) {
        const T *x = X + i * p;
        int some = rows - i < 4 ? (int) (rows - i) : 4;
        double s[4] = {1.0, 1.0, 1.0, 1.0};
        ptrdiff_t j = 0;
        for (int r = 0; r < some && weights != NULL; r++)
            s[r] = weights[i + r];
        for (; j + LANES <= p; j += LANES)
            STEP(LANES);
        REST(STEP)
    }
#undef STEP
}

/* sums <- sums + sum_i s_i d_i and squares <- squares + sum_i s_i d_i^2, d_i = x_i - shift, over some
 * rows, as in add_squares */
static void LOOP(add_deviations)(const T *weights, const T *X, const double *restrict shift,
                                 double *restrict sums, double *restrict squares, ptrdiff_t rows,
                                 ptrdiff_t p)
{
#define STEP(lanes)                                                                   \
    do {                                                                              \
        VECTOR(lanes) sum = {0}, square = {0};                                        \
        for (int r = 0; r < some; r++) {                                              \
            VECTOR(lanes) d = LOAD(lanes, x + r * p + j) - AT(lanes, shift + j);      \
            sum += s[r] * d;                                                          \
            square += s[r] * d * d;                                                   \
        }                                                                             \
        AT(lanes, sums + j) += sum;                                                   \
        AT(lanes, squares + j) += square;                                             \
    } while (0)
    for (ptrdiff_t i = 0; i < rows; i += 4) {
        const T *x = X + i * p;
        int some = rows - i < 4 ? (int) (rows - i) : 4;
        double s[4] = {1.0, 1.0, 1.0, 1.0};
        ptrdiff_t j = 0;
        for (int r = 0; r < some && weights != NULL; r++)
            s[r] = weights[i + r];
        for (; j + LANES <= p; j += LANES)
            STEP(LANES);
        REST(STEP)
    }
#undef STEP
}

/* out_i <- sum_j factors_j (x_ij - mean_j)^2 for some rows */
static void LOOP(square_rows)(const T *X, const double *mean, const double *factors, double *out,
                              ptrdiff_t rows, ptrdiff_t p)
{
#define CENTRED(lanes, j) (LOAD(lanes, x + (j)) - AT(lanes, mean + (j)))
#define TERM(lanes, j) (CENTRED(lanes, j) * CENTRED(lanes, j) * AT(lanes, factors + (j)))
    const T *none = NULL;
    for (ptrdiff_t i = 0; i < rows; i++) {
        const T *x = X + i * p;
        VECTOR(LANES) a = {0};
        ptrdiff_t j = 0;
        SUM_TERMS(TERM, none);
        FOLD(a, TERM, out[i]);
    }
#undef TERM
#undef CENTRED
}

/* low and high <- the smallest and largest numbers of each column in some rows, and what they are */
static void LOOP(extremes)(const T *X, double *restrict low, double *restrict high, ptrdiff_t rows,
                           ptrdiff_t p)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        const T *x = X + i * p;
        for (ptrdiff_t j = 0; j < p; j++) {
            double value = x[j];
            low[j] = value < low[j] ? value : low[j];
            high[j] = value > high[j] ? value : high[j];
        }
    }
}

/* The step of plain descent by one row of columns in units of their own, for which c is -lr r:
 *
 *     w <- prox(w + c sizes (x - mean) - lr drift),
 *
 * where the prox multiplies by `factors`, and in the clipped form applies thresholds before and
 * bounds after that. */
static void LOOP(move)(double c, const T *restrict x, const double *restrict mean,
                       const double *restrict sizes, double lr, const double *restrict drift,
                       const double *restrict factors, double *restrict w, ptrdiff_t p)
{
/* what does not wait for c is put together first */
#define STEP(lanes)                                                                       \
    AT(lanes, w + j) = (AT(lanes, w + j) - lr * AT(lanes, drift + j) +                    \
                        c * (AT(lanes, sizes + j) *                                       \
                             (LOAD(lanes, x + j) - AT(lanes, mean + j)))) *               \
                       AT(lanes, factors + j)
    ptrdiff_t j = 0;
    for (; j + LANES <= p; j += LANES)
        STEP(LANES);
    REST(STEP)
#undef STEP
}

static void LOOP(move_clipped)(double c, const T *restrict x, const double *restrict mean,
                               const double *restrict sizes, double lr,
                               const double *restrict drift, const double *restrict thresholds,
                               const double *restrict factors, const double *restrict lower,
                               const double *restrict upper, double *restrict w, ptrdiff_t p)
{
    for (ptrdiff_t j = 0; j < p; j++) {
        double v = w[j] - lr * drift[j] + c * (sizes[j] * (x[j] - mean[j]));
        double threshold = lr * thresholds[j];
        double clipped = v > threshold ? threshold : v;
        clipped = clipped < -threshold ? -threshold : clipped;
        v = (v - clipped) * factors[j];
        v = v < lower[j] ? lower[j] : v;
        w[j] = v > upper[j] ? upper[j] : v;
    }
}

/* out <- (x - shift) * factor, in panels of PANEL columns that are `apart` numbers apart */
static void LOOP(centre)(const T *x, const double *shift, double factor, double *out,
                         ptrdiff_t apart, ptrdiff_t columns)
{
#define STEP(lanes) AT(lanes, out + j) = (LOAD(lanes, x + j) - AT(lanes, shift + j)) * factor
    for (; columns > 0; columns -= PANEL, x += PANEL, shift += PANEL, out += apart) {
        ptrdiff_t p = columns < PANEL ? columns : PANEL, j = 0;
        for (; j + LANES <= p; j += LANES)
            STEP(LANES);
        REST(STEP)
    }
#undef STEP
}

#undef SUM_TERMS
