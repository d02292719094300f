// The I/O of one model call, thin over net's HTTP client: send, tell failure from answer, decode.
#pragma once

#include <memory>
#include <stop_token>

#include "core/models/model_provider.hpp"
#include "net/http_client.hpp"
#include "providers/upstream/failure.hpp"
#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::providers::upstream {

// A call that was answered with something else than 200 becomes failure_of_answer(); a body that is
// JSON in place of an event stream is decoded as one event. One attempt: retries are the turn
// driver's. `exchange` is the request under way; the stream owns it, so destroying the stream
// aborts the call.
std::unique_ptr<core::ModelStream> make_http_stream(Vendor vendor,
                                                    std::unique_ptr<net::HttpExchange> exchange,
                                                    std::unique_ptr<StreamDecoder> decoder,
                                                    std::stop_token stop);

// A stream that fails at its first next(), for a request that cannot be sent.
std::unique_ptr<core::ModelStream> make_failed_stream(base::Error error);

}  // namespace colonnade::providers::upstream
