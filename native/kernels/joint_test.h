// The test of the joint energy, of its pixels and, beside it, of its means over squares of them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "joint_energy.h"
#include "nfa_tree.h"

namespace uflow {

// The joint energy that is tested, and how it is distributed by chance.
struct JointBackground {
  struct Mean {
    std::size_t side;  // of the squares of pixels that it is averaged over; odd
    Background background;
  };

  Background pixel;
  std::optional<Mean> mean;  // if given a region must stand both tests
  bool soft = false;         // the soft minimum of the scales
};

// Memory that joint_test needs, to be kept from one image to the next.
struct JointTestWorkspace {
  JointEnergyWorkspace joint_energy;
  NfaTreeWorkspace nfa_tree;
  std::vector<float> energy;
  std::vector<float> mean;
  std::vector<float> box;
  std::vector<float> of_pixels;
  std::vector<float> of_means;
  std::vector<std::uint32_t> waiting;
  std::vector<bool> visited;
  WidenedRows rows;
};

// nfa_tree_map of joint_energy. With means, regions are those of the averaged energy, whose outline is free
// of grain, and a region's NFA is the larger one of its own and of the least of pixels in it: what stands one
// test by chance seldom stands the other. Both are valid on their own, so their maximum is. `out` has
// to.pixels() values. Throws BadTensor on an energy that is negative or not finite. Costs what joint_energy
// and one or two nfa_tree_map cost. docs/maths.md, "The joint energy".
void joint_test(std::span<const EnergyView> energies, const JointBackground& background, Size to, Tail tail,
                Tests tests, std::span<float> out, JointTestWorkspace& workspace);

}  // namespace uflow
