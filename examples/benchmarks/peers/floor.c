/* The least that an epoch of squared error can cost: a dot product and an axpy per row.
 *
 * The loops over the numbers of a row and the prefetching are those of the kernels. A learning
 * rate of 0 leaves the updates out: the intercept takes in the sum of the residuals, and the rest
 * is the time that the rows take to arrive.
 *
 * X rows, y targets, w parameters with the intercept last, n rows in the order, p features.
 */
#include "sparse.h"

/* Use the loops of an instruction set, which must be one that the processor has. */
void use(const char *name)
{
    for (int number = 0; number < count_instruction_sets(); number++)
        if (strcmp(name, instruction_set_name(number)) == 0)
            use_instruction_set(number);
}

enum { DISTANCE = 12, SPARSE_DISTANCE = 8, LONG_ROW = 128 };

#define FLOOR(T)                                                                               \
    void floor_##T(const T *X, const T *y, const long long *order, ptrdiff_t n, ptrdiff_t p,   \
                   double learning_rate, double *w)                                            \
    {                                                                                          \
        for (ptrdiff_t a = 0; a < n; a++) {                                                    \
            const T *x = X + order[a] * p, *next = NULL;                                       \
            if (a + DISTANCE < n) {                                                            \
                next = X + order[a + DISTANCE] * p;                                            \
                prefetch(next, next + p);                                                      \
                prefetch(y + order[a + DISTANCE], y + order[a + DISTANCE] + 1);                \
            }                                                                                  \
            double residual = w[p] + gdregress_dot(x, w, p, p > LONG_ROW ? next : NULL)        \
                              - y[order[a]];                                                   \
            if (learning_rate == 0.0) {                                                        \
                w[p] += residual;                                                              \
            } else {                                                                           \
                gdregress_add(-learning_rate * residual, x, w, p);                             \
                w[p] -= learning_rate * residual;                                              \
            }                                                                                  \
        }                                                                                      \
    }

#define SPARSE_FLOOR(T, I, name)                                                               \
    void floor_##name(const T *data, const I *indices, const I *indptr, const T *y,            \
                      const long long *order, ptrdiff_t n, ptrdiff_t p, double learning_rate,  \
                      double *w)                                                               \
    {                                                                                          \
        for (ptrdiff_t a = 0; a < n; a++) {                                                    \
            ptrdiff_t next = -1, i = order[a], m = indptr[i + 1] - indptr[i];                  \
            if (a + 2 * SPARSE_DISTANCE < n) {                                                 \
                const I *later = indptr + order[a + 2 * SPARSE_DISTANCE];                      \
                prefetch(later, later + 2);                                                    \
            }                                                                                  \
            if (a + SPARSE_DISTANCE < n) {                                                     \
                next = indptr[order[a + SPARSE_DISTANCE]];                                     \
                prefetch(y + order[a + SPARSE_DISTANCE], y + order[a + SPARSE_DISTANCE] + 1);  \
            }                                                                                  \
            double residual =                                                                  \
                w[p] + gdregress_sparse_dot(data, indices, indptr[i], m, w, next) - y[i];      \
            if (learning_rate != 0.0)                                                          \
                gdregress_sparse_add(-learning_rate * residual, data, indices, indptr[i], m, w); \
            w[p] += learning_rate == 0.0 ? residual : -learning_rate * residual;               \
        }                                                                                      \
    }

FLOOR(double)
FLOOR(float)
SPARSE_FLOOR(double, int, double_int)
SPARSE_FLOOR(float, int, float_int)
SPARSE_FLOOR(double, long long, double_long)
SPARSE_FLOOR(float, long long, float_long)
