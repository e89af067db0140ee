// Whether one source can be compiled for several instruction sets in one file: GCC and Clang on x86-64 can,
// by pragmas; elsewhere the loops are compiled for the baseline alone, which on ARM64 has NEON.
#pragma once

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__)) && !defined(_MSC_VER)
#define UFLOW_X86_TARGETS 1
#else
#define UFLOW_X86_TARGETS 0
#endif
