#include "providers/upstream/failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/secret_text.hpp"
#include "base/utf8.hpp"
#include "net/limits.hpp"

namespace colonnade::providers::upstream {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

// What an error body says, whatever its shape.
struct ErrorBody {
  int status = 0;  // from a numeric code inside the body
  std::string type{};
  std::string code{};
  std::string message{};
};

std::string text_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// OpenRouter wraps the upstream's own words: metadata.raw and metadata.provider_name.
void add_upstream_words(const Json& object, std::string& message) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  const std::string raw = text_member(*metadata, "raw");
  const std::string who = text_member(*metadata, "provider_name");
  if (raw.empty() && who.empty()) return;
  message += " (" + who + (who.empty() || raw.empty() ? "" : ": ") + raw + ")";
}

void read_object(const Json& object, ErrorBody& out) {
  out.type = text_member(object, "type");
  out.message = text_member(object, "message");
  if (const auto code = object.find("code"); code != object.end()) {
    if (code->is_string()) out.code = code->get<std::string>();
    if (code->is_number_integer()) {
      const auto number = code->get<std::int64_t>();
      if (number >= 400 && number <= 599) out.status = static_cast<int>(number);
    }
  }
  add_upstream_words(object, out.message);
}

// The shapes in use: {"error":{message,type,code}}, {"type":"error","error":{…}}, {"error":"…"},
// {"message":"…"}, {"detail":"…"}; several servers wrap the object in an array of one.
ErrorBody read_error_body(const Json& body) {
  ErrorBody out;
  if (body.is_array() && !body.empty()) return read_error_body(body.front());
  if (!body.is_object()) return out;
  const auto error = body.find("error");
  if (error != body.end() && error->is_object()) {
    read_object(*error, out);
  } else if (error != body.end() && error->is_string()) {
    out.message = error->get<std::string>();
  } else {
    read_object(body, out);
  }
  if (out.message.empty()) {
    const auto detail = body.find("detail");
    if (detail != body.end()) {
      out.message = detail->is_string() ? detail->get<std::string>() : base::to_text(*detail);
    }
  }
  return out;
}

struct NamedStatus {
  std::string_view name;
  int status;
};

// Types and codes that stand for a status. Sources: Anthropic "Errors", OpenAI "Error codes".
constexpr std::array named_statuses = {
    NamedStatus{"invalid_request_error", 400},
    NamedStatus{"authentication_error", 401},
    NamedStatus{"billing_error", 402},
    NamedStatus{"permission_error", 403},
    NamedStatus{"not_found_error", 404},
    NamedStatus{"request_too_large", 413},
    NamedStatus{"rate_limit_error", 429},
    NamedStatus{"api_error", 500},
    NamedStatus{"timeout_error", 504},
    NamedStatus{"overloaded_error", 529},
    NamedStatus{"invalid_api_key", 401},
    NamedStatus{"model_not_found", 404},
    NamedStatus{"context_length_exceeded", 400},
    NamedStatus{"insufficient_quota", 429},
    NamedStatus{"rate_limit_exceeded", 429},
    NamedStatus{"tokens", 429},
    NamedStatus{"requests", 429},
    NamedStatus{"server_error", 500},
    NamedStatus{"internal_server_error", 500},
    NamedStatus{"service_unavailable", 503},
};

int status_named(std::string_view name) {
  for (const auto& row : named_statuses) {
    if (row.name == name) return row.status;
  }
  return 0;
}

// A code is exacter than a type: OpenAI's type of an unknown model is "invalid_request_error".
int status_of(const ErrorBody& error_body) {
  if (error_body.status != 0) return error_body.status;
  if (const int by_code = status_named(error_body.code); by_code != 0) return by_code;
  return status_named(error_body.type);
}

template <std::size_t count>
bool says_one_of(std::string_view text, const std::array<std::string_view, count>& phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view one) { return text.contains(one); });
}

// Whether the input did not fit into the model's window. The code is OpenAI's, the type
// llama.cpp's; the others say it in words: Anthropic, vLLM and OpenRouter, llama.cpp, LM Studio.
bool is_too_long(const ErrorBody& error_body) {
  constexpr std::array<std::string_view, 8> phrases = {
      "prompt is too long",    "maximum context length", "exceed context limit",
      "context window",        "available context size", "greater than the context length",
      "context the overflows", "context length of only"};
  return error_body.code == "context_length_exceeded" ||
         error_body.type == "exceed_context_size_error" || says_one_of(error_body.message, phrases);
}

// Whether the vendor does not have the model. The code is OpenAI's and Groq's, the type Mistral's;
// Anthropic, vLLM and Ollama answer 404 and name it, OpenRouter and DeepSeek say it in words.
bool is_unknown_model(int status, const ErrorBody& error_body) {
  constexpr std::array<std::string_view, 5> phrases = {"is not a valid model", "invalid model",
                                                       "model not exist", "model not found",
                                                       "no endpoints found for"};
  if (error_body.code == "model_not_found" || error_body.type == "invalid_model") return true;
  std::string message = error_body.message;
  std::ranges::transform(message, message.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return (status == 404 && message.contains("model")) || says_one_of(message, phrases);
}

struct Classification {
  ErrorKind kind;
  bool retryable;
};

Classification classify(int status, const ErrorBody& error_body) {
  switch (status) {
    case 401:
    case 402:  // the key's account cannot pay
    case 403: return {ErrorKind::unauthorized, false};
    case 408:
    case 504: return {ErrorKind::timeout, true};
    case 409: return {ErrorKind::unavailable, true};  // a lock on their side
    case 429:
      // An exhausted quota has the status of a rate limit, but waiting does not refill it.
      return {ErrorKind::rate_limited,
              error_body.code != "insufficient_quota" && error_body.type != "insufficient_quota"};
    default: break;
  }
  // Older llama.cpp answers 500.
  if (status >= 400 && is_too_long(error_body)) return {ErrorKind::too_large, false};
  if (status >= 500) return {ErrorKind::unavailable, true};
  if (status >= 400) return {ErrorKind::invalid, false};
  return {ErrorKind::upstream, false};
}

void name_the_key(const Vendor& vendor, Error& error) {
  if (error.kind != ErrorKind::unauthorized || vendor.key_setting.empty()) return;
  error.field = vendor.key_setting;
  error.message += "; check " + vendor.key_setting;
}

void name_the_model(int status, const ErrorBody& error_body, Error& error) {
  if (error.kind != ErrorKind::invalid || !is_unknown_model(status, error_body)) return;
  error.field = core::unknown_model_field;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0 || value > 1e9) return std::nullopt;
  return value;
}

// IMF-fixdate, the only form senders may generate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<base::Time> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const auto number = std::to_string(month - months.begin() + 1);
  std::string stamp(text.substr(12, 4));
  stamp += (number.size() == 1 ? "-0" : "-") + number + "-";
  stamp += text.substr(5, 2);
  stamp += "T";
  stamp += text.substr(17, 8);
  return base::parse_rfc3339(stamp + "Z");
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '*' || c == '.';
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// Each text as it is, and as it stands in a request's JSON.
std::vector<std::string> as_quoted(const std::vector<std::string>& texts) {
  std::vector<std::string> out = texts;
  for (const std::string& text : texts) {
    std::string json = base::to_text(base::Json(text));
    out.push_back(json.substr(1, json.size() - 2));
  }
  return out;
}

std::string without_quotes(const Vendor& vendor, std::string text) {
  if (!vendor.told || vendor.told->empty() || text.empty()) return text;
  return base::hide_quotes(std::move(text), as_quoted(*vendor.told));
}

}  // namespace

std::shared_ptr<const std::vector<std::string>> take_open_turn(core::ModelRequest& request) {
  auto out = std::make_shared<std::vector<std::string>>();
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    for (core::Part& part : message->parts) {
      if (auto* text = std::get_if<core::TextPart>(&part)) {
        out->push_back(std::move(text->text));
      } else if (auto* result = std::get_if<core::ToolResultPart>(&part)) {
        out->push_back(std::move(result->content));
      }
    }
    if (message->role == core::Role::user) break;
  }
  return out;
}

std::optional<std::chrono::milliseconds> retry_delay(const RetryAdvice& advice, base::Time now) {
  using std::chrono::milliseconds;
  if (const auto ms = parse_number(advice.retry_after_ms)) {
    return milliseconds(static_cast<std::int64_t>(std::ceil(*ms)));
  }
  if (const auto seconds = parse_number(advice.retry_after)) {
    return milliseconds(static_cast<std::int64_t>(std::ceil(*seconds * 1000)));
  }
  if (const auto date = parse_http_date(advice.retry_after)) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*date - now));
  }
  return std::nullopt;
}

std::string without_secrets(std::string_view text, std::string_view key) {
  constexpr std::string_view removed = "[key removed]";
  std::string out = base::replace_invalid_utf8(text);
  if (key.size() >= 4) replace_all(out, key, removed);
  // Vendors quote the key they were sent, often half masked; all of their keys begin like this.
  for (std::size_t at = 0; (at = out.find("sk-", at)) != std::string::npos;) {
    std::size_t end = at;
    while (end < out.size() && is_key_character(out[end])) ++end;
    const bool starts_a_word = at == 0 || !is_key_character(out[at - 1]);
    if (starts_a_word && end - at >= 8) {
      out.replace(at, end - at, removed);
      at += removed.size();
    } else {
      at = end;
    }
  }
  out = base::hide_secrets(out);
  if (out.size() > limits::upstream_message_bytes_max) {
    out = std::string(base::cut_utf8(out, limits::upstream_message_bytes_max)) + "…";
  }
  return out;
}

Error failure_of_answer(const Vendor& vendor, int status, std::string_view body,
                        const RetryAdvice& advice, base::Time now) {
  ErrorBody error_body;
  if (const auto parsed = base::parse_json(body, "body")) error_body = read_error_body(*parsed);
  if (error_body.message.empty()) error_body.message = std::string(body);
  error_body.message = without_quotes(vendor, std::move(error_body.message));
  const Classification classification = classify(status, error_body);
  Error error{.kind = classification.kind, .retryable = classification.retryable};
  error.message = vendor.name + " answered " + std::to_string(status);
  const std::string said = without_secrets(error_body.message, vendor.key);
  if (!said.empty()) error.message += ": " + said;
  if (status >= 300 && status < 400) error.message += " (a redirect; check the base URL)";
  name_the_key(vendor, error);
  name_the_model(status, error_body, error);
  if (advice.should_retry == "true") error.retryable = true;
  if (advice.should_retry == "false") error.retryable = false;
  if (error.retryable || error.kind == ErrorKind::rate_limited) {
    error.retry_after = retry_delay(advice, now);
  }
  return error;
}

Error failure_in_stream(const Vendor& vendor, const Json& body, bool emitted) {
  const ErrorBody error_body = read_error_body(body);
  const int status = status_of(error_body);
  // Without a word on what it was, the stream simply broke.
  const Classification classification =
      status != 0 ? classify(status, error_body) : Classification{ErrorKind::upstream, true};
  Error error{.kind = classification.kind, .retryable = classification.retryable && !emitted};
  error.message =
      vendor.name + " failed " + (emitted ? "in the middle of" : "before") + " its answer";
  const std::string name = !error_body.type.empty() ? error_body.type : error_body.code;
  if (!name.empty()) error.message += " (" + without_secrets(name, vendor.key) + ")";
  if (!error_body.message.empty()) {
    error.message += ": " + without_secrets(without_quotes(vendor, error_body.message), vendor.key);
  }
  name_the_key(vendor, error);
  name_the_model(status, error_body, error);
  return error;
}

Error broken_stream(const Vendor& vendor, std::string_view why, bool emitted) {
  return Error{.kind = ErrorKind::upstream,
               .message = vendor.name + " " + without_secrets(why, vendor.key),
               .retryable = !emitted};
}

}  // namespace colonnade::providers::upstream
