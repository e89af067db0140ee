// Running a check once with every instruction set that this processor has.
#pragma once

#include "../kernels/loops.h"
#include "doctest/doctest.h"

namespace uflow::test {

template <typename Check>
void with_every_instruction_set(Check check) {
  const InstructionSet before = instruction_set_in_use();
  for (const InstructionSet set : available_instruction_sets()) {
    INFO("instruction set: ", name(set));
    use_instruction_set(set);
    check();
  }
  use_instruction_set(before);
}

// What `make` returns with the baseline must be the same bits with every other instruction set.
template <typename Make>
void same_with_every_instruction_set(Make make) {
  use_instruction_set(InstructionSet::baseline);
  const auto wanted = make();
  with_every_instruction_set([&] { CHECK(make() == wanted); });
}

}  // namespace uflow::test
