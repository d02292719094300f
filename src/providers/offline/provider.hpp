// The provider that needs no key and no network. It says what it is; see script.hpp for what it can
// do.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/models/model_provider.hpp"

namespace colonnade::providers::offline {

struct Options {
  std::string name{"offline"};
  std::chrono::milliseconds delay{0};  // between deltas; a script's /slow wins
};

std::unique_ptr<core::ModelProvider> make_provider(Options options = {});

}  // namespace colonnade::providers::offline
