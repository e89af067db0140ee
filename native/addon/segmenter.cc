#include "../kernels/segmenter.h"

#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {
namespace {

class SegmenterObject : public Napi::ObjectWrap<SegmenterObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Segmenter",
                       {InstanceMethod("segment", &SegmenterObject::segment),
                        InstanceMethod("segmentWindows", &SegmenterObject::segment_windows)});
  }

  explicit SegmenterObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  // segment(energies, to)
  Napi::Value segment(const Napi::CallbackInfo& info) {
    const auto given = energies(info[0]);
    const auto to = object(info[1], "to");
    Segmenter::Options options = read_options(to);
    const Napi::Value joint = to.Get("joint");
    if (!joint.IsUndefined()) {
      options.joint =
          joint_background_of(object(joint, "to.joint"), "to.joint", joint_background(views(given)));
    }
    return segmented(info.Env(), options, read_into(to),
                     [&](Segmenter::Maps maps) { return segmenter_.segment(views(given), options, maps); });
  }

  // segmentWindows(energies, counts, to)
  Napi::Value segment_windows(const Napi::CallbackInfo& info) {
    const auto given = energies(info[0]);
    const auto counted = counts(info[1]);
    const auto to = object(info[2], "to");
    const Segmenter::Options options = read_options(to);
    const WindowTest test = window_test(to, "to");
    return segmented(info.Env(), options, read_into(to), [&](Segmenter::Maps maps) {
      return segmenter_.segment_windows(views(given), counts_of(counted), test, options, maps);
    });
  }

  static JointBackground joint_background_of(Napi::Object from, const std::string& name,
                                             Background otherwise) {
    JointBackground result{background(from, name, otherwise), std::nullopt,
                           flag(from.Get("soft"), name + ".soft")};
    const Napi::Value mean = from.Get("mean");
    if (mean.IsUndefined()) return result;
    const auto given = object(mean, name + ".mean");
    result.mean = {odd_side(given.Get("side"), name + ".mean.side"),
                   background(given, name + ".mean", otherwise)};
    return result;
  }

  static Segmenter::Options read_options(Napi::Object to) {
    return {size(to, "to"),
            tail(to.Get("tail"), "to.tail"),
            tests(to.Get("tests"), "to.tests"),
            log_epsilon(to.Get("logEpsilon"), "to.logEpsilon"),
            connectivity(to.Get("connectivity"), "to.connectivity"),
            std::nullopt};
  }

  // The caller's memory for the maps; undefined where there is none.
  struct Into {
    Napi::Value anomaly;
    Napi::Value log_nfa;
    Napi::Value mask;
  };

  static Into read_into(Napi::Object to) {
    const Napi::Value into = to.Get("into");
    if (into.IsUndefined()) return {into, into, into};
    const auto maps = object(into, "to.into");
    return {maps.Get("anomalyMap"), maps.Get("logNfaMap"), maps.Get("mask")};
  }

  template <typename Work>
  static Napi::Value segmented(Napi::Env env, const Segmenter::Options& options, const Into& into,
                               Work work) {
    return guarded(env, [&] {
      auto anomaly = floats(env, options.to.pixels(), into.anomaly, "to.into.anomalyMap");
      auto log_nfa = floats(env, options.to.pixels(), into.log_nfa, "to.into.logNfaMap");
      auto mask = bytes(env, options.to.pixels(), into.mask, "to.into.mask");
      const Segmenter::Result found =
          work({memory(anomaly), memory(log_nfa), {mask.Data(), mask.ElementLength()}});
      auto result = Napi::Object::New(env);
      result.Set("anomalyMap", map_object(env, anomaly, options.to));
      result.Set("anomalyScore", found.anomaly_score);
      result.Set("logNfaMap", map_object(env, log_nfa, options.to));
      result.Set("logNfa", found.log_nfa);
      result.Set("mask", mask);
      result.Set("regions", packed(env, found.regions));
      return result;
    });
  }

  Segmenter segmenter_;
};

}  // namespace

Napi::Function segmenter_class(Napi::Env env) {
  return SegmenterObject::define(env);
}

}  // namespace uflow::addon
