// Whatever a client sends: a decoder yields a value that keeps the contract's bounds, or an error
// that names a field. Nothing crashes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/limits.hpp"
#include "dialects/fathom/limits.hpp"
#include "dialects/fathom/thread_stream.hpp"
#include "dialects/fathom/wire.hpp"

namespace fathom = colonnade::dialects::fathom;
namespace limits = colonnade::limits;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

template <class Result>
void expect_named_error(const Result& result) {
  if (result) return;
  expect(result.error().kind == colonnade::base::ErrorKind::invalid);
  expect(!result.error().field.empty() && !result.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  expect_named_error(fathom::decode_new_thread(bytes));
  expect_named_error(fathom::decode_rename(bytes));
  expect_named_error(fathom::decode_claim(bytes));
  const auto send = fathom::decode_send(bytes);
  expect_named_error(send);
  if (send) {
    expect(!send->text.empty());
    expect(send->client_message_id.size() <= limits::fathom_client_message_id_bytes_max);
  }

  colonnade::net::Request request;
  request.query = bytes;
  request.headers.push_back({"Last-Event-ID", bytes});
  const auto page = fathom::decode_page(request);
  expect_named_error(page);
  if (page) expect(page->limit >= 1 && page->limit <= limits::page_rows_max);
  const auto resume = fathom::decode_resume(request);
  expect(!resume.after || (resume.with_ids && *resume.after >= 0));
  return 0;
}
