// Phase 4: the a contrario test of regions over all scales. The number of false alarms of a region is its
// probability (clusters.h) times the number of regions that one could have tested. Paper section 4;
// docs/maths.md, "The a contrario test".
#pragma once

#include <span>
#include <vector>

#include "clusters.h"
#include "number_of_regions.h"
#include "upsample.h"
#include "views.h"

namespace uflow {

// Memory that nfa_tree_map needs, to be kept from one image to the next.
struct NfaTreeWorkspace {
  struct Scale {
    ClusterFinder finder;
    std::vector<float> map;
    WidenedRows rows;
  };
  std::vector<Scale> scales;
};

// Per pixel log10 of the number of false alarms: per scale the significance of the clusters (outside 0,
// −infinity the lowest float) plus log10 of the number of tests, upsampled to the size of the map, and the
// minimum over the scales. `out` has to.pixels() values. Throws BadTensor on an energy that is negative or
// not finite. O(n α(n)) per scale, then O(scales) per pixel of `out`, in one pass.
void nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests, std::span<float> out,
                  NfaTreeWorkspace& workspace);

}  // namespace uflow
