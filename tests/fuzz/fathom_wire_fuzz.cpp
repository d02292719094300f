// Whatever a client sends: a decoder yields a value that keeps the contract's bounds, or an error
// that names a field. Nothing crashes.
#include <cstdint>
#include <string>

#include "core/limits.hpp"
#include "dialects/fathom/limits.hpp"
#include "dialects/fathom/thread_stream.hpp"
#include "dialects/fathom/wire.hpp"
#include "tests/fuzz/require.hpp"

namespace fathom = colonnade::dialects::fathom;
namespace limits = colonnade::limits;
using colonnade::fuzz::require;

namespace {

template <class Result>
void require_named_error(const Result& result) {
  if (result) return;
  require(result.error().kind == colonnade::base::ErrorKind::invalid);
  require(!result.error().field.empty() && !result.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  require_named_error(fathom::decode_new_thread(bytes));
  require_named_error(fathom::decode_rename(bytes));
  require_named_error(fathom::decode_claim(bytes));
  const auto send = fathom::decode_send(bytes);
  require_named_error(send);
  if (send) {
    require(!send->text.empty());
    require(send->client_message_id.size() <= limits::fathom_client_message_id_bytes_max);
  }

  colonnade::net::Request request;
  request.query = bytes;
  request.headers.push_back({"Last-Event-ID", bytes});
  const auto page = fathom::decode_page(request);
  require_named_error(page);
  if (page) require(page->limit >= 1 && page->limit <= limits::page_rows_max);
  const auto resume = fathom::decode_resume(request);
  require(!resume.after || (resume.with_ids && *resume.after >= 0));
  return 0;
}
