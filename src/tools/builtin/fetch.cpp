#include "tools/builtin/fetch.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "net/url.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/html_text.hpp"

namespace colonnade::tools {
namespace {

using base::Result;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// "text/html; charset=utf-8" → "text/html"
std::string media_type(std::string_view header) {
  std::string out(header.substr(0, header.find(';')));
  std::erase(out, ' ');
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool is_text(std::string_view type) {
  if (type.empty() || type.starts_with("text/")) return true;
  if (type.ends_with("+json") || type.ends_with("+xml")) return true;
  for (const std::string_view known :
       {"application/json", "application/xml", "application/javascript", "application/yaml",
        "application/x-yaml", "application/toml", "application/x-ndjson", "application/sql"}) {
    if (type == known) return true;
  }
  return false;
}

// How an answer is read and shown.
struct Reading {
  bool as_it_came = false;                                      // HTML with its tags
  std::size_t bytes_max = limits::fetch_text_bytes_max;         // shown
  std::chrono::milliseconds time_max = limits::fetch_time_max;  // each hop
};

Reading reading_of(const base::Json& arguments) {
  Reading out;
  const std::string form = arguments.value("return", std::string("text"));
  out.as_it_came = form == "html" || form == "raw";
  out.bytes_max = std::min(out.bytes_max, arguments.value("max_bytes", out.bytes_max));
  out.time_max = std::min(
      out.time_max, std::chrono::milliseconds(arguments.value("timeout_ms", out.time_max.count())));
  return out;
}

struct Page {
  net::Url url{};
  net::HttpClientHead head{};
  std::string body{};
  bool cut = false;
};

std::string description(const Page& page, const Reading& reading) {
  const std::string type = media_type(page.head.header("Content-Type"));
  std::string out = "status: " + std::to_string(page.head.status) + "\nurl: " + page.url.text +
                    "\ncontent-type: " + (type.empty() ? "unknown" : type) + "\n";
  if (!is_text(type) || page.body.contains('\0')) {
    return out + "[not text; " + (page.cut ? "more than " : "") + std::to_string(page.body.size()) +
           " bytes]\n";
  }
  const bool is_html = type == "text/html" || type == "application/xhtml+xml";
  const bool strips = is_html && !reading.as_it_came;
  const std::string text = base::replace_invalid_utf8(strips ? html_text(page.body) : page.body);
  out += "\n" + std::string(base::cut_utf8(text, reading.bytes_max));
  if (page.cut || text.size() > reading.bytes_max) out += "\n[cut here; more follows]";
  return out;
}

// Up to the limit; the rest is left alone.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller's own, awaited
base::Task<Result<void>> read_body(net::HttpExchange* exchange, Page* page) {
  for (;;) {
    auto piece = co_await exchange->read();
    if (!piece) co_return base::fail(piece.error());
    if (piece->empty()) co_return Result<void>();
    page->body += *piece;
    if (page->body.size() > limits::fetch_bytes_max) {
      page->body.resize(limits::fetch_bytes_max);
      page->cut = true;
      co_return Result<void>();
    }
  }
}

base::Task<Result<void>> may_go_on(const ToolContext* context, base::Json arguments) {
  if (!context->judge_again) {
    co_return base::fail(base::ErrorKind::forbidden, "nobody is there to judge where it leads");
  }
  auto judged = co_await context->judge_again(std::move(arguments));
  co_return judged;
}

}  // namespace

FetchTool::FetchTool(net::HttpClient& client, FetchOptions options)
    : client_(client),
      options_(std::move(options)),
      definition_{
          .name = "fetch",
          .description =
              "Requests a URL of the public Internet and gives its text; HTML without "
              "its tags.",
          .input_schema = {
              {"type", "object"},
              {"properties",
               {{"url", {{"type", "string"}, {"maxLength", limits::fetch_url_bytes_max}}},
                {"method", {{"type", "string"}, {"enum", {"GET", "POST"}}}},
                {"body", {{"type", "string"}, {"maxLength", limits::fetch_body_bytes_max}}},
                {"content_type",
                 {{"type", "string"},
                  {"maxLength", 200},
                  {"description", "Of the body; default: application/json"}}},
                {"return",
                 {{"type", "string"},
                  {"enum", {"text", "markdown", "html", "raw"}},
                  {"description", "html and raw: as it came; default: text"}}},
                {"mode", {{"type", "string"}, {"enum", {"auto", "static"}}}},
                {"timeout_ms", {{"type", "integer"}, {"minimum", 1}, {"maximum", 3600000}}},
                {"max_bytes",
                 {{"type", "integer"}, {"minimum", 1}, {"description", "Of the text, at most"}}}}},
              {"required", {"url"}},
              {"additionalProperties", false}}} {}

bool FetchTool::may_be_private(const std::string& host) const {
  return std::ranges::any_of(options_.private_hosts, [&host](const std::string& allowed) {
    return allowed == "*" || net::same_ignoring_case(allowed, host);
  });
}

base::Result<base::Json> FetchTool::canonical(const ToolContext& /*context*/, base::Json arguments,
                                              core::ArgumentsFrom /*from*/) const {
  auto url = net::canonical_http_url(arguments.at("url").get<std::string>());
  if (!url) return base::fail(url.error().kind, "'url': " + url.error().message, "url");
  arguments["url"] = std::move(url->text);
  if (!arguments.contains("method")) arguments["method"] = "GET";
  return arguments;
}

base::Task<core::ToolOutcome> FetchTool::run(ToolContext context, base::Json arguments,
                                             std::stop_token stop) {
  std::string method = arguments.value("method", std::string("GET"));
  std::string body = arguments.value("body", std::string());
  const std::string type = arguments.value("content_type", std::string("application/json"));
  if (method == "GET" && !body.empty()) co_return failed("'body' needs the method POST");
  const Reading reading = reading_of(arguments);
  auto url = net::canonical_http_url(arguments.at("url").get<std::string>());
  if (!url) co_return failed("'url': " + url.error().message);
  for (int redirects = 0;; ++redirects) {
    net::HttpClientRequest request{.method = method, .url = url->text, .body = body};
    request.headers.push_back({"User-Agent", "colonnade"});
    if (method == "POST") request.headers.push_back({"Content-Type", type});
    request.first_byte_time_max = reading.time_max;
    request.idle_time_max = reading.time_max;
    request.total_time_max = reading.time_max;
    request.public_addresses_only = !may_be_private(url->host);
    auto exchange = client_.open(*context.lane, std::move(request), stop);
    auto head = co_await exchange->head();
    if (!head) co_return failed(head.error().message);
    const std::string location(head->header("Location"));
    if (!is_redirect(head->status) || location.empty()) {
      Page page{.url = *url, .head = std::move(*head)};
      auto read = co_await read_body(exchange.get(), &page);
      if (!read) co_return failed(read.error().message);
      co_return core::ToolOutcome{.content = description(page, reading),
                                  .is_error = page.head.status >= 400};
    }
    if (redirects == limits::fetch_redirects_max) {
      co_return failed("more than " + std::to_string(limits::fetch_redirects_max) + " redirects");
    }
    const bool repeats = head->status == 307 || head->status == 308;
    if (!repeats) {
      method = "GET";
      body.clear();
      arguments.erase("body");
      arguments.erase("content_type");
    }
    auto next = net::canonical_http_url(location, url->text);
    if (!next) co_return failed("redirected by " + url->host + ": " + next.error().message);
    arguments["method"] = method;
    arguments["url"] = next->text;
    auto judged = co_await may_go_on(&context, arguments);
    if (!judged) {
      co_return failed("redirected by " + url->host + " to " + next->text + ", which was not " +
                       "followed: " + judged.error().message);
    }
    url = std::move(next);
  }
}

}  // namespace colonnade::tools
