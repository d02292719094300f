// Fathom's JSON, both ways (fathom §2, §3, §4). Knows no connection.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sse.hpp"
#include "colonnade/fathom.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::fathom::wire {

using colonnade::detail::CallSpec;

// Request bodies.
std::string create_thread(std::string_view title);
std::string send_message(std::string_view text, std::string_view client_message_id);
std::string rename(std::string_view title);
std::string claim(std::string_view code, std::string_view device_name);
std::string one_shot(std::string_view text);

// Replies. A required field that is missing gives ErrorKind::malformed with the body.
Result<std::vector<Thread>> thread_list(const CallSpec& spec, const TransportReply& reply);
Result<ThreadDetail> thread_detail(const CallSpec& spec, const TransportReply& reply);
Result<Thread> thread(const CallSpec& spec, const TransportReply& reply);
Result<Exchange> exchange(const CallSpec& spec, const TransportReply& reply);
Result<std::string> title(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Message>> message_list(const CallSpec& spec, const TransportReply& reply);
Result<ThreadUsage> thread_usage(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<SearchHit>> search_hits(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<Device>> device_list(const CallSpec& spec, const TransportReply& reply);
Result<Claim> claim(const CallSpec& spec, const TransportReply& reply);
Result<PairingCode> pairing_code(const CallSpec& spec, const TransportReply& reply);
Result<std::optional<Device>> watched_device(const CallSpec& spec, const TransportReply& reply);
Result<Health> health(const CallSpec& spec, const TransportReply& reply);
Result<bool> ready(const CallSpec& spec, const TransportReply& reply);
Result<OneShotReply> one_shot_reply(const CallSpec& spec, const TransportReply& reply);
Result<Json> any_object(const CallSpec& spec, const TransportReply& reply);
// Any JSON object will do: the method returns nothing.
Result<bool> done(const CallSpec& spec, const TransportReply& reply);

// Stream events; nullopt when the data is no JSON object (fathom §4.3).
std::optional<Event> event(const base::SseEvent& block);
std::optional<ReplyEvent> reply_event(const base::SseEvent& block);

}  // namespace colonnade::inline v1::fathom::wire
