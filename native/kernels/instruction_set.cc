#include "instruction_set.h"

#include <vector>

#include "targets.h"

namespace uflow {
namespace {

std::vector<InstructionSet> detect() {
  std::vector<InstructionSet> found{InstructionSet::baseline};
#if UFLOW_X86_TARGETS
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) found.push_back(InstructionSet::avx2);
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.push_back(InstructionSet::avx512);
  }
#endif
  return found;
}

}  // namespace

std::span<const InstructionSet> available_instruction_sets() {
  static const std::vector<InstructionSet> found = detect();
  return found;
}

const char* name(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
    default:
      return "baseline";
  }
}

}  // namespace uflow
