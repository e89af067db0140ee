// The edge between JavaScript and the kernels: every argument is checked here, in the user's words, before
// any work. Reading is in two steps, since reading a property may run JavaScript: first all properties, then
// the memory.
#pragma once

#include <napi.h>

#include <span>
#include <string>
#include <vector>

#include "../kernels/resample.h"
#include "../kernels/views.h"

namespace uflow::addon {

// Throws a JavaScript error with a stable code.
[[noreturn]] void fail(Napi::Env env, const char* code, const std::string& message);
[[noreturn]] void bad_option(Napi::Env env, const std::string& message);
[[noreturn]] void bad_tensor(Napi::Env env, const std::string& message);

// Runs the work of a function; what kernels throw becomes a JavaScript error with our code.
template <typename Work>
auto guarded(Napi::Env env, Work work) {
  try {
    return work();
  } catch (const BadTensor& error) {
    bad_tensor(env, error.what());
  } catch (const std::bad_alloc&) {
    fail(env, "ERR_UFLOW_MEMORY", "not enough memory");
  }
}

// How a value that is not wanted is shown: `-1`, `"abc"`, `an object`.
std::string shown(Napi::Value value);

Napi::Object object(Napi::Value value, const std::string& name);
// An absent argument gives an empty object.
Napi::Object optional_object(Napi::Value value, const std::string& name);
double number(Napi::Value value, const std::string& name);
// An absent value is false.
bool flag(Napi::Value value, const std::string& name);
// A number from `least` to `most`.
double number_within(Napi::Value value, const std::string& name, double least, double most);
// A whole number from 1 to `most`.
std::uint32_t whole_number(Napi::Value value, const std::string& name, std::uint32_t most);
// Of a square of pixels: 1 … 255 and odd.
std::size_t odd_side(Napi::Value value, const std::string& name);
// A whole number from 1 to 65535.
std::size_t dimension(Napi::Value value, const std::string& name);
// `width` and `height` of an object, of at most 2^28 pixels.
Size size(Napi::Object from, const std::string& name);
// The position of a word in `words`; an absent value gives the first.
std::size_t choice(Napi::Value value, const std::string& name, std::span<const char* const> words);

// `scale`, `dof` and `area` of an object, where they are given; else those of `otherwise`.
Background background(Napi::Object from, const std::string& name, Background otherwise);

// `channels` (where the tensor has them), `height`, `width` and `data` of an object; of an energy also
// `scale`, `dof` and `area` where they are given.
class FloatTensor {
 public:
  enum class Kind { latent, energy, map };

  FloatTensor(Napi::Value value, const std::string& name, Kind kind);

  LatentView latent() const { return {memory(), channels_, size_}; }
  EnergyView energy() const {
    return {memory(), channels_, size_, background_.scale, background_.dof, background_.area};
  }
  MapView map() const { return {memory(), size_}; }
  Size size() const { return size_; }
  std::size_t channels() const { return channels_; }

 private:
  // Checked when it is handed out: reading the other arguments may have detached it.
  const float* memory() const;

  std::string name_;
  Kind kind_;
  std::size_t channels_ = 1;
  Background background_;
  Size size_{};
  Napi::Value data_;
};

// A list of at least one energy, all of the same map.
std::vector<FloatTensor> energies(Napi::Value value);
// A list of at least one latent.
std::vector<FloatTensor> latents(Napi::Value value);
std::vector<FloatTensor> counts(Napi::Value value);
std::vector<EnergyView> views(std::span<const FloatTensor> tensors);

// A new Float32Array for a kernel to write into.
Napi::Float32Array floats(Napi::Env env, std::size_t count);
// The caller's, which must have that length, if there is one; else a new one. No JavaScript may run before it
// is written, since it could be detached.
Napi::Float32Array floats(Napi::Env env, std::size_t count, Napi::Value given, const std::string& name);
// The same of a Uint8Array.
Napi::Uint8Array bytes(Napi::Env env, std::size_t count, Napi::Value given, const std::string& name);
std::span<float> memory(Napi::Float32Array array);

// { data, height, width }
Napi::Object map_object(Napi::Env env, Napi::Float32Array data, Size size);

}  // namespace uflow::addon
