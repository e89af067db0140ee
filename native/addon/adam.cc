#include "../kernels/adam.h"

#include "../plain/adam.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

constexpr std::uint32_t most_shares = 1024;
constexpr std::uint32_t most_pieces = 1 << 16;

Napi::Value checked_floats(Napi::Value value, const std::string& name) {
  const bool fits =
      value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
  if (!fits) {
    bad_tensor(value.Env(), "expected a Float32Array for " + name + " but received " + shown(value));
  }
  return value;
}

// The elements of an array, read once.
std::vector<Napi::Value> list(Napi::Value value, const std::string& name, std::uint32_t least,
                              std::uint32_t most) {
  const std::uint32_t length = value.IsArray() ? value.As<Napi::Array>().Length() : 0;
  if (!value.IsArray() || length < least || length > most) {
    const std::string received = value.IsArray() ? std::to_string(length) + " elements" : shown(value);
    bad_option(value.Env(), "expected an array of " + std::to_string(least) + " to " + std::to_string(most) +
                                " elements for " + name + " but received " + received);
  }
  std::vector<Napi::Value> result;
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < length; i++) result.push_back(array.Get(i));
  return result;
}

// Per share, per piece. Its memory is looked at when all else has been read, which may run JavaScript.
class Gradient {
 public:
  explicit Gradient(Napi::Value value) : env_(value.Env()) {
    for (const auto& share : list(value, "gradients", 1, most_shares)) {
      const std::string name = "gradients[" + std::to_string(shares_.size()) + "]";
      shares_.push_back(list(share, name, 1, most_pieces));
      for (const auto& piece : shares_.back()) checked_floats(piece, "a piece of " + name);
      if (shares_.back().size() != shares_[0].size()) {
        bad_tensor(env_, "expected as many pieces in " + name + " as in gradients[0], " +
                             std::to_string(shares_[0].size()) + ", but received " +
                             std::to_string(shares_.back().size()));
      }
    }
  }

  std::vector<GradientPiece> pieces() const {
    std::vector<GradientPiece> result;
    for (std::size_t i = 0; i < shares_[0].size(); i++) {
      GradientPiece piece{{}, shares_[0][i].As<Napi::Float32Array>().ElementLength()};
      for (const auto& share : shares_) {
        auto floats = share[i].As<Napi::Float32Array>();
        if (floats.ElementLength() != piece.length) {
          bad_tensor(env_, "expected " + std::to_string(piece.length) + " elements for piece " +
                               std::to_string(i) + " of all gradients but received " + shown(share[i]));
        }
        piece.shares.push_back(floats.Data());
      }
      result.push_back(piece);
    }
    return result;
  }

  // Gives its memory back at once, which the garbage collector would do some steps later.
  void detach() const {
    for (const auto& share : shares_) {
      for (const auto& piece : share) {
        auto buffer = piece.As<Napi::TypedArray>().ArrayBuffer();
        if (!buffer.IsDetached()) buffer.Detach();
      }
    }
  }

 private:
  Napi::Env env_;
  std::vector<std::vector<Napi::Value>> shares_;
};

std::size_t length_of(std::span<const GradientPiece> pieces) {
  std::size_t length = 0;
  for (const auto& piece : pieces) length += piece.length;
  return length;
}

float* vector_of(Napi::Value value, const std::string& name, std::size_t length) {
  auto floats = checked_floats(value, name).As<Napi::Float32Array>();
  if (floats.ElementLength() != length) {
    bad_tensor(value.Env(), "expected a Float32Array of " + std::to_string(length) + " elements for " + name +
                                ", as many as the gradient has, but received " + shown(value));
  }
  return floats.Data();
}

struct VectorValues {
  VectorValues(Napi::Value value, const std::string& name) : name(name) {
    const auto from = object(value, name);
    values = from.Get("values");
    first_moment = from.Get("firstMoment");
    second_moment = from.Get("secondMoment");
  }

  AdamVectors memory(std::size_t length) const {
    return {vector_of(values, name + ".values", length),
            vector_of(first_moment, name + ".firstMoment", length),
            vector_of(second_moment, name + ".secondMoment", length)};
  }

  std::string name;
  Napi::Value values, first_moment, second_moment;
};

AdamOptions options_of(Napi::Object from) {
  const auto option = [&](const char* name) {
    return number(from.Get(name), std::string("options.") + name);
  };
  return {.beta1 = option("beta1"),
          .beta2 = option("beta2"),
          .epsilon = option("epsilon"),
          .gradient_scale = option("gradientScale"),
          .weight_decay = option("weightDecay"),
          .step_size = option("stepSize"),
          .inverse_correction = option("inverseCorrection")};
}

template <typename Kernel>
Napi::Value adam_step_by(const Napi::CallbackInfo& info, Kernel kernel) {
  const Gradient gradient(info[0]);
  const auto from = object(info[1], "options");
  const AdamOptions options = options_of(from);
  const std::size_t threads = whole_number(from.Get("threads"), "options.threads", most_shares);
  const VectorValues before(info[2], "before"), after(info[3], "after");
  std::vector<Napi::Value> copies;
  if (!info[4].IsUndefined()) copies = list(info[4], "copies", 0, most_shares);
  return guarded(info.Env(), [&] {
    const auto pieces = gradient.pieces();
    const std::size_t length = length_of(pieces);
    std::vector<float*> copied;
    for (const auto& copy : copies) copied.push_back(vector_of(copy, "a copy", length));
    kernel(pieces, options, before.memory(length), after.memory(length), copied, threads);
    gradient.detach();
    return info.Env().Undefined();
  });
}

}  // namespace

Napi::Value gradient_norm(const Napi::CallbackInfo& info) {
  const Gradient gradient(info[0]);
  const std::size_t threads = whole_number(info[1], "threads", most_shares);
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), uflow::gradient_norm(gradient.pieces(), threads));
  });
}

Napi::Value adam_step(const Napi::CallbackInfo& info) {
  return adam_step_by(info, uflow::adam_step);
}

Napi::Value plain_adam_step(const Napi::CallbackInfo& info) {
  return adam_step_by(
      info, [](auto gradient, const auto& options, const auto& before, const auto& after, auto copies,
               std::size_t) { plain::adam_step(gradient, options, before, after, copies); });
}

}  // namespace uflow::addon
