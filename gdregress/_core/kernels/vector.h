/* Vectors of LANES doubles, as long as the registers of the instruction set whose loops follow:
 * longer ones would be kept in memory, shorter ones leave a part of each register unused.
 *
 * They are an extension of GCC and Clang; elsewhere, or where GDREGRESS_PORTABLE is defined, LANES
 * is 1. No function takes or returns a vector: how it would be handed over depends on the
 * instruction set.
 */
#ifndef GDREGRESS_VECTOR_H
#define GDREGRESS_VECTOR_H

#if (defined(__GNUC__) || defined(__clang__)) && !defined(GDREGRESS_PORTABLE)
#define GDREGRESS_GNU
#endif

#define GDREGRESS_JOIN_(a, b) a##b
#define GDREGRESS_JOIN(a, b) GDREGRESS_JOIN_(a, b)

/* A type, as many doubles at w, and as many numbers of type T at x as doubles. */
#define VECTOR(lanes) GDREGRESS_JOIN(double, lanes)
#define AT(lanes, w) (*(VECTOR(lanes) *) (w))
#define LOAD(lanes, x) GDREGRESS_JOIN(LOAD_, lanes)(x)

typedef double double1;
#define LOAD_1(x) ((double) *(x))

#ifdef GDREGRESS_GNU
#define GDREGRESS_TYPES(T)                                                                    \
    typedef T T##2 __attribute__((vector_size(2 * sizeof(T)), aligned(sizeof(T)), may_alias)); \
    typedef T T##4 __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias)); \
    typedef T T##8 __attribute__((vector_size(8 * sizeof(T)), aligned(sizeof(T)), may_alias));
GDREGRESS_TYPES(double)
GDREGRESS_TYPES(float)

#define GDREGRESS_CONVERTED(lanes, x) \
    __builtin_convertvector(*(const GDREGRESS_JOIN(T, lanes) *) (x), VECTOR(lanes))
#define LOAD_2(x) GDREGRESS_CONVERTED(2, x)
#define LOAD_4(x) GDREGRESS_CONVERTED(4, x)
#define LOAD_8(x) GDREGRESS_CONVERTED(8, x)
#endif

/* What is left at j of p numbers, fewer than LANES: four, two and one of them, as often as there
 * are. STEP(lanes) takes so many. */
#define REST(STEP) GDREGRESS_JOIN(REST_, LANES)(STEP)
#define REST_1(STEP)
#define REST_2(STEP) GDREGRESS_REST_OF(1, STEP)
#define REST_4(STEP) GDREGRESS_REST_OF(2, STEP) REST_2(STEP)
#define REST_8(STEP) GDREGRESS_REST_OF(4, STEP) REST_4(STEP)
#define GDREGRESS_REST_OF(lanes, STEP) \
    if (j + lanes <= p) {              \
        STEP(lanes);                   \
        j += lanes;                    \
    }

/* total <- the sum of the numbers of a vector, and of the products TERM(lanes) that are left. */
#define FOLD(vector, TERM, total) GDREGRESS_JOIN(FOLD_, LANES)(vector, TERM, total)
#define FOLD_1(one, TERM, total) total = one
#define FOLD_2(two, TERM, total)      \
    do {                              \
        total = (two)[0] + (two)[1];  \
        if (j < p)                    \
            total += TERM(1, j);      \
    } while (0)
#define FOLD_4(four, TERM, total)                                 \
    do {                                                          \
        VECTOR(2) two = AT(2, &four) + AT(2, (double *) &four + 2); \
        ptrdiff_t before_two = j;                                 \
        if (j + 2 <= p) {                                         \
            two += TERM(2, j);                                    \
            j += 2;                                               \
        }                                                         \
        FOLD_2(two, TERM, total);                                 \
        j = before_two;                                           \
    } while (0)
#define FOLD_8(eight, TERM, total)                                    \
    do {                                                              \
        VECTOR(4) four = AT(4, &eight) + AT(4, (double *) &eight + 4); \
        ptrdiff_t before_four = j;                                    \
        if (j + 4 <= p) {                                             \
            four += TERM(4, j);                                       \
            j += 4;                                                   \
        }                                                             \
        FOLD_4(four, TERM, total);                                    \
        j = before_four;                                              \
    } while (0)

#endif
