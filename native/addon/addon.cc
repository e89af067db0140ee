#include <cstdlib>
#include <string>

#include "../kernels/loops.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

using Function = Napi::Value (*)(const Napi::CallbackInfo&);

void add(Napi::Object to, const char* name, Function function) {
  to.Set(name, Napi::Function::New(to.Env(), function, name));
}

// UFLOW_INSTRUCTION_SET=baseline|avx2|avx512 overrules the choice of the vector instructions, to compare
// them.
void choose_instruction_set(Napi::Env env) {
  const char* wanted = std::getenv("UFLOW_INSTRUCTION_SET");
  if (!wanted || !*wanted) return;
  std::string available;
  for (const InstructionSet set : available_instruction_sets()) {
    if (std::string(wanted) == name(set)) return use_instruction_set(set);
    available += (available.empty() ? "" : ", ") + std::string(name(set));
  }
  bad_option(env, "expected UFLOW_INSTRUCTION_SET to be one of " + available +
                      ", which this processor has, but it is \"" + wanted + '"');
}

// The specifications of the kernels, to hold the fast ones against.
Napi::Object plain_functions(Napi::Env env) {
  auto plain = Napi::Object::New(env);
  add(plain, "imageOfFrame", plain_image_of_frame);
  add(plain, "resample", plain_resample);
  add(plain, "energy", plain_energy);
  add(plain, "jointEnergy", plain_joint_energy);
  add(plain, "anomalyMap", plain_anomaly_map);
  add(plain, "nfaTreeMap", plain_nfa_tree_map);
  add(plain, "nfaBlockMap", plain_nfa_block_map);
  add(plain, "adamStep", plain_adam_step);
  return plain;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  choose_instruction_set(env);
  add(exports, "imageOfFrame", image_of_frame);
  add(exports, "resample", resample);
  add(exports, "energy", energy);
  add(exports, "jointEnergy", joint_energy);
  add(exports, "anomalyMap", anomaly_map);
  add(exports, "logChi2Survival", log_chi2_survival);
  add(exports, "logNumberOfRegions", log_number_of_regions);
  add(exports, "nfaTree", nfa_tree);
  add(exports, "nfaTreeMap", nfa_tree_map);
  add(exports, "logBinomialSurvival", log_binomial_survival);
  add(exports, "nfaBlockMap", nfa_block_map);
  add(exports, "nfaBlockMapOfCounts", nfa_block_map_of_counts);
  add(exports, "windowThreshold", window_threshold);
  add(exports, "regions", regions);
  add(exports, "gradientNorm", gradient_norm);
  add(exports, "adamStep", adam_step);
  add(exports, "keepFreedMemory", keep_freed_memory);
  add(exports, "releaseFreedMemory", release_freed_memory);
  exports.Set("Resampler", resampler_class(env));
  exports.Set("Segmenter", segmenter_class(env));
  exports.Set("instructionSet", name(instruction_set_in_use()));
  exports.Set("plain", plain_functions(env));
  return exports;
}

}  // namespace
}  // namespace uflow::addon

using uflow::addon::initialise;
NODE_API_MODULE(uflow, initialise)
