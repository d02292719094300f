#include "scheduler/due_heap.hpp"

#include <utility>

namespace colonnade::scheduler {

using base::Time;

bool DueHeap::is_before(const Node& a, const Node& b) {
  return std::pair(a.second.due, a.second.order) < std::pair(b.second.due, b.second.order);
}

void DueHeap::put(std::size_t index, Node* node) {
  heap_[index] = node;
  node->second.index = index;
}

void DueHeap::rise(std::size_t index) {
  Node* const node = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!is_before(*node, *heap_[parent])) break;
    put(index, heap_[parent]);
    index = parent;
  }
  put(index, node);
}

void DueHeap::sink(std::size_t index) {
  Node* const node = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!is_before(*heap_[child], *node)) break;
    put(index, heap_[child]);
    index = child;
  }
  put(index, node);
}

void DueHeap::take_out(std::size_t index) {
  Node* const last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  put(index, last);
  rise(index);
  sink(last->second.index);
}

void DueHeap::set(std::string_view key, Time due) {
  auto found = places_.find(key);
  if (found == places_.end()) {
    found = places_.emplace(std::string(key), Place{}).first;
    found->second.index = heap_.size();
    heap_.push_back(&*found);
  }
  Place& place = found->second;
  place.due = due;
  place.order = order_++;
  rise(place.index);
  sink(place.index);
}

bool DueHeap::remove(std::string_view key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return false;
  take_out(found->second.index);
  places_.erase(found);
  return true;
}

std::optional<Time> DueHeap::first_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->second.due;
}

std::vector<DueTime> DueHeap::take_due(Time now, std::size_t count_max) {
  std::vector<DueTime> out;
  while (out.size() < count_max && !heap_.empty() && heap_.front()->second.due <= now) {
    const Node* const first = heap_.front();
    const Time due = first->second.due;
    take_out(0);
    auto node = places_.extract(places_.find(first->first));
    out.push_back({std::move(node.key()), due});
  }
  return out;
}

}  // namespace colonnade::scheduler
