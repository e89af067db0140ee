// The functions of the addon. Their contract is src/kernels/types.ts; their work is done in native/kernels.
#pragma once

#include <napi.h>

namespace uflow::addon {

// imageOfFrame(frame) → RawImage
Napi::Value image_of_frame(const Napi::CallbackInfo& info);
// resample(image, to) → Float32Array
Napi::Value resample(const Napi::CallbackInfo& info);
// energy(latent) → Energy
Napi::Value energy(const Napi::CallbackInfo& info);
// jointEnergy(energies, options?) → Energy
Napi::Value joint_energy(const Napi::CallbackInfo& info);
// anomalyMap(energies, to) → Map2d
Napi::Value anomaly_map(const Napi::CallbackInfo& info);
// logChi2Survival(x, dof, tail?) → number
Napi::Value log_chi2_survival(const Napi::CallbackInfo& info);
// logNumberOfRegions(pixels) → number
Napi::Value log_number_of_regions(const Napi::CallbackInfo& info);
// nfaTree(energy, options?) → Map2d
Napi::Value nfa_tree(const Napi::CallbackInfo& info);
// nfaTreeMap(energies, to) → Map2d
Napi::Value nfa_tree_map(const Napi::CallbackInfo& info);
// logBinomialSurvival(x, n, p, kind?) → number
Napi::Value log_binomial_survival(const Napi::CallbackInfo& info);
// nfaBlockMap(latents, to) → Map2d
Napi::Value nfa_block_map(const Napi::CallbackInfo& info);
// nfaBlockMapOfCounts(counts, to) → Map2d
Napi::Value nfa_block_map_of_counts(const Napi::CallbackInfo& info);
// windowThreshold(probability?) → number
Napi::Value window_threshold(const Napi::CallbackInfo& info);
// regions(logNfa, options?) → PackedRegions
Napi::Value regions(const Napi::CallbackInfo& info);

// gradientNorm(gradients, threads) → number
Napi::Value gradient_norm(const Napi::CallbackInfo& info);
// adamStep(gradients, options, before, after, copies?)
Napi::Value adam_step(const Napi::CallbackInfo& info);

// keepFreedMemory(keep)
Napi::Value keep_freed_memory(const Napi::CallbackInfo& info);
// releaseFreedMemory() → Promise
Napi::Value release_freed_memory(const Napi::CallbackInfo& info);

// class Resampler { resample(image, to) → Float32Array }
Napi::Function resampler_class(Napi::Env env);

// class Segmenter { segment(energies, to), segmentWindows(energies, counts, to) → anomaly map, log NFA, mask,
// regions }
Napi::Function segmenter_class(Napi::Env env);

// The same as imageOfFrame, resample, energy, jointEnergy, anomalyMap, nfaTreeMap, nfaBlockMap and adamStep,
// by their specifications in native/plain.
Napi::Value plain_image_of_frame(const Napi::CallbackInfo& info);
Napi::Value plain_resample(const Napi::CallbackInfo& info);
Napi::Value plain_energy(const Napi::CallbackInfo& info);
Napi::Value plain_joint_energy(const Napi::CallbackInfo& info);
Napi::Value plain_anomaly_map(const Napi::CallbackInfo& info);
Napi::Value plain_nfa_tree_map(const Napi::CallbackInfo& info);
Napi::Value plain_nfa_block_map(const Napi::CallbackInfo& info);
Napi::Value plain_adam_step(const Napi::CallbackInfo& info);

}  // namespace uflow::addon
