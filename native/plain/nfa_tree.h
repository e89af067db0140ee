// The specification of native/kernels/nfa_tree. The exact tail comes from the same table, which differs from
// its function in the last digits: of two regions that are equally significant both must choose the same.
#pragma once

#include <span>

#include "../kernels/nfa_tree.h"

namespace uflow::plain {

void nfa_tree(EnergyView energy, Tail tail, Significance significance, std::span<float> out);
void nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests,
                  std::span<float> out);

}  // namespace uflow::plain
