#include "tools/builtin/websearch.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/html_text.hpp"

namespace colonnade::tools {
namespace {

using base::Json;

constexpr std::string_view brave_url = "https://api.search.brave.com/res/v1/web/search";
constexpr const char* no_service =
    "the web cannot be searched: the operator has named no search service. Set websearch.provider "
    "to searxng, with websearch.url, or to brave, with websearch.api_key or "
    "websearch.api_key_file";

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
    }
  }
  return out;
}

// A text of a result: brief, without tags, on one line.
std::string brief(const Json& object, const char* name, std::size_t bytes_max) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return "";
  std::string text = base::replace_invalid_utf8(html_text(found->get_ref<const std::string&>()));
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return std::string(base::cut_utf8(text, bytes_max));
}

// As a link is: not a text of HTML.
std::string link_of(const Json& object) {
  const auto found = object.find("url");
  if (found == object.end() || !found->is_string()) return "";
  const auto& url = found->get_ref<const std::string&>();
  return std::string(base::cut_utf8(base::replace_invalid_utf8(url), limits::fetch_url_bytes_max));
}

const Json* results_of(const Json& answer, SearchService service) {
  const Json* holder = &answer;
  if (service == SearchService::brave) {
    const auto web = answer.find("web");
    if (web == answer.end()) return nullptr;
    holder = &*web;
  }
  const auto results = holder->find("results");
  return results != holder->end() && results->is_array() ? &*results : nullptr;
}

std::string listing(const Json* results, SearchService service, std::size_t limit) {
  const char* text_member = service == SearchService::brave ? "description" : "content";
  std::string out;
  std::size_t count = 0;
  if (results != nullptr) {
    for (const Json& one : *results) {
      if (count == limit) break;
      const std::string url = one.is_object() ? link_of(one) : "";
      if (url.empty()) continue;
      out += std::to_string(++count) + ". " +
             brief(one, "title", limits::websearch_title_bytes_max) + "\n   " + url + "\n";
      const std::string text = brief(one, text_member, limits::websearch_text_bytes_max);
      if (!text.empty()) out += "   " + text + "\n";
    }
  }
  return out.empty() ? "[nothing found]\n" : out;
}

class WebsearchTool final : public Tool {
 public:
  WebsearchTool(net::HttpClient& client, WebsearchOptions options)
      : client_(client),
        options_(std::move(options)),
        definition_{.name = "websearch",
                    .description =
                        "Searches the web and gives titles, links and a few words of the best "
                        "results. Read a page with fetch.",
                    .input_schema = {
                        {"type", "object"},
                        {"properties",
                         {{"query",
                           {{"type", "string"},
                            {"minLength", 1},
                            {"maxLength", limits::websearch_query_bytes_max}}},
                          {"limit",
                           {{"type", "integer"},
                            {"minimum", 1},
                            {"maximum", limits::websearch_results_max},
                            {"description", "Results at most; " +
                                                std::to_string(limits::websearch_results_default) +
                                                " by default"}}}}},
                        {"required", {"query"}},
                        {"additionalProperties", false}}} {
    while (options_.url.ends_with('/')) options_.url.pop_back();
  }

  const core::ToolDefinition& definition() const override { return definition_; }
  // The query leaves the machine.
  Effect effect() const override { return Effect::changes; }

  base::Task<core::ToolOutcome> run(ToolContext context, Json arguments,
                                    std::stop_token stop) override {
    if (options_.service == SearchService::none) co_return failed(no_service);
    const auto limit = arguments.value("limit", limits::websearch_results_default);
    auto exchange = client_.open(
        *context.lane, request(arguments.at("query").get_ref<const std::string&>(), limit), stop);
    auto head = co_await exchange->head();
    // What the client says may name the address, which is the operator's own.
    if (!head) co_return failed("the search service cannot be asked: " + head.error().message);
    if (head->status != 200) co_return failed(refusal(head->status));
    auto body = co_await exchange->read_all(limits::websearch_body_bytes_max);
    if (!body) co_return failed("the search service's answer broke off: " + body.error().message);
    const auto answer = base::parse_json(*body, "the search service's answer");
    if (!answer || !answer->is_object()) {
      co_return failed("the search service answered with something else than a JSON object" +
                       std::string(options_.service == SearchService::searxng
                                       ? "; its setting search.formats must list json"
                                       : ""));
    }
    co_return core::ToolOutcome{
        .content = listing(results_of(*answer, options_.service), options_.service, limit)};
  }

 private:
  net::HttpClientRequest request(std::string_view query, std::size_t limit) const {
    net::HttpClientRequest out;
    out.headers.push_back({"Accept", "application/json"});
    out.headers.push_back({"User-Agent", "colonnade"});
    if (options_.service == SearchService::brave) {
      out.url = options_.url.empty() ? std::string(brave_url) : options_.url;
      out.url += "?q=" + escaped(query) + "&count=" + std::to_string(limit);
      out.headers.push_back({"X-Subscription-Token", options_.api_key});
    } else {
      out.url = options_.url;
      if (!out.url.ends_with("/search")) out.url += "/search";
      out.url += "?q=" + escaped(query) + "&format=json";
      if (!options_.api_key.empty()) {
        out.headers.push_back({"Authorization", "Bearer " + options_.api_key});
      }
    }
    out.first_byte_time_max = limits::fetch_time_max;
    out.idle_time_max = limits::fetch_time_max;
    out.total_time_max = limits::fetch_time_max;
    return out;
  }

  std::string refusal(int status) const {
    std::string out = "the search service answered with status " + std::to_string(status);
    if (status == 401 || status == 403 || status == 422) {
      return out + (options_.service == SearchService::brave
                        ? "; the operator should look at websearch.api_key"
                        : "; it has to allow the format json (search.formats in its settings)");
    }
    if (status == 429) return out + "; it was asked too often, so try again later";
    if (status >= 300 && status < 400) {
      return out +
             "; no redirect is followed, so the operator should set websearch.url to where it "
             "leads";
    }
    return out;
  }

  net::HttpClient& client_;
  WebsearchOptions options_;
  core::ToolDefinition definition_;
};

}  // namespace

std::unique_ptr<Tool> websearch_tool(net::HttpClient& client, WebsearchOptions options) {
  return std::make_unique<WebsearchTool>(client, std::move(options));
}

}  // namespace colonnade::tools
