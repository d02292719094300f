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
constexpr Arguments::Range thread_rows{.least = 1, .most = limits::page_rows_max};

}  // namespace

base::Task<Attempted> ThreadTools::list(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::int64_t limit = arguments.whole("limit", thread_rows, limits::mcp_listed_default);
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  const auto threads = threads_.list(call.who, {.limit = static_cast<std::size_t>(limit)});
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
  const auto text = page_of(call.who, id, page);
  if (!text) co_return failed(text.error(), find_threads);
  co_return answered(*text);
}

core::Result<std::string> ThreadTools::page_of(const Principal& who, const std::string& id,
                                               const core::MessagePage& page) {
  auto view = threads_.view(who, id, 1);
  if (!view) return base::fail(std::move(view.error()));
  auto messages = threads_.messages(who, id, page);
  if (!messages) return base::fail(std::move(messages.error()));
  ThreadPage out{.thread = std::move(view->thread),
                 .messages = std::move(*messages),
                 .running = view->running};
  out.more = out.messages.size() == page.limit;
  return encode_thread(out);
}

// --- as resources -------------------------------------------------------------------------------

core::Result<std::string> ThreadTools::list_resources(const Principal& who) {
  const auto threads = threads_.list(who, {.limit = limits::page_rows_max});
  if (!threads) return base::fail(threads.error());
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
  return out;
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

core::Result<std::string> ThreadTools::read_resource(const Principal& who, const std::string& uri) {
  const auto unknown = [] {
    return base::fail(base::ErrorKind::not_found,
                      "Resource not found: resources are colonnade://threads/{thread_id}, of "
                      "threads that resources/list names");
  };
  if (!uri.starts_with(uri_prefix)) return unknown();
  auto text = page_of(who, uri.substr(uri_prefix.size()), {.limit = limits::page_rows_default});
  if (!text) {
    const auto kind = text.error().kind;
    const bool absent = kind == base::ErrorKind::not_found || kind == base::ErrorKind::forbidden;
    if (absent) return unknown();
    return text;
  }
  std::string out = R"("contents":)";
  base::JsonWriter json(out);
  json.array().object().field("uri", uri).field("mimeType", mime).field("text", *text);
  json.end_object().end_array();
  return out;
}

}  // namespace colonnade::dialects::mcp
