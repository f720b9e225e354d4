/* All loops for the instruction set SET, in vectors of LANES doubles; both end here. */

#define T double
#include "dense_loops.h"
#undef T
#define T float
#include "dense_loops.h"
#undef T
#include "double_loops.h"

#define GDREGRESS_ENTRY(loop) .loop = NAMED(loop)
#define GDREGRESS_ROW_ENTRIES(T)                                                        \
    GDREGRESS_ENTRY(dot_##T), GDREGRESS_ENTRY(dot_centred_##T),                         \
        GDREGRESS_ENTRY(dot_rows_##T), GDREGRESS_ENTRY(dot_four_##T),                   \
        GDREGRESS_ENTRY(add_##T), GDREGRESS_ENTRY(add_rows_##T),                        \
        GDREGRESS_ENTRY(add_four_##T), GDREGRESS_ENTRY(add_squares_##T),                \
        GDREGRESS_ENTRY(add_deviations_##T), GDREGRESS_ENTRY(square_rows_##T),          \
        GDREGRESS_ENTRY(extremes_##T), GDREGRESS_ENTRY(centre_##T),                     \
        GDREGRESS_ENTRY(move_##T), GDREGRESS_ENTRY(move_clipped_##T)
#define GDREGRESS_LOSS_ENTRY(NAME, VALUE, SLOPE) {NAMED(NAME##_values), NAMED(NAME##_slopes)},

static const struct gdregress_loops NAMED(loops) = {
    .name = GDREGRESS_TEXT(SET),
    GDREGRESS_ROW_ENTRIES(double),
    GDREGRESS_ROW_ENTRIES(float),
    GDREGRESS_ENTRY(sum_of),
    GDREGRESS_ENTRY(shrink_all),
    GDREGRESS_ENTRY(shrink_each),
    GDREGRESS_ENTRY(add_gram),
    GDREGRESS_ENTRY(softmax_losses),
    GDREGRESS_ENTRY(softmax_both),
    GDREGRESS_ENTRY(softmax_slopes),
    .losses = {GDREGRESS_LOSSES(GDREGRESS_LOSS_ENTRY)},
};

#undef GDREGRESS_ENTRY
#undef GDREGRESS_ROW_ENTRIES
#undef GDREGRESS_LOSS_ENTRY
#undef SET
#undef LANES
