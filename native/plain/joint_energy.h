// The specification of native/kernels/joint_energy. The tail comes from the same table, as in nfa_tree.h.
#pragma once

#include <span>

#include "../kernels/views.h"

namespace uflow::plain {

void joint_energy(std::span<const EnergyView> energies, bool soft, std::span<float> out);

}  // namespace uflow::plain
