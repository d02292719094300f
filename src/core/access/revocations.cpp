#include "core/access/revocations.hpp"

#include <utility>

namespace colonnade::core {

Revocations::Revocations() : state_(std::make_shared<State>()) {}

Revocations::~Revocations() = default;

Revocations::Watch::Watch(std::shared_ptr<State> state, std::string credential_id, base::Lane& lane,
                          std::move_only_function<void()> end)
    : state_(std::move(state)), lane_(lane), end_(std::move(end)) {
  const std::lock_guard lock(state_->mutex);
  open_ = &*state_->by_credential.try_emplace(std::move(credential_id)).first;
  place_ = open_->second.insert(open_->second.end(), this);
  ++state_->count;
}

Revocations::Watch::~Watch() {
  const std::lock_guard lock(state_->mutex);
  open_->second.erase(place_);
  if (open_->second.empty()) state_->by_credential.erase(state_->by_credential.find(open_->first));
  --state_->count;
}

std::unique_ptr<Revocations::Watch> Revocations::watch(std::string credential_id, base::Lane& lane,
                                                       std::move_only_function<void()> end) {
  return std::unique_ptr<Watch>(new Watch(state_, std::move(credential_id), lane, std::move(end)));
}

void Revocations::revoke(const std::string& credential_id) {
  const std::lock_guard lock(state_->mutex);
  const auto open = state_->by_credential.find(credential_id);
  if (open == state_->by_credential.end()) return;
  for (Watch* watch : open->second) {
    if (watch->end_) watch->lane_.post(std::exchange(watch->end_, nullptr));
  }
}

std::size_t Revocations::count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

}  // namespace colonnade::core
