// Fathom's JSON: bodies in, objects out. The only place that knows its keys (fathom §2, §3).
//
// Decoders refuse wrong types and name the field; unknown fields are ignored and null counts as
// absent. Encoders append to a buffer that they reserve.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/access/credential.hpp"
#include "core/access/pairings.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"
#include "core/threads/thread_store.hpp"
#include "core/threads/threads.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::fathom {

// --- in -----------------------------------------------------------------------------------------

// The title of a new thread, trimmed; "" for an empty body, {} or a missing title (§3.3).
base::Result<std::string> decode_new_thread(std::string_view body);

// The title of a rename, as sent; required (§3.8).
base::Result<std::string> decode_rename(std::string_view body);

// The thread that a path names. An id in a UUID's form, as another dialect shows it, is the same.
std::string thread_id(const net::Request& request);

struct SendBody {
  std::string text{};  // not empty, not trimmed
  std::string
      client_message_id{};  // "" for none; at most limits::fathom_client_message_id_bytes_max
};
base::Result<SendBody> decode_send(std::string_view body);  // §3.4

struct ClaimBody {
  std::string code{};         // any string: whether it is a code is core's to say
  std::string device_name{};  // "" when missing
};
base::Result<ClaimBody> decode_claim(std::string_view body);  // §5.3

// `after`, `before` and `limit` of a message page (§3.8). `after` wins. An offset's unescaped `+`,
// which a query string turns into a space, is understood.
base::Result<core::MessagePage> decode_page(const net::Request& request);

// 1 .. `max`; anything else, junk included, is `otherwise`.
std::size_t decode_limit(const std::optional<std::string>& text, std::size_t otherwise,
                         std::size_t max);

// --- out ----------------------------------------------------------------------------------------

void write_thread(base::JsonWriter& json, const core::Thread& thread);     // §2.1
void write_message(base::JsonWriter& json, const core::Message& message);  // §2.2
void write_device(base::JsonWriter& json, const core::Credential& device);

// The bodies of the answers in §3's tables.
std::string encode_thread(const core::Thread& thread);
std::string encode_threads(std::span<const core::Thread> threads);
std::string encode_view(const core::ThreadDetail& view);
std::string encode_messages(std::span<const core::Message> messages);
std::string encode_message(const core::Message& message);
// What stands before and after the messages of either.
struct Frame {
  std::string prefix{};
  std::string suffix{};
};
Frame view_frame(core::ThreadDetail view);
Frame messages_frame();
// Whether these messages are too many bytes to be held as one answer while it is read.
bool are_large(std::span<const core::Message> messages);
std::string encode_sent(const core::FinishedRun& finished);
std::string encode_renamed(const core::Thread& thread);
std::string encode_usage(std::string_view thread_id, const core::ThreadUsage& usage);
std::string encode_hits(std::string_view query, std::span<const core::SearchHit> hits);
std::string encode_one_shot(const core::FinishedRun& finished);
std::string encode_pairing_code(const core::PairingCode& code);
std::string encode_claimed(const core::CreatedToken& created);
std::string encode_watched(const core::Credential& device);
std::string encode_devices(std::span<const core::Credential> devices);
// {"<key>":"<value>"}: deleted, restored, revoked.
std::string encode_single(std::string_view key, std::string_view value);

// What a run that did not succeed says of itself; never "".
std::string failure_text(const core::Run& run);
std::string failure_text(core::RunState state, std::string_view error);

}  // namespace colonnade::dialects::fathom
