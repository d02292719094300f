#include <gtest/gtest.h>

#include "colonnade/faramesh.hpp"

namespace colonnade {
namespace {

faramesh::Action action(std::string id, std::string status = "allowed") {
  faramesh::Action out;
  out.id = std::move(id);
  out.status_text = std::move(status);
  return out;
}

std::string ids(const std::vector<faramesh::Action>& actions) {
  std::string out;
  for (const faramesh::Action& one : actions) out += one.id;
  return out;
}

TEST(FarameshSnapshots, keeps_the_newest_and_the_latest_state_of_each) {
  faramesh::ActionSnapshotStore store(3);
  for (const char* id : {"a", "b", "c"}) store.keep(action(id));
  EXPECT_EQ(ids(store.recent()), "cba");
  store.keep(action("a", "succeeded"));
  EXPECT_EQ(ids(store.recent()), "acb");
  EXPECT_EQ(store.find("a")->status_text, "succeeded");
  store.keep(action("d"));
  EXPECT_EQ(ids(store.recent()), "dac");
  EXPECT_FALSE(store.find("b"));
  EXPECT_EQ(ids(store.recent(2)), "da");
  EXPECT_EQ(store.size(), 3U);
}

TEST(FarameshSnapshots, a_store_without_room_keeps_nothing) {
  faramesh::ActionSnapshotStore store(0);
  store.keep(action("a"));
  EXPECT_EQ(store.size(), 0U);
  EXPECT_FALSE(store.find("a"));
}

}  // namespace
}  // namespace colonnade
