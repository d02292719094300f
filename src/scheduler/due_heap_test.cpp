#include "scheduler/due_heap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace colonnade::scheduler {
namespace {

using base::Time;

constexpr std::size_t all = 1'000'000;

TEST(DueHeap, GivesWhatIsDueInOrder) {
  DueHeap heap;
  EXPECT_EQ(heap.first_due(), std::nullopt);
  heap.set("c", {30});
  heap.set("a", {10});
  heap.set("b", {20});
  heap.set("a2", {10});
  EXPECT_EQ(heap.first_due(), Time{10});
  EXPECT_TRUE(heap.take_due({9}, all).empty());
  EXPECT_EQ(heap.take_due({20}, all),
            (std::vector<DueTime>{{"a", {10}}, {"a2", {10}}, {"b", {20}}}));
  EXPECT_EQ(heap.first_due(), Time{30});
  EXPECT_EQ(heap.size(), 1u);
  EXPECT_TRUE(heap.take_due({20}, all).empty());
}

TEST(DueHeap, TakesNoMoreThanAsked) {
  DueHeap heap;
  for (const auto* const key : {"a", "b", "c"}) heap.set(key, {10});
  EXPECT_EQ(heap.take_due({10}, 2), (std::vector<DueTime>{{"a", {10}}, {"b", {10}}}));
  EXPECT_EQ(heap.take_due({10}, 2), (std::vector<DueTime>{{"c", {10}}}));
}

TEST(DueHeap, GivesAKeyItsNewTimeAlone) {
  DueHeap heap;
  heap.set("a", {10});
  heap.set("a", {30});
  EXPECT_EQ(heap.size(), 1u);
  EXPECT_TRUE(heap.take_due({29}, all).empty());
  heap.set("a", {5});
  EXPECT_EQ(heap.take_due({29}, all), (std::vector<DueTime>{{"a", {5}}}));
}

TEST(DueHeap, ForgetsWhatIsRemoved) {
  DueHeap heap;
  heap.set("a", {10});
  EXPECT_FALSE(heap.remove("b"));
  EXPECT_TRUE(heap.remove("a"));
  EXPECT_FALSE(heap.remove("a"));
  EXPECT_TRUE(heap.take_due({10}, all).empty());
}

// Against a plain map, through any sequence of calls.
RC_GTEST_PROP(DueHeapProperty, IsAMapInOrderOfTime, ()) {
  DueHeap heap;
  std::map<std::string, Time> plain;
  const int steps = *rc::gen::inRange(0, 200);
  for (int i = 0; i < steps; ++i) {
    const std::string key = "key " + std::to_string(*rc::gen::inRange(0, 40));
    const Time time{*rc::gen::inRange<std::int64_t>(0, 50)};
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
      case 1:
        heap.set(key, time);
        plain[key] = time;
        break;
      case 2: RC_ASSERT(heap.remove(key) == (plain.erase(key) == 1)); break;
      default:
        const auto taken = heap.take_due(time, all);
        RC_ASSERT(std::ranges::is_sorted(taken, {}, &DueTime::due));
        for (const auto& [taken_key, due] : taken) {
          RC_ASSERT(due <= time);
          RC_ASSERT(plain.at(taken_key) == due);
          plain.erase(taken_key);
        }
        for (const auto& [left, due] : plain) RC_ASSERT(due > time);
    }
    RC_ASSERT(heap.size() == plain.size());
    std::optional<Time> first;
    for (const auto& [left, due] : plain) first = std::min(first.value_or(due), due);
    RC_ASSERT(heap.first_due() == first);
  }
}

}  // namespace
}  // namespace colonnade::scheduler
