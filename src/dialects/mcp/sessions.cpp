#include "dialects/mcp/sessions.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "core/access/account.hpp"
#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {

std::string Sessions::account_of(const Session& session) {
  return core::account_of(session.scope, session.user_id);
}

Sessions::Session* Sessions::find(const core::Principal& who, const std::string& id) {
  const auto found = table_.find(id);
  if (found == table_.end()) return nullptr;
  Session& session = found->second;
  const bool own = session.scope == who.scope && session.user_id == who.user_id &&
                   session.credential_id == who.credential_id;
  return own ? &session : nullptr;
}

// A writer is used on its own lane only.
void Sessions::end_streams(const Session& session) {
  for (const auto& weak : session.streams) {
    if (auto stream = weak.lock()) {
      base::Lane& lane = stream->lane();
      lane.post([stream = std::move(stream)] { stream->finish(); });
    }
  }
}

void Sessions::end(Table::iterator session) {
  end_streams(session->second);
  const auto account = by_account_.find(account_of(session->second));
  account->second.erase(session->first);
  if (account->second.empty()) by_account_.erase(account);
  table_.erase(session);
}

void Sessions::end_overdue() {
  const base::SteadyTime oldest = clock_.steady() - limits::mcp_endpoint_session_idle_time_max;
  for (auto row = table_.begin(); row != table_.end();) {
    const auto next = std::next(row);
    if (row->second.used_at < oldest) end(row);
    row = next;
  }
}

void Sessions::end_idlest(const Ids& ids) {
  const auto used_at = [this](const std::string& id) { return table_.at(id).used_at; };
  end(table_.find(*std::ranges::min_element(ids, {}, used_at)));
}

// An account that has as many as it may loses one of its own. When all places are taken, whoever
// has the most gives one.
void Sessions::make_room(const std::string& account) {
  const auto own = by_account_.find(account);
  if (own != by_account_.end() && own->second.size() >= limits::mcp_endpoint_sessions_per_account) {
    end_idlest(own->second);
  }
  if (table_.size() < limits::mcp_endpoint_sessions_max) return;
  end_overdue();
  if (table_.size() < limits::mcp_endpoint_sessions_max) return;
  const auto count = [](const auto& row) { return row.second.size(); };
  end_idlest(std::ranges::max_element(by_account_, {}, count)->second);
}

std::string Sessions::create(const core::Principal& who, std::string revision) {
  const std::lock_guard lock(mutex_);
  const std::string account = core::account_of(who);
  make_room(account);
  std::string id = base::new_token();
  Session session{.scope = who.scope,
                  .user_id = who.user_id,
                  .credential_id = who.credential_id,
                  .revision = std::move(revision),
                  .used_at = clock_.steady()};
  table_.insert_or_assign(id, std::move(session));
  by_account_[account].insert(id);
  return id;
}

std::optional<std::string> Sessions::use(const core::Principal& who, const std::string& id) {
  const std::lock_guard lock(mutex_);
  Session* session = find(who, id);
  if (session == nullptr) return std::nullopt;
  const base::SteadyTime now = clock_.steady();
  if (session->used_at + limits::mcp_endpoint_session_idle_time_max < now) {
    end(table_.find(id));
    return std::nullopt;
  }
  session->used_at = now;
  return session->revision;
}

bool Sessions::keep(const std::string& id, std::shared_ptr<void> thing) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found == table_.end()) return false;
  found->second.kept = std::move(thing);
  return true;
}

void Sessions::end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  if (found != table_.end()) end(found);
}

bool Sessions::remove(const core::Principal& who, const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (find(who, id) == nullptr) return false;
  end(table_.find(id));
  return true;
}

bool Sessions::attach(const core::Principal& who, const std::string& id,
                      const std::shared_ptr<net::StreamWriter>& stream) {
  const std::lock_guard lock(mutex_);
  Session* session = find(who, id);
  if (session == nullptr) return false;
  std::erase_if(session->streams, [](const auto& weak) { return weak.expired(); });
  if (session->streams.size() >= limits::mcp_endpoint_streams_max) return false;
  session->streams.push_back(stream);
  return true;
}

std::size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return table_.size();
}

}  // namespace colonnade::dialects::mcp
