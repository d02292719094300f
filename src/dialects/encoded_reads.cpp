#include "dialects/encoded_reads.hpp"
#include "dialects/limits.hpp"

namespace colonnade::dialects {

EncodedReads::Body EncodedReads::find(const std::string& key) {
  const auto current = [this](const CacheEntry& kept) {
    return revisions_.is_current(kept.place, kept.stamp);
  };
  if (const auto young = young_.find(key); young != young_.end()) {
    return current(young->second) ? young->second.body : nullptr;
  }
  const auto old = old_.find(key);
  if (old == old_.end() || !current(old->second)) return nullptr;
  auto node = old_.extract(old);
  young_bytes_ += node.mapped().body->size();
  return young_.insert(std::move(node)).position->second.body;
}

void EncodedReads::keep(std::string key, CacheEntry kept) {
  if (kept.body->size() > limits::encoded_read_bytes_max) return;
  CacheEntry& place = young_[std::move(key)];
  young_bytes_ -= place.body ? place.body->size() : 0;
  young_bytes_ += kept.body->size();
  place = std::move(kept);
  if (young_bytes_ < limits::encoded_reads_bytes_max / 2) return;
  old_ = std::exchange(young_, {});
  young_bytes_ = 0;
}

}  // namespace colonnade::dialects
