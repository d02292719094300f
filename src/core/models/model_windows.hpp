// How much models take and say in one call. The table ships as a dated file; an operator may
// replace it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/limits.hpp"

namespace colonnade::core {

// Tokens.
struct ModelWindow {
  std::int64_t context = limits::context_window_tokens_default;  // input and output together
  std::int64_t output = limits::model_output_tokens_default;     // of one reply, at most
  bool known = false;                                            // else the default
};

struct ModelWindowRow {
  std::string provider{};
  std::string model{};  // exact, or a prefix ending in '*'
  std::int64_t context = 0;
  std::int64_t output = 0;
};

class ModelWindows {
 public:
  ModelWindows() = default;
  explicit ModelWindows(std::vector<ModelWindowRow> table, std::string dated = {});
  // The longest match among the provider's rows counts; without one, among all rows, by the name
  // behind the last '/': a model is the same model wherever it is served.
  ModelWindow find(std::string_view provider, std::string_view model) const;
  const std::string& dated() const { return dated_; }

 private:
  std::vector<ModelWindowRow> table_;
  std::string dated_;
};

}  // namespace colonnade::core
