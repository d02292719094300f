// The port to embeddings: texts as places in a space where what is about the same lies close.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace colonnade::core {

class Embedder {
 public:
  virtual ~Embedder() = default;
  // Names the space, never empty: vectors under different names are not compared.
  virtual std::string_view model() const = 0;
  // Texts that one call takes, 1 or more.
  virtual std::size_t batch_max() const = 0;
  // One vector a text, in order, of length 1; an empty one for a text that it can say nothing
  // about. Runs on the calling lane. Errors: timeout, unavailable and upstream (retryable ones say
  // so), cancelled. Messages hold no text and no secret.
  virtual base::Task<base::Result<std::vector<std::vector<float>>>> embed(
      base::Lane* lane, std::vector<std::string> texts, std::stop_token stop) = 0;
};

}  // namespace colonnade::core
