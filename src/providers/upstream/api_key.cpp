#include "providers/upstream/api_key.hpp"

#include <utility>

namespace colonnade::providers::upstream {

std::string ApiKey::get() const {
  const std::lock_guard lock(mutex_);
  return given_.empty() ? key_ : given_;
}

void ApiKey::use(std::string key) {
  const std::lock_guard lock(mutex_);
  given_ = std::move(key);
}

bool ApiKey::is_given() const {
  const std::lock_guard lock(mutex_);
  return !given_.empty();
}

void ApiKey::reload() {
  if (!read_) return;
  std::string now = read_();
  if (now.empty()) return;
  const std::lock_guard lock(mutex_);
  key_ = std::move(now);
}

bool ApiKey::replaced(const std::string& refused) {
  reload();
  return get() != refused;
}

}  // namespace colonnade::providers::upstream
