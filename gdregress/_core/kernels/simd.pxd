cdef extern from "simd.h":
    const char *COMPILER "GDREGRESS_COMPILER"
    int count_instruction_sets()
    const char *instruction_set_name(int number)
    void c_use_instruction_set "use_instruction_set"(int number)
