// The sessions of clients that said `initialize` (2025-11-25 basic/transports, "Session
// Management"). They are kept in memory: a client whose session is gone is told so and begins anew.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "core/access/principal.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::mcp {

// Thread-safe. A session is its credential's own: to anybody else it does not exist, and it ends
// when the credential is revoked.
class Sessions {
 public:
  explicit Sessions(base::Clock& clock) : clock_(clock) {}

  // With limits::mcp_endpoint_sessions_per_account, the account's own idlest ends. With
  // limits::mcp_endpoint_sessions_max in all, those that were idle for too long do; if there is
  // none, the idlest of the account that has the most.
  std::string create(const core::Principal& who, std::string revision);
  // Keeps something as long as the session. False when the session is gone.
  bool keep(const std::string& id, std::shared_ptr<void> thing);
  // Its revision; nullopt when there is none (any more). Counts as a use.
  std::optional<std::string> use(const core::Principal& who, const std::string& id);
  // Ends it and its streams. False when there is none.
  bool remove(const core::Principal& who, const std::string& id);
  // The same, whoever asks.
  void end(const std::string& id);
  // A stream that ends with the session. False when the session is gone or has too many.
  bool attach(const core::Principal& who, const std::string& id,
              const std::shared_ptr<net::StreamWriter>& stream);

  std::size_t size() const;

 private:
  struct Session {
    core::Scope scope;
    std::string user_id{};
    std::string credential_id{};
    std::string revision{};
    base::SteadyTime used_at{};
    std::vector<std::weak_ptr<net::StreamWriter>> streams{};
    std::shared_ptr<void> kept{};
  };
  using Ids = std::unordered_set<std::string>;
  using Table = std::unordered_map<std::string, Session>;

  Session* find(const core::Principal& who, const std::string& id);
  static std::string account_of(const Session& session);
  void end(Table::iterator session);
  void end_overdue();
  void end_idlest(const Ids& ids);
  void make_room(const std::string& account);
  static void end_streams(const Session& session);

  base::Clock& clock_;
  mutable std::mutex mutex_;
  Table table_{};
  std::unordered_map<std::string, Ids> by_account_{};  // none without sessions
};

}  // namespace colonnade::dialects::mcp
