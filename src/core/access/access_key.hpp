// An access key: a second thing that a scope wants to see beside a credential.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// The key itself is nowhere: only its SHA-256 is kept.
struct AccessKey {
  std::string id{};
  Scope scope;
  std::string name{};
  std::string key_sha256{};            // hex
  std::vector<std::string> origins{};  // of web pages that may send it; none: any
  base::Time created_at{};
};

}  // namespace colonnade::core
