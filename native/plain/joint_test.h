// The specifications of native/kernels/joint_test and box_mean.
#pragma once

#include <span>
#include <vector>

#include "../kernels/joint_test.h"

namespace uflow::plain {

std::vector<float> box_mean(MapView map, std::size_t side);
void joint_test(std::span<const EnergyView> energies, const JointBackground& background, Size to, Tail tail,
                Tests tests, std::span<float> out);

}  // namespace uflow::plain
