#include "core/events/revisions.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "core/events/change_subject.hpp"

namespace colonnade::core {

Revisions::Place Revisions::of_thread(const Scope& scope, std::string_view thread_id) {
  const std::hash<std::string_view> hash;
  return static_cast<Place>((hash(scope.key()) * 31 + hash(thread_id)) % place_count);
}

Revisions::Place Revisions::of_threads(const Scope& scope) { return of_thread(scope, {}); }

std::optional<Revisions::Stamp> Revisions::stamp(Place place) const {
  // In this order: a change that begins in between shows as one under way.
  const Stamp ended = counts_[place].ended.load(std::memory_order_acquire);
  const Stamp begun = counts_[place].begun.load(std::memory_order_acquire);
  if (begun != ended) return std::nullopt;
  return begun;
}

std::vector<Revisions::Place> Revisions::begin(const Unit& unit) {
  std::vector<Place> touched;
  for (const Change& change : unit.changes) {
    const ThreadsShowing shown = threads_showing(change);
    if (shown.all) {
      touched.resize(place_count);
      std::iota(touched.begin(), touched.end(), Place{0});
      break;
    }
    if (shown.id.empty()) continue;
    if (touched.empty()) touched.push_back(of_threads(unit.scope));
    const Place place = of_thread(unit.scope, shown.id);
    if (std::ranges::find(touched, place) == touched.end()) touched.push_back(place);
  }
  for (const Place place : touched) counts_[place].begun.fetch_add(1, std::memory_order_acq_rel);
  return touched;
}

void Revisions::end(const std::vector<Place>& places) {
  for (const Place place : places) counts_[place].ended.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace colonnade::core
