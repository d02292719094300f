// The sessions of clients that said `initialize` (2025-11-25 basic/transports, "Session
// Management"). They are kept in memory: a client whose session is gone is told so and begins anew.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::mcp {

// Thread-safe. A session is its user's own: to anybody else it does not exist.
class Sessions {
 public:
  explicit Sessions(base::Clock& clock) : clock_(clock) {}

  // Makes room by ending the session that was idle for longest when there are
  // limits::mcp_endpoint_sessions_max; what was idle for too long ends first.
  std::string create(const core::Principal& who, std::string revision);
  // Its revision; nullopt when there is none (any more). Counts as a use.
  std::optional<std::string> use(const core::Principal& who, const std::string& id);
  // Ends it and its streams. False when there is none.
  bool remove(const core::Principal& who, const std::string& id);
  // A stream that ends with the session. False when the session is gone or has too many.
  bool attach(const core::Principal& who, const std::string& id,
              const std::shared_ptr<net::StreamWriter>& stream);

  std::size_t size() const;

 private:
  struct Session {
    core::Scope scope = core::Scope::main();
    std::string user_id{};
    std::string revision{};
    base::SteadyTime used_at{};
    std::vector<std::weak_ptr<net::StreamWriter>> streams{};
  };
  using Table = std::unordered_map<std::string, Session>;

  Session* find(const core::Principal& who, const std::string& id);
  void make_room();
  static void end_streams(const Session& session);

  base::Clock& clock_;
  mutable std::mutex mutex_;
  Table table_{};
};

}  // namespace colonnade::dialects::mcp
