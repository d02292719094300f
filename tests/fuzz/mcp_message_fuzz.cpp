// Whatever a client sends: it is cut into messages that keep their bounds, or refused with a fault
// that is JSON. Nothing crashes.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "dialects/mcp/arguments.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/message.hpp"
#include "dialects/mcp/revision.hpp"
#include "tests/fuzz/require.hpp"

namespace mcp = colonnade::dialects::mcp;
namespace limits = colonnade::limits;
using colonnade::base::Json;
using colonnade::fuzz::require;

namespace {

void require_fault(const mcp::InvalidMessage& unreadable) {
  const Json body = Json::parse(mcp::encode_fault(unreadable.id, unreadable.fault));
  require(body["error"]["code"].is_number_integer());
  require(!body["error"]["message"].get<std::string>().empty());
}

void look_into(const mcp::Incoming& message, const std::string& header) {
  require(message.params.is_object());
  colonnade::net::Request request;
  request.headers = {
      {"MCP-Protocol-Version", header}, {"Mcp-Method", header}, {"Mcp-Name", header}};
  (void)mcp::era_of(request, message);
  if (const auto fault = mcp::modern_fault(request, message)) {
    require_fault({.fault = *fault, .id = message.id});
  }
  const auto agreed = mcp::negotiate(message.params, {.version = "1", .instructions = "i"});
  require(mcp::is_handshake_revision(agreed.revision));
  mcp::Arguments arguments(message.params);
  (void)arguments.text("message");
  (void)arguments.whole("limit", {.least = 1, .most = 200}, 20);
  (void)arguments.one_of("remember", {"once", "always"});
  // What is taken as it was sent is JSON.
  if (arguments.has_object("params")) {
    const std::string exact = mcp::exact_value(message.text, {"params", "params"});
    require(exact.empty() || Json::accept(exact));
  }
  (void)arguments.fault();
  if (message.id) {
    const Json answer = Json::parse(mcp::encode_result(*message.id, R"("a":1)"));
    require(answer["result"]["a"] == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto decoding = mcp::decode(bytes);
  if (!decoding) {
    require_fault(decoding.error());
    return 0;
  }
  require(decoding->messages.size() <= limits::mcp_endpoint_batch_messages_max);
  require(decoding->batch || decoding->messages.size() == 1);
  const std::string header = bytes.substr(0, bytes.find('\n'));
  for (const mcp::Decoded& message : decoding->messages) {
    if (message) {
      look_into(*message, header);
    } else {
      require_fault(message.error());
    }
  }
  return 0;
}
