/* The loops over doubles alone, for one instruction set: see simd.h. */

/* the sum of p numbers */
static double NAMED(sum_of)(const double *x, ptrdiff_t p)
{
#define TERM(lanes, j) AT(lanes, x + (j))
    VECTOR(LANES) a = {0}, b = {0}, c = {0}, d = {0};
    ptrdiff_t j = 0;
    double total;
    for (; j + 4 * LANES <= p; j += 4 * LANES) {
        a += TERM(LANES, j);
        b += TERM(LANES, j + LANES);
        c += TERM(LANES, j + 2 * LANES);
        d += TERM(LANES, j + 3 * LANES);
    }
    for (; j + LANES <= p; j += LANES)
        a += TERM(LANES, j);
    a = (a + b) + (c + d);
    FOLD(a, TERM, total);
    return total;
#undef TERM
}

/* w <- (w - clip(w, -threshold, threshold)) * factor */
static void NAMED(shrink_all)(double *w, double threshold, double factor, ptrdiff_t p)
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
static void NAMED(shrink_each)(double *w, const double *l1s, const double *l2s, double step_size,
                               ptrdiff_t p)
{
    for (ptrdiff_t j = 0; j < p; j++) {
        double v = w[j], threshold = step_size * l1s[j];
        double c = v > threshold ? threshold : v;
        c = c < -threshold ? -threshold : c;
        w[j] = (v - c) / (1.0 + step_size * l2s[j]);
    }
}

/* S <- S + B'B on and above the diagonal, tile by tile of 4 x 3 LANES sums that stay in registers.
 *
 * The q columns of B lie in panels of PANEL, which are `apart` numbers apart, each row of a panel
 * next to the other, so that a tile reads memory from end to end. S has rows of `width` numbers. */
static void NAMED(add_gram)(const double *B, ptrdiff_t apart, double *S, ptrdiff_t width,
                            ptrdiff_t rows, ptrdiff_t q)
{
    for (ptrdiff_t j = 0; j < q; j += 3 * LANES)
        for (ptrdiff_t i = 0; i < q && i < j + 3 * LANES; i += 4) {
            const double *left = B + i / PANEL * apart + i % PANEL;
            const double *right = B + j / PANEL * apart + j % PANEL;
            const VECTOR(LANES) zero = {0};
            VECTOR(LANES) sums[4][3];
            for (int t = 0; t < 4; t++)
                for (int v = 0; v < 3; v++)
                    sums[t][v] = zero;
            for (ptrdiff_t r = 0; r < rows; r++, left += PANEL, right += PANEL)
                for (int t = 0; t < 4; t++)
                    for (int v = 0; v < 3; v++)
                        sums[t][v] += left[t] * AT(LANES, right + v * LANES);
            for (int t = 0; t < 4; t++)
                for (int v = 0; v < 3; v++)
                    AT(LANES, S + (i + t) * width + j + v * LANES) += sums[t][v];
        }
}

GDREGRESS_LOSSES(GDREGRESS_LOSS_LOOPS)

/* Softmax of m rows, as many at a time as fill vectors: the losses, both, or the slopes */
#define GDREGRESS_SOFTMAX(losses, slopes)                                                       \
    do {                                                                                        \
        ptrdiff_t a = 0;                                                                        \
        for (; a + GDREGRESS_COLUMNS <= m; a += GDREGRESS_COLUMNS)                              \
            softmax_of_columns(y + a, z + a, out + a, stride, k, GDREGRESS_COLUMNS, losses, slopes); \
        if (a < m)                                                                              \
            softmax_of_columns(y + a, z + a, out + a, stride, k, m - a, losses, slopes);        \
    } while (0)

static void NAMED(softmax_losses)(const double *y, double *z, double *out, ptrdiff_t stride,
                                  ptrdiff_t k, ptrdiff_t m)
{
    GDREGRESS_SOFTMAX(1, 0);
}

static void NAMED(softmax_both)(const double *y, double *z, double *out, ptrdiff_t stride,
                                ptrdiff_t k, ptrdiff_t m)
{
    GDREGRESS_SOFTMAX(1, 1);
}

static void NAMED(softmax_slopes)(const double *y, double *z, ptrdiff_t stride, ptrdiff_t k,
                                  ptrdiff_t m)
{
    double out[GDREGRESS_COLUMNS];
    if (stride == 1) { /* a single row, whose classes lie side by side */
        softmax_of_columns(y, z, out, 1, k, 1, 0, 1);
        return;
    }
    GDREGRESS_SOFTMAX(0, 1);
}

#undef GDREGRESS_SOFTMAX
