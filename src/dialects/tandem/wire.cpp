#include "dialects/tandem/wire.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// "application/json; charset=utf-8", "application/merge-patch+json"
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (net::same_ignoring_case(type, "application/json")) return true;
  return type.size() > 5 && net::same_ignoring_case(type.substr(type.size() - 5), "+json");
}

}  // namespace

base::Result<base::Json> body_of(const net::Request& request) {
  if (is_blank(request.body)) return base::Json::object();
  if (!is_json(request.header("Content-Type"))) {
    return fail(ErrorKind::invalid, "a body needs the header Content-Type: application/json",
                "Content-Type");
  }
  auto parsed = base::parse_json(request.body, "body");
  if (!parsed) {
    parsed.error().field = "body";
    return parsed;
  }
  if (parsed->is_null()) return base::Json::object();
  if (!parsed->is_object()) {
    return fail(ErrorKind::invalid, "the body must be a JSON object", "body");
  }
  return parsed;
}

const base::Json* member(const base::Json& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = object.find(name);
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

base::Result<std::optional<std::string>> text_member(
    const base::Json& object, std::initializer_list<std::string_view> names) {
  const base::Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  const std::string name(*names.begin());
  return fail(ErrorKind::invalid, name + " must be a string", name);
}

base::Result<std::optional<bool>> flag_member(const base::Json& object,
                                              std::initializer_list<std::string_view> names) {
  const base::Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  const std::string name(*names.begin());
  return fail(ErrorKind::invalid, name + " must be true or false", name);
}

base::Result<std::optional<std::int64_t>> number_parameter(const net::Request& request,
                                                           std::string_view name) {
  const auto text = request.query_parameter(name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t out = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, out);
  if (read.ec == std::errc() && read.ptr == end) return out;
  return fail(ErrorKind::invalid, std::string(name) + " must be an integer",
              "query." + std::string(name));
}

bool ends_connection(const net::Request& request) {
  return request.header("User-Agent").starts_with("python-httpx");
}

net::Response answer(std::string body) { return {.body = std::move(body)}; }
net::Response answer(const base::Json& body) { return {.body = base::to_text(body)}; }

}  // namespace colonnade::dialects::tandem
