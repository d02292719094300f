// Threads and their messages as JSON (platos §2.2).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/events/event.hpp"
#include "core/threads/thread.hpp"
#include "core/threads/threads.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// What stands for threads' older parts, by the threads' ids; those without one are not in it.
using Summaries = std::map<std::string, core::ThreadSummary>;

std::string encode_thread(const core::Thread& thread, const Summaries& summaries = {});
std::string encode_threads(std::span<const core::Thread> threads, const Summaries& summaries,
                           std::size_t total);
std::string encode_deleted(const core::Thread& thread);  // the answer to DELETE, which archives

// What sockets are told of a thread that was renamed, archived or unarchived: the payload of
// `thread_event` (platos §3.3); "" for every other event.
std::string encode_thread_event(const core::Event& event);

// One object; `replies` is how many messages answer it.
std::string encode_message(const core::Message& message, int replies);
std::string encode_messages(const core::MessageList& list);

struct NewThreadBody {
  std::string agent_id{};  // core::default_agent_id when the body names none
  std::string title{};
  base::Json session_context = nullptr;
};
// Errors of all decoders: invalid, naming the member as the wire does.
base::Result<NewThreadBody> decode_new_thread(std::string_view body);
base::Result<core::ThreadArrangement> decode_arrangement(std::string_view body);  // PATCH
base::Result<core::ThreadArrangement> decode_rename(std::string_view body);       // title or null
base::Result<core::ThreadArrangement> decode_tags(std::string_view body);
base::Result<core::ThreadArrangement> decode_pin(std::string_view body);  // {pinned?}; true without
base::Result<core::Fork> decode_fork(std::string_view body);

struct ThreadsQuery {
  core::ThreadPage page{};
  bool all_users = false;  // for operators alone
};
base::Result<ThreadsQuery> decode_threads_query(const net::Request& request);
base::Result<core::MessagePage> decode_messages_query(const net::Request& request);

// What a user's message keeps of its turn, in NewMessage::metadata: shown with the message.
inline constexpr const char* prompt_override_key = "systemPromptOverride";
inline constexpr const char* output_schema_key = "outputSchema";

}  // namespace colonnade::dialects::platos
