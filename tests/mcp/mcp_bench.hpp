// What the tests of MCP sessions share.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mcp/session.hpp"

namespace colonnade::tools::mcp {

// The variables of this process.
inline std::map<std::string, std::string, std::less<>> variables() {
  std::map<std::string, std::string, std::less<>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

// What a session reported, in order; waits for what is still to come.
class Reports {
 public:
  void add(const ServerStatus& status) {
    const std::lock_guard lock(mutex_);
    all_.push_back(status);
    changed_.notify_all();
  }

  // The first report from the `from`-th on in that state.
  ServerStatus wait_for(ServerState state, std::size_t from = 0) {
    constexpr std::chrono::seconds patience{60};  // a test that needs it is about to fail
    std::unique_lock lock(mutex_);
    const ServerStatus* found = nullptr;
    changed_.wait_for(lock, patience, [&] {
      for (std::size_t i = from; i < all_.size() && found == nullptr; ++i) {
        if (all_[i].state == state) found = &all_[i];
      }
      return found != nullptr;
    });
    if (found != nullptr) return *found;
    ADD_FAILURE() << "never " << to_string(state)
                  << "; last: " << (all_.empty() ? "" : to_string(all_.back().state)) << " "
                  << (all_.empty() ? "" : all_.back().reason);
    return {};
  }

  // The first state in which something can be done: ready, waiting for a human, or failed twice.
  ServerState settled() {
    constexpr std::chrono::seconds patience{60};
    std::unique_lock lock(mutex_);
    ServerState out = ServerState::starting;
    changed_.wait_for(lock, patience, [&] {
      int failures = 0;
      for (const ServerStatus& one : all_) {
        if (one.state == ServerState::failed) ++failures;
        const bool ends = one.state == ServerState::ready || one.state == ServerState::needs_auth;
        if (ends || failures == 2) out = one.state;
      }
      return out != ServerState::starting;
    });
    return out;
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
  }

  ServerState last() {
    const std::lock_guard lock(mutex_);
    return all_.back().state;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ServerStatus> all_;
};

}  // namespace colonnade::tools::mcp
