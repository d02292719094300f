#include "providers/upstream/http_stream.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "net/limits.hpp"
#include "providers/limits.hpp"

namespace colonnade::providers::upstream {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Events = std::vector<core::ModelEvent>;

bool is_json(std::string_view content_type) { return content_type.starts_with("application/json"); }

bool is_delta(const core::ModelEvent& event) {
  return !std::holds_alternative<core::ModelReply>(event);
}

class HttpStream final : public core::ModelStream {
 public:
  HttpStream(Vendor vendor, std::unique_ptr<net::HttpExchange> exchange,
             std::unique_ptr<StreamDecoder> decoder, std::stop_token stop)
      : vendor_(std::move(vendor)),
        exchange_(std::move(exchange)),
        decoder_(std::move(decoder)),
        stop_(std::move(stop)) {}
  ~HttpStream() override {
    if (decoder_->replied()) exchange_->drain();  // only the body's end is missing
  }

  base::Task<Result<Events>> next() override;

 private:
  base::Task<Result<void>> open();
  base::Task<Result<void>> read(std::shared_ptr<Events> events);
  void decode(std::string_view piece, Events& events);
  void end(std::optional<Error> broken, Events& events);
  Error of_transport(Error error) const;

  Vendor vendor_;
  std::unique_ptr<net::HttpExchange> exchange_;
  std::unique_ptr<StreamDecoder> decoder_;
  std::stop_token stop_;
  bool opened_ = false;
  bool whole_body_ = false;  // JSON: decode when all of it is there
  bool emitted_ = false;
  std::optional<Error> failure_;  // told once the events before it were handed out
};

// Deltas that came before a failure are handed out first; the failure is the next call's answer.
base::Task<Result<Events>> HttpStream::next() {
  if (!opened_) {
    auto answered = co_await open();
    if (!answered) co_return base::fail(std::move(answered.error()));
  }
  auto events = std::make_shared<Events>();
  while (events->empty() && !failure_) {
    auto done = co_await read(events);
    if (!done) co_return base::fail(std::move(done.error()));
  }
  if (events->empty()) {
    Error failure = std::move(*failure_);
    failure_.reset();
    co_return base::fail(std::move(failure));
  }
  emitted_ = emitted_ || std::ranges::any_of(*events, is_delta);
  co_return std::move(*events);
}

base::Task<Result<void>> HttpStream::open() {
  opened_ = true;
  auto head = co_await exchange_->head();
  if (!head) co_return base::fail(of_transport(std::move(head.error())));
  if (head->status == 200) {
    whole_body_ = is_json(head->header("content-type"));
    co_return Result<void>{};
  }
  // What explains the failure is worth reading, but not worth failing over.
  auto body = co_await exchange_->read_all(limits::upstream_error_body_bytes_max);
  if (stop_.stop_requested())
    co_return base::fail(ErrorKind::cancelled, "the model call was stopped");
  const RetryAdvice advice{.retry_after = head->header("retry-after"),
                           .retry_after_ms = head->header("retry-after-ms"),
                           .should_retry = head->header("x-should-retry")};
  Error failure =
      failure_of_answer(vendor_, head->status, body ? std::string_view(*body) : std::string_view(),
                        advice, base::SystemClock().now());
  // A key that was changed meanwhile: the next attempt brings the new one.
  if (head->status == 401 && vendor_.key_source && vendor_.key_source->replaced(vendor_.key)) {
    failure.retryable = true;
  }
  co_return base::fail(std::move(failure));
}

// One piece of the body into events, or its end. Errors: only a stop, which wins over everything.
base::Task<Result<void>> HttpStream::read(std::shared_ptr<Events> events) {
  Result<std::string> piece;
  if (whole_body_) {
    piece = co_await exchange_->read_all(limits::model_reply_bytes_max);
  } else {
    piece = co_await exchange_->read();
  }
  if (stop_.stop_requested())
    co_return base::fail(ErrorKind::cancelled, "the model call was stopped");
  if (!piece) {
    end(std::move(piece.error()), *events);
  } else if (whole_body_) {
    std::string event = "data: ";
    std::ranges::replace_copy_if(
        *piece, std::back_inserter(event), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    decode(event + "\n\n", *events);
    if (!failure_ && !decoder_->replied()) end(std::nullopt, *events);
  } else if (piece->empty()) {
    end(std::nullopt, *events);
  } else {
    decode(*piece, *events);
  }
  co_return Result<void>{};
}

void HttpStream::decode(std::string_view piece, Events& events) {
  auto fed = decoder_->feed(piece, events);
  if (!fed) failure_ = std::move(fed.error());
}

// An answer that was whole when the connection broke is an answer.
void HttpStream::end(std::optional<Error> broken, Events& events) {
  auto finished = decoder_->finish(events);
  if (finished) return;
  failure_ = broken ? of_transport(std::move(*broken)) : std::move(finished.error());
}

Error HttpStream::of_transport(Error error) const {
  if (error.kind == ErrorKind::cancelled) return error;
  error.message = vendor_.name + ": " + without_secrets(error.message, vendor_.key);
  if (emitted_) error.retryable = false;
  if (!emitted_ && error.kind == ErrorKind::upstream) error.retryable = true;
  return error;
}

class FailedStream final : public core::ModelStream {
 public:
  explicit FailedStream(Error error) : error_(std::move(error)) {}
  base::Task<Result<Events>> next() override { co_return base::fail(error_); }

 private:
  Error error_;
};

}  // namespace

std::unique_ptr<core::ModelStream> make_http_stream(Vendor vendor,
                                                    std::unique_ptr<net::HttpExchange> exchange,
                                                    std::unique_ptr<StreamDecoder> decoder,
                                                    std::stop_token stop) {
  return std::make_unique<HttpStream>(std::move(vendor), std::move(exchange), std::move(decoder),
                                      std::move(stop));
}

std::unique_ptr<core::ModelStream> make_failed_stream(Error error) {
  return std::make_unique<FailedStream>(std::move(error));
}

}  // namespace colonnade::providers::upstream
