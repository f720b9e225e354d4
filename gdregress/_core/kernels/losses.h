/* Losses and slopes of many rows at once: their formulas, and loops over them for simd.h.
 *
 * exp, log1p and tanh are written without branches and for the ranges that occur, so that
 * compilers make vectors of the loops over them; they are exact to a few units in the last place.
 * Calls of the C library's would take as long as the rest of a pass over the rows.
 */
#ifndef GDREGRESS_LOSSES_H
#define GDREGRESS_LOSSES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* e^x / 2^halvings for -708 <= x <= 709.
 *
 * x = n log 2 + r with |r| <= log(2) / 2; 1 + r and r^2 times a polynomial fitted to
 * (e^r - 1 - r) / r^2 at Chebyshev's points; times 2^n.
 * Adding 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
 */
static inline double exp_in_range(double x, uint64_t halvings)
{
    const double round = 6755399441055744.0;
    double n = x * 1.4426950408889634 + round;
    uint64_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= round;
    /* log 2 in two parts, the first of which has so few digits that its product is exact */
    double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double sum = 2.510038549551032e-08;
    sum = sum * r + 2.7620088445409746e-07;
    sum = sum * r + 2.7557268459997064e-06;
    sum = sum * r + 2.4801521295954376e-05;
    sum = sum * r + 0.00019841269863053618;
    sum = sum * r + 0.0013888888917213717;
    sum = sum * r + 0.008333333333330062;
    sum = sum * r + 0.04166666666662413;
    sum = sum * r + 0.16666666666666669;
    sum = sum * r + 0.5000000000000001;
    double e = (sum * r * r + r) + 1.0;
    bits = (bits + 1023 - halvings) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return e * power;
}

/* e^x for x <= 0, and 0 below -708, where the results would lose digits. */
static inline double exp_below_zero(double x)
{
    double e = exp_in_range(x < -708.0 ? -708.0 : x, 0);
    return x < -708.0 ? 0.0 : e;
}

/* e^x, and infinity above 709.78; 2^1024 is no double, but half of it is. */
static inline double exp_of(double x)
{
    double near = x < -708.0 ? -708.0 : x;
    double e = 2.0 * exp_in_range(near > 709.79 ? 709.79 : near, 1);
    return x < -708.0 ? 0.0 : (x > 709.79 ? HUGE_VAL : e);
}

/* e^d - 1 - d for |d| < 0.1, the series that gdregress.losses has as well */
static inline double exp_remainder_of(double d)
{
    double sum = 1.0 / 39916800.0;
    sum = sum * d + 1.0 / 3628800.0;
    sum = sum * d + 1.0 / 362880.0;
    sum = sum * d + 1.0 / 40320.0;
    sum = sum * d + 1.0 / 5040.0;
    sum = sum * d + 1.0 / 720.0;
    sum = sum * d + 1.0 / 120.0;
    sum = sum * d + 1.0 / 24.0;
    sum = sum * d + 1.0 / 6.0;
    sum = sum * d + 0.5;
    return d * d * sum;
}

/* log(1 + e) for -1/2 <= e <= 1: 2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...), s = e / (2 + e). What
 * follows s is s^3 times a polynomial in q = s^2 fitted to (artanh(s) / s - 1) / q at Chebyshev's
 * points on [0, 1 / 9], which is as exact as twice as many terms of the series. */
static inline double log1p_below_one(double e)
{
    double s = e / (2.0 + e), q = s * s;
    double sum = 0.08082022805971766;
    sum = sum * q + 0.04400369243072337;
    sum = sum * q + 0.06000536404795356;
    sum = sum * q + 0.06657072104827468;
    sum = sum * q + 0.07692785032479312;
    sum = sum * q + 0.09090894718066429;
    sum = sum * q + 0.11111111358713932;
    sum = sum * q + 0.1428571428355438;
    sum = sum * q + 0.20000000000007292;
    sum = sum * q + 0.3333333333333333;
    return 2.0 * (s + s * q * sum);
}

/* log(1 + x) for x >= 0: above 1 it is n log 2 + log(1 + e) with 1 + x = 2^n (1 + e), n being the
 * exponent of a double; its digits put into 2^52 are those of 2^52 + n. */
static inline double log1p_above_zero(double x)
{
    const double two_to_52 = 4503599627370496.0;
    double sum = 1.0 + x;
    uint64_t bits, number, digits = ((uint64_t) 1 << 52) - 1, one = (uint64_t) 1023 << 52;
    memcpy(&bits, &sum, sizeof bits);
    number = (bits >> 52) | ((uint64_t) 1075 << 52);
    bits = (bits & digits) | one;
    double n, scaled;
    memcpy(&n, &number, sizeof n);
    memcpy(&scaled, &bits, sizeof scaled);
    n -= two_to_52 + 1023.0;
    double e = x < 1.0 ? x : scaled - 1.0;
    /* x - x is what is no number of an x that is none */
    return (x < 1.0 ? 0.0 : n * 0.6931471805599453) + log1p_below_one(e) + (x - x);
}

/* log x for x > 0: n log 2 + log(1 + e) with x = 2^n (1 + e) and |e| below a half, so that no
 * digits cancel near x = 1; the exponent is read as above. Smaller numbers than 2^-1022 have fewer
 * digits, and are multiplied first. */
static inline double log_of(double x)
{
    const double two_to_52 = 4503599627370496.0;
    double small = x < 2.2250738585072014e-308 ? 1.0 : 0.0;
    double normal = x * (1.0 + small * (two_to_52 - 1.0));
    uint64_t bits, number, digits = ((uint64_t) 1 << 52) - 1, one = (uint64_t) 1023 << 52;
    memcpy(&bits, &normal, sizeof bits);
    number = (bits >> 52) | ((uint64_t) 1075 << 52);
    bits = (bits & digits) | one;
    double n, scaled;
    memcpy(&n, &number, sizeof n);
    memcpy(&scaled, &bits, sizeof scaled);
    double large = scaled > 1.4142135623730951 ? 1.0 : 0.0;
    n += large - small * 52.0 - (two_to_52 + 1023.0);
    return n * 0.6931471805599453 + log1p_below_one(scaled * (1.0 - large * 0.5) - 1.0);
}

/* The sign of r times tanh of |r| = (1 - e) / (1 + e), e = exp(-2 |r|); near zero, where digits of
 * 1 - e would be lost, r - r^3 / 3 + 2 r^5 / 15 - ..., the series to the 19th power. */
static inline double tanh_by_exp(double r)
{
    double e = exp_below_zero(-2.0 * fabs(r)), q = r * r;
    double sum = -443861162.0 / 1856156927625.0;
    sum = sum * q + 6404582.0 / 10854718875.0;
    sum = sum * q - 929569.0 / 638512875.0;
    sum = sum * q + 21844.0 / 6081075.0;
    sum = sum * q - 1382.0 / 155925.0;
    sum = sum * q + 62.0 / 2835.0;
    sum = sum * q - 17.0 / 315.0;
    sum = sum * q + 2.0 / 15.0;
    sum = sum * q - 1.0 / 3.0;
    double far = (1.0 - e) / (1.0 + e);
    far = r < 0.0 ? -far : far;
    return q < 0.04 ? r + r * q * sum : far;
}

/* |r| + log(1 + e) - log 2, e = exp(-2 |r|); near zero, where digits would be lost,
 * r^2 / 2 - r^4 / 12 + r^6 / 45 - ..., the integral of the series of `tanh_by_exp`. */
static inline double log_cosh(double r)
{
    double e = exp_below_zero(-2.0 * fabs(r)), q = r * r;
    double sum = 3202291.0 / 97692469875.0;
    sum = sum * q - 929569.0 / 10216206000.0;
    sum = sum * q + 10922.0 / 42567525.0;
    sum = sum * q - 691.0 / 935550.0;
    sum = sum * q + 31.0 / 14175.0;
    sum = sum * q - 17.0 / 2520.0;
    sum = sum * q + 1.0 / 45.0;
    sum = sum * q - 1.0 / 12.0;
    sum = sum * q + 0.5;
    double far = fabs(r) + log1p_below_one(e) - 0.6931471805599453;
    return q < 0.04 ? q * sum : far;
}

/* r within [-bound, bound] */
static inline double clipped(double r, double bound)
{
    double c = r > bound ? bound : r;
    return c < -bound ? -bound : c;
}

static inline double sign_of(double r)
{
    return r > 0.0 ? 1.0 : (r < 0.0 ? -1.0 : 0.0);
}

/* The slope of the log loss, -y / (1 + exp(y z)) */
static inline double log_loss_slope(double y, double z)
{
    double small = exp_below_zero(-fabs(z));
    return -y * (y * z > 0.0 ? small : 1.0) / (1.0 + small);
}

/* Half of two deviances, see gdregress.losses for d; the other terms cancel near d = 0. */
static inline double poisson_loss(double y, double z)
{
    double log_y = log_of(y), d = z - (y > 0.0 ? log_y : 0.0);
    double far = exp_of(z) - y - y * d, near = y * exp_remainder_of(d);
    return y > 0.0 && fabs(d) < 0.1 ? near : far;
}

static inline double gamma_loss(double y, double z)
{
    double d = log_of(y) - z, far = y * exp_of(-z) - 1.0 - d, near = exp_remainder_of(d);
    return fabs(d) < 0.1 ? near : far;
}

/* Of one prediction z of y each: the name of the Python class, the loss and its slope in terms of
 * y, z, the residual r = z - y, the margin q = y z and the parameter c. Comparisons are such that
 * the loss of a prediction that is not a number is none either. */
#define GDREGRESS_LOSSES(LOSS)                                                             \
    LOSS(SquaredError, r *r / 2, r)                                                        \
    LOSS(Huber, clipped(r, c) * (r - clipped(r, c) / 2), clipped(r, c))                    \
    LOSS(AbsoluteError, fabs(r), sign_of(r))                                               \
    LOSS(LogCosh, log_cosh(r), tanh_by_exp(r))                                             \
    LOSS(Quantile, fabs(r) / 2 + (0.5 - c) * r,                                            \
         sign_of(r) / 2 + (0.5 - c) * fabs(sign_of(r)))                                    \
    LOSS(EpsilonInsensitive, fabs(r - clipped(r, c)), sign_of(r - clipped(r, c)))          \
    LOSS(SquaredEpsilonInsensitive, (r - clipped(r, c)) * (r - clipped(r, c)),             \
         2 * (r - clipped(r, c)))                                                          \
    LOSS(Poisson, poisson_loss(y, z), exp_of(z) - y)                                       \
    LOSS(Gamma, gamma_loss(y, z), 1.0 - y * exp_of(-z))                                    \
    LOSS(LogLoss, (q > 0.0 ? 0.0 : -q) + log1p_below_one(exp_below_zero(-fabs(q))),        \
         log_loss_slope(y, z))                                                             \
    LOSS(Hinge, q >= 1.0 ? 0.0 : 1.0 - q, q < 1.0 ? -y : 0.0)                              \
    LOSS(SquaredHinge, q >= 1.0 ? 0.0 : (1.0 - q) * (1.0 - q),                             \
         q >= 1.0 ? 0.0 : -2.0 * y * (1.0 - q))                                            \
    LOSS(ModifiedHuber,                                                                    \
         q >= 1.0 ? 0.0 : clipped(1.0 - q, 2.0) * (2.0 * (1.0 - q) - clipped(1.0 - q, 2.0)), \
         q >= 1.0 ? 0.0 : -2.0 * y * clipped(1.0 - q, 2.0))                                \
    LOSS(Perceptron, q >= 0.0 ? 0.0 : -q, q <= 0.0 ? -y : 0.0)

/* The loops of a loss: out <- out + losses; z <- slopes */
#define GDREGRESS_LOSS_LOOPS(NAME, VALUE, SLOPE)                                              \
    static void NAMED(NAME##_values)(const double *targets, const double *zs, double *out,    \
                                     double c, ptrdiff_t m)                                   \
    {                                                                                         \
        (void) c;                                                                             \
        for (ptrdiff_t a = 0; a < m; a++) {                                                   \
            double y = targets[a], z = zs[a], r = z - y, q = y * z;                           \
            (void) r, (void) q;                                                               \
            out[a] += VALUE;                                                                  \
        }                                                                                     \
    }                                                                                         \
    static void NAMED(NAME##_slopes)(const double *targets, double *zs, double c, ptrdiff_t m) \
    {                                                                                         \
        (void) c;                                                                             \
        for (ptrdiff_t a = 0; a < m; a++) {                                                   \
            double y = targets[a], z = zs[a], r = z - y, q = y * z;                           \
            (void) r, (void) q;                                                               \
            zs[a] = SLOPE;                                                                    \
        }                                                                                     \
    }

/* Softmax: the columns of z are rows of the data, its k rows, `stride` numbers apart, classes.
 * A few columns at a time; `width` is a constant where it is inlined, which makes vectors. */
#define GDREGRESS_COLUMNS 8
#if defined(__GNUC__) || defined(__clang__)
#define GDREGRESS_INLINE __attribute__((always_inline)) static inline
#else
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

/* out <- (top - z_y) + log(1 + rest), where rest is the sum of e^(z_t - top) without that of the
 * top; z_t <- P_t, but z_y <- -(sum of all other P_t). One or both: `losses` and `slopes` are
 * constants. Where the own class is the top, the sum of the others is the rest; else nothing cancels
 * where its own term is taken from the whole. */
GDREGRESS_INLINE void softmax_of_columns(const double *y, double *z, double *out,
                                         ptrdiff_t stride, ptrdiff_t k, ptrdiff_t width,
                                         int losses, int slopes)
{
    double top[GDREGRESS_COLUMNS], own[GDREGRESS_COLUMNS], wrong[GDREGRESS_COLUMNS];
    double rest[GDREGRESS_COLUMNS], share[GDREGRESS_COLUMNS];
    largest_of_columns(z, stride, k, width, top);
    for (ptrdiff_t a = 0; a < width; a++) {
        own[a] = z[(ptrdiff_t) y[a] * stride + a] - top[a];
        rest[a] = -1.0;
        share[a] = 0.0;
    }
    for (ptrdiff_t t = 0; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++) {
            double below = z[t * stride + a] - top[a], e = exp_below_zero(below);
            if (slopes)
                z[t * stride + a] = e;
            /* factors, as compilers make no vectors of choices here */
            double is_below = below < 0.0 ? 1.0 : 0.0;
            share[a] += e * is_below;
            rest[a] += 1.0 - is_below;
        }
    for (ptrdiff_t a = 0; a < width; a++) {
        rest[a] += share[a];
        if (losses)
            out[a] = log1p_above_zero(rest[a]) - own[a];
        share[a] = 1.0 / (1.0 + rest[a]);
        wrong[a] = own[a] >= 0.0 ? rest[a] : (1.0 + rest[a]) - exp_below_zero(own[a]);
    }
    if (!slopes)
        return;
    for (ptrdiff_t t = 0; t < k; t++)
        for (ptrdiff_t a = 0; a < width; a++)
            z[t * stride + a] *= share[a];
    for (ptrdiff_t a = 0; a < width; a++)
        z[(ptrdiff_t) y[a] * stride + a] = -wrong[a] * share[a];
}

#endif
