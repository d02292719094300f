#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "core/limits.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {
namespace {

constexpr std::string_view uri_prefix = "colonnade://threads/";
constexpr std::string_view mime = "application/json";
constexpr std::string_view find_threads = "list_threads tells which threads there are";
constexpr std::size_t page_bytes_max = 256 * limits::KiB;  // of the messages of one page
constexpr Arguments::Range thread_rows{.least = 1, .most = limits::page_rows_max};

// Keeps the newest messages that fit, at least one. Whether any were left out.
bool cut_to_bytes(std::vector<core::Message>& messages) {
  std::size_t bytes = 0;
  auto first = messages.end();
  while (first != messages.begin()) {
    bytes += core::visible_text(std::prev(first)->parts).size();
    if (bytes > page_bytes_max && first != messages.end()) break;
    --first;
  }
  const bool cut = first != messages.begin();
  messages.erase(messages.begin(), first);
  return cut;
}

}  // namespace

base::Task<Attempted> ThreadTools::list(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::int64_t limit = arguments.whole("limit", thread_rows, limits::mcp_listed_default);
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  core::ThreadPage page{.limit = static_cast<std::size_t>(limit)};
  const auto threads = co_await threads_.list(call.who, std::move(page));
  if (!threads) co_return failed(threads.error());
  co_return answered(encode_threads(*threads));
}

base::Task<Attempted> ThreadTools::read(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string id = arguments.text("thread_id");
  const std::int64_t limit = arguments.whole("limit", thread_rows, limits::mcp_listed_default);
  const std::string before = arguments.optional_text("before");
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  core::MessagePage page{.limit = static_cast<std::size_t>(limit)};
  if (!before.empty()) {
    page.before = base::parse_rfc3339(before);
    if (!page.before) {
      co_return failed({.kind = base::ErrorKind::invalid,
                        .message = "the argument 'before' must be a moment like "
                                   "2026-05-24T05:33:44Z, as an earlier answer named it"});
    }
  }
  const auto text = co_await page_of(call.who, id, page);
  if (!text) co_return failed(text.error(), find_threads);
  co_return answered(*text);
}

base::Task<core::Result<std::string>> ThreadTools::page_of(Principal who, std::string id,
                                                           core::MessagePage page) {
  auto view = co_await threads_.view(who, id, 1);
  if (!view) co_return base::fail(std::move(view.error()));
  auto messages = co_await threads_.messages(std::move(who), std::move(id), page);
  if (!messages) co_return base::fail(std::move(messages.error()));
  ThreadPage out{.thread = std::move(view->thread),
                 .messages = std::move(*messages),
                 .running = view->running};
  out.more = out.messages.size() == page.limit;
  if (cut_to_bytes(out.messages)) out.more = true;
  co_return encode_thread(out);
}

// --- as resources -------------------------------------------------------------------------------

base::Task<core::Result<std::string>> ThreadTools::list_resources(Principal who) {
  core::ThreadPage page{.limit = limits::page_rows_max};
  const auto threads = co_await threads_.list(std::move(who), std::move(page));
  if (!threads) co_return base::fail(threads.error());
  std::string out = R"("resources":)";
  base::JsonWriter json(out);
  json.array();
  for (const core::Thread& thread : *threads) {
    json.object().field("uri", std::string(uri_prefix) + thread.id);
    json.field("name", thread.title.empty() ? "Thread " + thread.id : thread.title);
    json.field("description", "A conversation with an agent: its newest messages.");
    json.field("mimeType", mime).key("annotations").object();
    json.field("lastModified", base::to_rfc3339(thread.updated_at)).end_object().end_object();
  }
  json.end_array();
  co_return out;
}

std::string ThreadTools::list_templates() {
  std::string out = R"("resourceTemplates":)";
  base::JsonWriter json(out);
  json.array().object().field("uriTemplate", std::string(uri_prefix) + "{thread_id}");
  json.field("name", "thread").field("title", "Thread");
  json.field("description", "A conversation with an agent: its newest messages.");
  json.field("mimeType", mime).end_object().end_array();
  return out;
}

base::Task<core::Result<std::string>> ThreadTools::read_resource(Principal who, std::string uri) {
  const auto unknown = [] {
    return base::fail(base::ErrorKind::not_found,
                      "Resource not found: resources are colonnade://threads/{thread_id}, of "
                      "threads that resources/list names");
  };
  if (!uri.starts_with(uri_prefix)) co_return unknown();
  core::MessagePage page{.limit = limits::page_rows_default};
  auto text = co_await page_of(std::move(who), uri.substr(uri_prefix.size()), page);
  if (!text) {
    const auto kind = text.error().kind;
    const bool absent = kind == base::ErrorKind::not_found || kind == base::ErrorKind::forbidden;
    if (absent) co_return unknown();
    co_return text;
  }
  std::string out = R"("contents":)";
  base::JsonWriter json(out);
  json.array().object().field("uri", uri).field("mimeType", mime).field("text", *text);
  json.end_object().end_array();
  co_return out;
}

}  // namespace colonnade::dialects::mcp
