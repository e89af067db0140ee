// Which vector instructions the inner loops use. The one place where that is decided.
#pragma once

#include <span>

namespace uflow {

// `baseline` is what every processor of the architecture has: SSE2 on x86-64, NEON on ARM64.
enum class InstructionSet { baseline, avx2, avx512 };

// Those that this processor can run and this build contains, best last.
std::span<const InstructionSet> available_instruction_sets();

const char* name(InstructionSet set);

}  // namespace uflow
