#include "dialects/mcp/sessions.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {

Sessions::Session* Sessions::find(const core::Principal& who, const std::string& id) {
  const auto found = table_.find(id);
  if (found == table_.end()) return nullptr;
  Session& session = found->second;
  return session.scope == who.scope && session.user_id == who.user_id ? &session : nullptr;
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

void Sessions::make_room() {
  const base::SteadyTime oldest = clock_.steady() - limits::mcp_endpoint_session_idle_time_max;
  std::erase_if(table_, [&](const Table::value_type& row) {
    const bool over = row.second.used_at < oldest;
    if (over) end_streams(row.second);
    return over;
  });
  if (table_.size() < limits::mcp_endpoint_sessions_max) return;
  const auto idlest = std::ranges::min_element(
      table_, {}, [](const Table::value_type& row) { return row.second.used_at; });
  end_streams(idlest->second);
  table_.erase(idlest);
}

std::string Sessions::create(const core::Principal& who, std::string revision) {
  const std::lock_guard lock(mutex_);
  if (table_.size() >= limits::mcp_endpoint_sessions_max) make_room();
  std::string id = base::new_token();
  table_[id] = {.scope = who.scope,
                .user_id = who.user_id,
                .revision = std::move(revision),
                .used_at = clock_.steady()};
  return id;
}

std::optional<std::string> Sessions::use(const core::Principal& who, const std::string& id) {
  const std::lock_guard lock(mutex_);
  Session* session = find(who, id);
  if (session == nullptr) return std::nullopt;
  const base::SteadyTime now = clock_.steady();
  if (session->used_at + limits::mcp_endpoint_session_idle_time_max < now) {
    end_streams(*session);
    table_.erase(id);
    return std::nullopt;
  }
  session->used_at = now;
  return session->revision;
}

bool Sessions::remove(const core::Principal& who, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const Session* session = find(who, id);
  if (session == nullptr) return false;
  end_streams(*session);
  table_.erase(id);
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
