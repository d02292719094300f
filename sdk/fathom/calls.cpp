#include "sdk/fathom/calls.hpp"

#include "sdk/call_plan.hpp"
#include "sdk/fathom/wire.hpp"

namespace colonnade::inline v1::fathom::calls {
namespace {

using colonnade::detail::Call;
using colonnade::detail::get;
using colonnade::detail::percent_encode;
using colonnade::detail::segment;
using colonnade::detail::TimeoutKind;
using colonnade::detail::with_body;
using colonnade::detail::without_body;
// `usage` alone is a call of this dialect.
Failure wrong(std::string message) { return colonnade::detail::usage(std::move(message)); }

// fathom §3.4; the server refuses a longer one.
constexpr std::size_t client_message_id_bytes_max = 128;
constexpr int page_limit_max = 200;  // fathom §3.8

Result<std::string> thread_path(std::string_view id, std::string_view rest = {}) {
  auto name = segment("thread", id);
  if (!name) return name;
  // The server keeps this name for its own route (fathom §1.1).
  if (*name == "search") return wrong("\"search\" is reserved and no thread id");
  return "/threads/" + *name + std::string(rest);
}

bool is_pairing_code(std::string_view code) {
  return code.size() == 6 && code.find_first_not_of("0123456789") == std::string_view::npos;
}

Failure no_pairing_code() {
  return wrong("a pairing code is exactly six digits, as text: \"042317\"");
}

}  // namespace

PlannedCall<std::vector<Thread>> list_threads() { return get("/threads", &wire::thread_list); }

PlannedCall<ThreadDetail> get_thread(std::string_view id) {
  auto path = thread_path(id);
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::thread_detail);
}

PlannedCall<Thread> create_thread(std::string_view title) {
  return with_body("POST", "/threads", wire::create_thread(title), &wire::thread);
}

PlannedCall<Exchange> send(std::string_view id, std::string_view text,
                           std::string_view client_message_id) {
  auto path = thread_path(id, "/messages");
  if (!path) return std::move(path).error();
  if (client_message_id.size() > client_message_id_bytes_max) {
    return wrong("client_message_id is longer than 128 bytes");
  }
  auto call = with_body("POST", *std::move(path), wire::send_message(text, client_message_id),
                        &wire::exchange);
  call->spec.timeout_kind = TimeoutKind::send;
  return call;
}

PlannedCall<bool> remove_thread(std::string_view id) {
  auto path = thread_path(id);
  if (!path) return std::move(path).error();
  return without_body("DELETE", *std::move(path), &wire::done);
}

PlannedCall<bool> restore_thread(std::string_view id) {
  auto path = thread_path(id, "/restore");
  if (!path) return std::move(path).error();
  return without_body("POST", *std::move(path), &wire::done);
}

PlannedCall<std::string> rename_thread(std::string_view id, std::string_view title) {
  auto path = thread_path(id);
  if (!path) return std::move(path).error();
  return with_body("PATCH", *std::move(path), wire::rename(title), &wire::title);
}

PlannedCall<std::vector<Message>> messages(std::string_view id, const MessagePage& page) {
  auto path = thread_path(id, "/messages");
  if (!path) return std::move(path).error();
  if (page.limit < 1 || page.limit > page_limit_max) {
    return wrong("MessagePage::limit is " + std::to_string(page.limit) + "; it must be 1 to 200");
  }
  std::string query = "?";
  if (page.after) query += "after=" + percent_encode(to_string(*page.after)) + "&";
  if (page.before) query += "before=" + percent_encode(to_string(*page.before)) + "&";
  return get(*path + query + "limit=" + std::to_string(page.limit), &wire::message_list);
}

PlannedCall<ThreadUsage> usage(std::string_view id) {
  auto path = thread_path(id, "/usage");
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::thread_usage);
}

PlannedCall<std::vector<SearchHit>> search(const Search& request) {
  if (request.limit < 0) return wrong("Search::limit is negative");
  std::string path = "/threads/search?q=" + percent_encode(request.query);
  if (request.limit > 0) path += "&limit=" + std::to_string(request.limit);
  return get(std::move(path), &wire::search_hits);
}

PlannedCall<std::vector<Device>> list_devices() { return get("/devices", &wire::device_list); }

PlannedCall<bool> revoke_device(std::string_view id) {
  auto name = segment("device", id);
  if (!name) return std::move(name).error();
  return without_body("DELETE", "/devices/" + *name, &wire::done);
}

PlannedCall<Claim> pair(const PairRequest& request) {
  const std::string_view code = colonnade::detail::trim(request.code);
  if (!is_pairing_code(code)) return no_pairing_code();
  auto call =
      with_body<Claim>("POST", "/pair/claim", wire::claim(code, request.device_name), &wire::claim);
  call->spec.authenticated = false;
  return call;
}

PlannedCall<PairingCode> pair_start() {
  return without_body("POST", "/pair/start", &wire::pairing_code);
}

PlannedCall<std::optional<Device>> pair_watch(std::string_view code) {
  code = colonnade::detail::trim(code);
  if (!is_pairing_code(code)) return no_pairing_code();
  auto call = get("/pair/watch?code=" + std::string(code), &wire::watched_device);
  call->spec.timeout_kind = TimeoutKind::watch;
  call->spec.also_accepted = 408;  // nobody came yet
  return call;
}

PlannedCall<Health> health() {
  auto call = get("/health", &wire::health);
  call->spec.authenticated = false;
  return call;
}

PlannedCall<bool> ready() {
  auto call = get("/ready", &wire::ready);
  call->spec.authenticated = false;
  call->spec.also_accepted = 503;
  return call;
}

PlannedCall<OneShotReply> message(std::string_view text) {
  auto call = with_body("POST", "/message", wire::one_shot(text), &wire::one_shot_reply);
  call->spec.timeout_kind = TimeoutKind::send;
  return call;
}

PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body) {
  return colonnade::detail::any_request(method, path, body, &wire::any_object);
}

Result<CallSpec> thread_stream(std::string_view id) {
  auto path = thread_path(id, "/stream");
  if (!path) return std::move(path).error();
  return CallSpec{.method = "GET", .path = *std::move(path)};
}

Result<CallSpec> message_stream(std::string_view text) {
  return CallSpec{.method = "POST",
                  .path = "/stream",
                  .body = wire::one_shot(text),
                  .has_body = true,
                  .timeout_kind = TimeoutKind::send};
}

}  // namespace colonnade::inline v1::fathom::calls
