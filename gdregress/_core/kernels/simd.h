/* The loops that carry all dense work, for each instruction set, and the choice between them.
 *
 * On x86 GCC and Clang compile them for three generations of processors, so that one wheel is
 * fast on all of them; elsewhere for the one that the compiler builds for. They are called through
 * `chosen`, which `use_instruction_set` fills.
 */
#ifndef GDREGRESS_SIMD_H
#define GDREGRESS_SIMD_H

#include <stddef.h>
#include <string.h>

#include "losses.h"
#include "vector.h"

#ifdef GDREGRESS_GNU
/* volatile, as compilers drop calls of functions that do nothing but prefetch */
#define GDREGRESS_PREFETCH(address)  \
    do {                             \
        __builtin_prefetch(address); \
        __asm__ volatile("");        \
    } while (0)
#else
#define GDREGRESS_PREFETCH(address) ((void) (address))
#endif

/* Columns of the panels of `centre` and `add_gram`: a multiple of 3 LANES of every set, and of 4. */
enum { PANEL = 24 };

/* the loops over rows of numbers of type T: see dense_loops.h */
#define GDREGRESS_ROW_LOOPS(T)                                                                 \
    double (*dot_##T)(const T *x, const double *w, ptrdiff_t p, const T *next);                \
    double (*dot_centred_##T)(const T *x, const double *mean, const double *w, ptrdiff_t p,    \
                              const T *next);                                                  \
    void (*dot_rows_##T)(const T *X, const double *w, double b, double *z, ptrdiff_t rows,     \
                         ptrdiff_t p);                                                         \
    void (*dot_four_##T)(const T *X, const double *w, ptrdiff_t width, double *z,              \
                         ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t p);                       \
    void (*add_##T)(double c, const T *x, double *w, ptrdiff_t p);                             \
    void (*add_rows_##T)(const double *r, const T *X, double *g, ptrdiff_t rows, ptrdiff_t p); \
    void (*add_four_##T)(const double *r, ptrdiff_t stride, const T *X, double *g,             \
                         ptrdiff_t width, ptrdiff_t rows, ptrdiff_t p);                        \
    void (*add_squares_##T)(const T *weights, const T *X, double *out, ptrdiff_t rows,         \
                            ptrdiff_t p);                                                      \
    void (*add_deviations_##T)(const T *weights, const T *X, const double *shift,              \
                               double *sums, double *squares, ptrdiff_t rows, ptrdiff_t p);    \
    void (*square_rows_##T)(const T *X, const double *mean, const double *factors,             \
                            double *out, ptrdiff_t rows, ptrdiff_t p);                         \
    void (*extremes_##T)(const T *X, double *low, double *high, ptrdiff_t rows, ptrdiff_t p);  \
    void (*centre_##T)(const T *x, const double *shift, double factor, double *out,            \
                       ptrdiff_t apart, ptrdiff_t p);                                          \
    void (*move_##T)(double c, const T *x, const double *mean, const double *sizes, double lr, \
                     const double *drift, const double *factors, double *w, ptrdiff_t p);      \
    void (*move_clipped_##T)(double c, const T *x, const double *mean, const double *sizes,    \
                             double lr, const double *drift, const double *thresholds,         \
                             const double *factors, const double *lower, const double *upper,  \
                             double *w, ptrdiff_t p);

#define GDREGRESS_COUNT(NAME, VALUE, SLOPE) +1
#define GDREGRESS_NAME(NAME, VALUE, SLOPE) #NAME,
static const char *const gdregress_loss_names[] = {GDREGRESS_LOSSES(GDREGRESS_NAME)};

/* all loops for an instruction set; those of doubles alone see double_loops.h */
struct gdregress_loops {
    const char *name;
    GDREGRESS_ROW_LOOPS(double)
    GDREGRESS_ROW_LOOPS(float)
    double (*sum_of)(const double *x, ptrdiff_t p);
    void (*shrink_all)(double *w, double threshold, double factor, ptrdiff_t p);
    void (*shrink_each)(double *w, const double *l1s, const double *l2s, double step_size,
                        ptrdiff_t p);
    void (*add_gram)(const double *B, ptrdiff_t apart, double *S, ptrdiff_t width,
                     ptrdiff_t rows, ptrdiff_t q);
    void (*softmax_losses)(const double *y, double *z, double *out, ptrdiff_t stride,
                           ptrdiff_t k, ptrdiff_t m);
    void (*softmax_both)(const double *y, double *z, double *out, ptrdiff_t stride, ptrdiff_t k,
                         ptrdiff_t m);
    void (*softmax_slopes)(const double *y, double *z, ptrdiff_t stride, ptrdiff_t k, ptrdiff_t m);
    struct {
        void (*values)(const double *y, const double *z, double *out, double c, ptrdiff_t m);
        void (*slopes)(const double *y, double *z, double c, ptrdiff_t m);
    } losses[0 GDREGRESS_LOSSES(GDREGRESS_COUNT)];
};

/* Names of the loops: NAMED(f) is f_avx2, and LOOP(f) is f_float_avx2 where T is float. */
#define GDREGRESS_WITH(name, suffix) GDREGRESS_JOIN(name##_, suffix)
#define NAMED(name) GDREGRESS_WITH(name, SET)
#define GDREGRESS_LOOP(name, T) GDREGRESS_JOIN(GDREGRESS_JOIN(name##_, T), GDREGRESS_JOIN(_, SET))
#define LOOP(name) GDREGRESS_LOOP(name, T)

#define GDREGRESS_TEXT_(text) #text
#define GDREGRESS_TEXT(text) GDREGRESS_TEXT_(text)

#define SET baseline
#ifdef GDREGRESS_GNU
#define LANES 2 /* as SSE2 and NEON have */
#else
#define LANES 1
#endif
#include "instruction_set.h"

#if defined(GDREGRESS_GNU) && defined(__x86_64__)
#include <cpuid.h>

#define GDREGRESS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define GDREGRESS_TARGET(features) \
    GDREGRESS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define GDREGRESS_TARGET_END _Pragma("clang attribute pop")
#else
#define GDREGRESS_TARGET(features) \
    _Pragma("GCC push_options") GDREGRESS_PRAGMA(GCC target(features))
#define GDREGRESS_TARGET_END _Pragma("GCC pop_options")
#endif

GDREGRESS_TARGET("avx2,fma")
#define SET avx2
#define LANES 4
#include "instruction_set.h"
GDREGRESS_TARGET_END

GDREGRESS_TARGET("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define SET avx512
#define LANES 8
#include "instruction_set.h"
GDREGRESS_TARGET_END

/* How many of the sets below, each of which has those before it, processor and system have: the
 * bits of cpuid, and those of the registers that the system saves. */
static int count_instruction_sets(void)
{
    const unsigned avx512 = bit_AVX512F | bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW;
    unsigned a, b, c, d, saved, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_FMA))
        return 1;
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & 0x06) != 0x06 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2))
        return 1;
    return (saved & 0xe6) == 0xe6 && (b & avx512) == avx512 ? 3 : 2;
}

static const struct gdregress_loops *const gdregress_sets[] = {
    &loops_baseline, &loops_avx2, &loops_avx512};
#else
static int count_instruction_sets(void)
{
    return 1;
}

static const struct gdregress_loops *const gdregress_sets[] = {&loops_baseline};
#endif

/* the loops in use */
static struct gdregress_loops chosen;

static const char *instruction_set_name(int number)
{
    return gdregress_sets[number]->name;
}

static void use_instruction_set(int number)
{
    chosen = *gdregress_sets[number];
}

/* by what this was compiled */
#if defined(__clang__)
#define GDREGRESS_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define GDREGRESS_COMPILER "gcc " __VERSION__
#elif defined(_MSC_VER)
#define GDREGRESS_COMPILER "MSVC " GDREGRESS_TEXT(_MSC_VER)
#else
#define GDREGRESS_COMPILER "an unknown compiler"
#endif

/* The loop in use for the type of number that the rows, x or X, have. */
#define GDREGRESS_OF(x, loop) \
    _Generic((x), const double *: chosen.loop##_double, const float *: chosen.loop##_float)

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
#define gdregress_add_deviations(weights, X, shift, sums, squares, rows, p) \
    GDREGRESS_OF(X, add_deviations)(weights, X, shift, sums, squares, rows, p)
#define gdregress_square_rows(X, mean, factors, out, rows, p) \
    GDREGRESS_OF(X, square_rows)(X, mean, factors, out, rows, p)
#define gdregress_extremes(X, low, high, rows, p) GDREGRESS_OF(X, extremes)(X, low, high, rows, p)
#define gdregress_centre(x, shift, factor, out, apart, p) \
    GDREGRESS_OF(x, centre)(x, shift, factor, out, apart, p)
#define gdregress_move(c, x, mean, sizes, lr, drift, factors, w, p) \
    GDREGRESS_OF(x, move)(c, x, mean, sizes, lr, drift, factors, w, p)
#define gdregress_move_clipped(c, x, mean, sizes, lr, drift, thresholds, factors, lower, upper, \
                               w, p)                                                      \
    GDREGRESS_OF(x, move_clipped)(c, x, mean, sizes, lr, drift, thresholds, factors, lower, \
                                  upper, w, p)

/* The place of a loss in the table, -1 for one that has no loops here */
static int loss_number(const char *name)
{
    int count = (int) (sizeof gdregress_loss_names / sizeof *gdregress_loss_names);
    for (int number = 0; number < count; number++)
        if (strcmp(name, gdregress_loss_names[number]) == 0)
            return number;
    return -1;
}

static inline void add_losses(int number, const double *y, const double *z, double *out,
                              double parameter, ptrdiff_t m)
{
    chosen.losses[number].values(y, z, out, parameter, m);
}

static inline void take_slopes(int number, const double *y, double *z, double parameter,
                               ptrdiff_t m)
{
    chosen.losses[number].slopes(y, z, parameter, m);
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

/* names too short to be left to what follows */
#undef VECTOR
#undef AT
#undef LOAD
#undef REST
#undef FOLD
#undef NAMED
#undef LOOP

#endif
