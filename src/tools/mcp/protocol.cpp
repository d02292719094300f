#include "tools/mcp/protocol.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/utf8.hpp"
#include "net/limits.hpp"
#include "tools/mcp/limits.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

std::unexpected<base::Error> wrong(const std::string& what) {
  return base::fail(ErrorKind::upstream, "the MCP server sent no valid message: " + what);
}

Result<Message> failure_from(const Json& object, std::optional<RequestId> id) {
  const Json& error = object.at("error");
  const Json& code = member(error, "code");
  if (!code.is_number_integer()) return wrong("'error' has no integer 'code'");
  std::string message = text_member(error, "message");
  message = base::cut_utf8(message, limits::upstream_message_bytes_max);
  return Message(RpcFailure{.id = std::move(id),
                            .error = {.code = code.get<std::int64_t>(),
                                      .message = std::move(message),
                                      .data = member(error, "data")}});
}

Result<Message> message_from(const Json& object) {
  auto frame = base::json_rpc::read_frame(object);
  if (!frame) return wrong(frame.error().why);
  if (frame->id_sent && !frame->id && !object.at("id").is_null()) {
    return wrong("'id' must be a string or an integer");
  }
  std::optional<RequestId> id = std::move(frame->id);
  if (!frame->is_answer) {
    std::string method = std::move(frame->method);
    Json params = std::move(frame->params);
    if (id) return Message(RpcRequest{std::move(*id), std::move(method), std::move(params)});
    return Message(RpcNotification{std::move(method), std::move(params)});
  }
  if (object.contains("error")) return failure_from(object, std::move(id));
  if (!id) return wrong("its 'result' has no 'id'");
  if (!object.at("result").is_object()) return wrong("'result' is not an object");
  return Message(RpcResult{std::move(*id), object.at("result")});
}

// "" for none.
std::string text_of(const Json& params) { return params.is_null() ? "" : base::to_text(params); }

// The code of an escape \uXXXX; -1 for anything else.
int escaped_unit(std::string_view text) {
  constexpr std::size_t escape_bytes = 6;
  if (text.size() < escape_bytes || !text.starts_with("\\u")) return -1;
  int out = 0;
  const char* const begin = text.data() + 2;
  const auto [end, failed] = std::from_chars(begin, begin + 4, out, 16);
  return failed == std::errc{} && end == begin + 4 ? out : -1;
}

// Halves of surrogate pairs, which JavaScript and Python write as escapes, are no characters:
// U+FFFD stands for each.
std::string with_whole_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t bytes = std::min(text.find('\\'), text.size());
    if (bytes == 0) {
      const int unit = escaped_unit(text);
      const bool high = unit >= 0xD800 && unit < 0xDC00;
      const bool low = unit >= 0xDC00 && unit < 0xE000;
      const int next = high ? escaped_unit(text.substr(6)) : -1;
      if (high && next >= 0xDC00 && next < 0xE000) {
        bytes = 12;
      } else if (high || low) {
        out += "\\ufffd";
        text.remove_prefix(6);
        continue;
      } else {
        bytes = std::min<std::size_t>(unit < 0 ? 2 : 6, text.size());
      }
    }
    out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace

Result<std::vector<Message>> decode_messages(std::string_view text) {
  if (text.size() > limits::mcp_message_bytes_max) {
    return wrong("it is longer than " + std::to_string(limits::mcp_message_bytes_max) + " bytes");
  }
  auto tree = base::parse_json(text, "message");
  if (!tree && text.contains("\\u")) {
    if (auto mended = base::parse_json(with_whole_characters(text), "message"))
      tree = std::move(mended);
  }
  if (!tree) return wrong(tree.error().message);
  std::vector<Message> out;
  if (!tree->is_array()) {
    auto message = message_from(*tree);
    if (!message) return base::fail(message.error());
    out.push_back(std::move(*message));
    return out;
  }
  if (tree->empty() || tree->size() > limits::mcp_batch_messages_max) {
    return wrong("a batch holds 1 to " + std::to_string(limits::mcp_batch_messages_max) +
                 " messages");
  }
  for (const Json& one : *tree) {
    auto message = message_from(one);
    if (!message) return base::fail(message.error());
    out.push_back(std::move(*message));
  }
  return out;
}

std::string encode_request(std::int64_t id, std::string_view method, const Json& params) {
  return base::json_rpc::encode_request(id, method, text_of(params));
}

std::string encode_notification(std::string_view method, const Json& params) {
  return base::json_rpc::encode_notification(method, text_of(params));
}

std::string encode_result(const RequestId& id, const Json& result) {
  return base::json_rpc::encode_result(id, base::to_text(result));
}

std::string encode_failure(const RequestId& id, std::int64_t code, std::string_view message) {
  return base::json_rpc::encode_fault(id, {.code = code, .message = std::string(message)});
}

}  // namespace colonnade::tools::mcp
