// Whatever a client sends: a decoder yields a value that keeps the contract's bounds, or faults
// that say where. Nothing crashes.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.hpp"
#include "core/governance/limits.hpp"
#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/event_stream.hpp"
#include "dialects/faramesh/wire.hpp"
#include "tests/fuzz/require.hpp"

namespace faramesh = colonnade::dialects::faramesh;
namespace limits = colonnade::limits;
using colonnade::base::Json;
using colonnade::fuzz::require;

namespace {

// The refusal is JSON, whatever was repeated in it.
template <class T>
void require_named_faults(const faramesh::Decoded<T>& decoded) {
  if (decoded) return;
  require(!decoded.error().empty());
  const Json body = Json::parse(faramesh::refusal(decoded.error()).body);
  require(body["detail"].size() == decoded.error().size());
  for (const Json& fault : body["detail"]) require(fault["loc"].is_array());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  colonnade::net::Request request;
  request.body = bytes;
  request.query = bytes;
  request.headers.push_back({"Last-Event-ID", bytes});

  const auto action = faramesh::decode_action(request);
  require_named_faults(action);
  if (action) {
    // What is kept as text is JSON of the kind that was asked for.
    require(Json::accept(action->params) && action->params.starts_with('{'));
    require(Json::accept(action->context) && action->context.starts_with('{'));
  }
  require_named_faults(faramesh::decode_batch(request));
  require_named_faults(faramesh::decode_approval(request));
  require_named_faults(faramesh::decode_result(request));
  require_named_faults(faramesh::decode_evaluation(request));
  require_named_faults(faramesh::decode_replay(request));
  require_named_faults(faramesh::decode_policy(request, true));
  const auto filter = faramesh::decode_filter(request);
  require_named_faults(filter);
  if (filter && *filter) {
    require((*filter)->limit >= 1 && (*filter)->limit <= limits::actions_listed_max);
  }
  const auto after = faramesh::resume_after(request);
  require(!after || *after >= 0);
  return 0;
}
