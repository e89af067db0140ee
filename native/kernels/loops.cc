#include "loops.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "targets.h"

// The same loops once per instruction set, each in a namespace of its own. What is included above is compiled
// for the baseline, so that no inline function of the standard library can carry instructions that a
// processor lacks.
#define UFLOW_TARGET baseline
#include "loops.inl"
#undef UFLOW_TARGET

#if UFLOW_X86_TARGETS

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define UFLOW_TARGET avx2
#include "loops.inl"
#undef UFLOW_TARGET
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#define UFLOW_TARGET avx512
#include "loops.inl"
#undef UFLOW_TARGET
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // UFLOW_X86_TARGETS

namespace uflow {
namespace {

std::atomic<InstructionSet>& chosen() {
  static std::atomic<InstructionSet> set = available_instruction_sets().back();
  return set;
}

}  // namespace

const Loops& loops() {
  switch (instruction_set_in_use()) {
#if UFLOW_X86_TARGETS
    case InstructionSet::avx2:
      return avx2::loops;
    case InstructionSet::avx512:
      return avx512::loops;
#endif
    default:
      return baseline::loops;
  }
}

void use_instruction_set(InstructionSet set) {
  chosen() = set;
}

InstructionSet instruction_set_in_use() {
  return chosen();
}

}  // namespace uflow
