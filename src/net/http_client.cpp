#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>

#include "net/curl_lane.hpp"
#include "net/limits.hpp"
#include "net/loopback.hpp"
#include "net/public_address.hpp"

namespace colonnade::net {
namespace {

using base::Error;
using base::ErrorKind;
using Clock = std::chrono::steady_clock;

Clock::time_point after(Clock::time_point start, std::chrono::milliseconds limit) {
  return limit.count() > 0 ? start + limit : Clock::time_point::max();
}

// Scheme and host of a URL: all of it that an error message may repeat.
struct SplitUrl {
  std::string scheme{};
  std::string host{};
};

std::optional<SplitUrl> parse_url(const std::string& text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  SplitUrl out;
  const auto part = [&url](CURLUPart which, std::string& into) {
    char* value = nullptr;
    if (curl_url_get(url.get(), which, &value, 0) != CURLUE_OK) return;
    into = value;
    curl_free(value);
  };
  part(CURLUPART_SCHEME, out.scheme);
  part(CURLUPART_HOST, out.host);
  return out;
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Error invalid(std::string message, std::string field) {
  return {.kind = ErrorKind::invalid, .message = std::move(message), .field = std::move(field)};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.remove_suffix(1);
  return text;
}

// Only curl's fixed texts are used: its detailed ones may quote the request.
Error to_error(CURLcode code, const std::string& host, bool head_seen) {
  const std::string text = host + ": " + curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT: return invalid("the URL is malformed", "url");
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PROXY: return {.kind = ErrorKind::unavailable, .message = text, .retryable = true};
    case CURLE_OPERATION_TIMEDOUT:
      return {.kind = ErrorKind::timeout,
              .message = host + ": no connection within connect_time_max",
              .retryable = true};
    default: return {.kind = ErrorKind::upstream, .message = text, .retryable = !head_seen};
  }
}

}  // namespace

std::string_view HttpClientHead::header(std::string_view name) const {
  return find_header(headers, name);
}

base::Task<base::Result<std::string>> HttpExchange::read_all(std::size_t bytes_max) {
  std::string all;
  for (;;) {
    base::Result<std::string> piece = co_await read();
    if (!piece || piece->empty()) {
      if (!piece) co_return std::unexpected(std::move(piece.error()));
      co_return all;
    }
    if (all.size() + piece->size() > bytes_max) {
      co_return base::fail(ErrorKind::too_large, "the response body is larger than " +
                                                     std::to_string(bytes_max) + " bytes");
    }
    all.append(*piece);
  }
}

namespace {

// One transfer, shared by the exchange and whoever may still wake it. On its lane throughout, but
// for the stop callback, which only posts.
class Transfer final : public LaneTransfer, public std::enable_shared_from_this<Transfer> {
 public:
  explicit Transfer(HttpClientRequest request) : request_(std::move(request)) {}
  ~Transfer() { curl_slist_free_all(header_list_); }

  void start(CurlLane& curl, std::stop_token stop);
  void fail(Error error) { finish(std::move(error)); }
  // The exchange is gone.
  void abandon() {
    stop_callback_.reset();
    take_back();
  }

  static base::Task<base::Result<HttpClientHead>> head(std::shared_ptr<Transfer> self);
  static base::Task<base::Result<std::string>> read(std::shared_ptr<Transfer> self);
  static void drain(std::shared_ptr<Transfer> self);

  void completed(CURLcode code) override;
  Clock::time_point deadline() const override;
  void deadline_passed() override;
  void abandoned() override {
    curl_ = nullptr;
    handle_ = nullptr;
    finish(cancelled());
  }

 private:
  struct PostCancel {
    base::Lane* lane;
    std::weak_ptr<Transfer> transfer;
    void operator()() const {
      lane->post([weak = transfer] {
        if (const auto self = weak.lock()) self->finish(cancelled());
      });
    }
  };

  static Error cancelled() {
    return {.kind = ErrorKind::cancelled, .message = "the request was cancelled"};
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);

  std::optional<Error> check(SplitUrl& split) const;
  void set_options(const SplitUrl& split);
  void set_method();
  void set_headers();
  bool take_header_line(std::string_view line);
  bool is_private_peer() const;
  void finish(std::optional<Error> error);
  void take_back();

  HttpClientRequest request_;
  std::string host_;
  CurlLane* curl_ = nullptr;  // null when not under way
  CURL* handle_ = nullptr;
  curl_slist* header_list_ = nullptr;
  std::optional<std::stop_callback<PostCancel>> stop_callback_;

  HttpClientHead head_;
  std::string buffer_;  // of the body, not yet read
  std::size_t header_bytes_ = 0;
  Clock::time_point start_{};
  Clock::time_point last_byte_{};
  std::optional<Error> error_;
  bool head_done_ = false;
  bool finished_ = false;
  bool paused_ = false;
  bool headers_too_large_ = false;
  std::string refused_kind_;  // of an address that was not connected to
  base::Signal changed_;
  // Itself, while it drains: nobody else holds it then.
  std::shared_ptr<Transfer> draining_;
  std::size_t drained_bytes_ = 0;
};

std::optional<Error> Transfer::check(SplitUrl& split) const {
  auto parsed = parse_url(request_.url);
  if (!parsed) return invalid("the URL is malformed", "url");
  split = std::move(*parsed);
  if (split.scheme != "http" && split.scheme != "https") {
    return invalid("the URL must be http or https", "url");
  }
  if (request_.method.empty() || has_line_break(request_.method)) {
    return invalid("the method is malformed", "method");
  }
  for (const Header& header : request_.headers) {
    if (header.name.empty() || header.name.find(':') != std::string::npos ||
        has_line_break(header.name) || has_line_break(header.value)) {
      return invalid("a request header is malformed", "headers");
    }
  }
  return std::nullopt;
}

void Transfer::start(CurlLane& curl, std::stop_token stop) {
  SplitUrl split;
  if (auto error = check(split)) return finish(std::move(error));
  if (stop.stop_requested()) return finish(cancelled());
  host_ = split.host;
  start_ = last_byte_ = Clock::now();
  handle_ = curl.take_handle();
  curl_ = &curl;
  set_options(split);
  stop_callback_.emplace(std::move(stop), PostCancel{&curl.lane(), weak_from_this()});
  curl.start(handle_, *this);
}

void Transfer::set_options(const SplitUrl& split) {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(handle_, option, value);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // Over TLS a second request waits to learn whether the first connection can carry it too. Plain
  // HTTP never can, and must not wait.
  set(CURLOPT_PIPEWAIT, split.scheme == "https" ? 1L : 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_time_max.count()));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // As OpenSSL's own programs do it; curl has its own default otherwise.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here sets one
  const char* authorities = std::getenv("SSL_CERT_FILE");  // allow(getenv): OpenSSL's own setting
  if (authorities != nullptr) set(CURLOPT_CAINFO, authorities);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (request_.public_addresses_only) {
    // A pooled connection was judged by nobody, and a proxy would connect where it likes.
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  } else if (is_loopback_url(request_.url)) {
    set(CURLOPT_PROXY, "");  // the environment's proxy is for the network
  }
  set_method();
  set_headers();
}

curl_socket_t Transfer::on_open(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (auto kind = special_kind(address->addr); !kind.empty()) {
    transfer.refused_kind_ = std::move(kind);
    return CURL_SOCKET_BAD;
  }
  return CurlLane::on_open(transfer.curl_, purpose, address);
}

void Transfer::set_method() {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool sends_body =
      !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (sends_body) {
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (method != (sends_body ? "POST" : "GET")) {
    curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void Transfer::set_headers() {
  const auto add = [this](const std::string& line) {
    header_list_ = curl_slist_append(header_list_, line.c_str());
  };
  // An empty "Name:" takes a header of curl's away: waiting for 100 Continue costs a round trip,
  // and a body has only the type it was given.
  add("Expect:");
  if (find_header(request_.headers, "Content-Type").empty()) add("Content-Type:");
  for (const Header& header : request_.headers) {
    const bool empty = trim(header.value).empty();
    add(empty ? header.name + ";" : header.name + ": " + header.value);
  }
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, header_list_);
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_byte_ = Clock::now();
  return transfer.take_header_line({data, size * count}) ? size * count : 0;
}

bool Transfer::is_private_peer() const {
  const char* address = nullptr;
  if (curl_easy_getinfo(handle_, CURLINFO_PRIMARY_IP, &address) != CURLE_OK) return false;
  if (address == nullptr || *address == '\0') return false;
  const std::string kind = special_kind(std::string_view(address));
  return !kind.empty() && kind != unknown_kind;
}

bool Transfer::take_header_line(std::string_view line) {
  if (head_done_) return true;  // trailers
  header_bytes_ += line.size();
  if (header_bytes_ > limits::client_header_bytes_max) {
    headers_too_large_ = true;
    return false;
  }
  const std::string_view text = trim(line);
  if (line.starts_with("HTTP/")) {
    const std::size_t space = std::min(text.find(' '), text.size());
    head_ = {};
    head_.from_private_address = is_private_peer();
    head_.status = std::atoi(std::string(text.substr(space)).c_str());
  } else if (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return true;
    head_.headers.push_back(
        {std::string(text.substr(0, colon)), std::string(trim(text.substr(colon + 1)))});
  } else if (head_.status >= 200 || head_.status == 101) {
    head_done_ = true;  // interim responses are skipped
    if (curl_ != nullptr)
      curl_->deadline_moved(deadline());  // silence has another limit from now on
    changed_.notify();
  }
  return true;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.draining_) {
    transfer.drained_bytes_ += size * count;
    return transfer.drained_bytes_ <= limits::client_drain_bytes_max ? size * count : 0;
  }
  if (transfer.buffer_.size() >= limits::client_buffer_bytes_max) {
    transfer.paused_ = true;  // curl keeps this piece and stops reading until read() resumes it
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.last_byte_ = Clock::now();
  transfer.buffer_.append(data, size * count);
  transfer.changed_.notify();
  return size * count;
}

void Transfer::completed(CURLcode code) {
  if (headers_too_large_) {
    return finish(Error{.kind = ErrorKind::upstream,
                        .message = host_ + ": the response headers are larger than " +
                                   std::to_string(limits::client_header_bytes_max) + " bytes"});
  }
  if (code != CURLE_OK && !head_done_ && !refused_kind_.empty()) {
    return finish(Error{.kind = ErrorKind::forbidden,
                        .message = host_ + " is at a " + refused_kind_ +
                                   " address; only public addresses can be reached"});
  }
  if (code == CURLE_OK && !head_done_) {
    // curl takes a head that the peer cut short for a whole one.
    return finish(Error{.kind = ErrorKind::upstream,
                        .message = host_ + ": the answer ended within its head",
                        .retryable = true});
  }
  finish(code == CURLE_OK ? std::optional<Error>() : to_error(code, host_, head_done_));
}

Clock::time_point Transfer::deadline() const {
  const auto total = after(start_, request_.total_time_max);
  if (draining_) return std::min(total, after(last_byte_, limits::client_drain_time_max));
  if (paused_) return total;  // the silence is ours
  const auto next = head_done_ ? after(last_byte_, request_.idle_time_max)
                               : after(start_, request_.first_byte_time_max);
  return std::min(total, next);
}

void Transfer::deadline_passed() {
  const bool total = after(start_, request_.total_time_max) <= Clock::now();
  const char* what = total        ? ": not finished within total_time_max"
                     : head_done_ ? ": silent for longer than idle_time_max"
                                  : ": no answer within first_byte_time_max";
  finish(Error{.kind = ErrorKind::timeout, .message = host_ + what, .retryable = true});
}

// Never from within one of curl's callbacks.
void Transfer::finish(std::optional<Error> error) {
  if (finished_) return;
  finished_ = true;
  const auto self = std::move(draining_);  // perhaps the last to hold it
  error_ = std::move(error);
  if (error_ && error_->kind == ErrorKind::cancelled) buffer_.clear();
  take_back();
  changed_.notify();
}

void Transfer::take_back() {
  if (curl_ == nullptr) return;
  CurlLane& curl = *std::exchange(curl_, nullptr);
  curl.remove(std::exchange(handle_, nullptr));
}

base::Task<base::Result<HttpClientHead>> Transfer::head(std::shared_ptr<Transfer> self) {
  while (!self->head_done_ && !self->finished_) co_await self->changed_.wait();
  const bool cancelled_now = self->error_ && self->error_->kind == ErrorKind::cancelled;
  if (self->head_done_ && !cancelled_now) co_return self->head_;
  co_return std::unexpected(*self->error_);
}

base::Task<base::Result<std::string>> Transfer::read(std::shared_ptr<Transfer> self) {
  while (self->buffer_.empty() && !self->finished_) co_await self->changed_.wait();
  if (!self->buffer_.empty()) {
    std::string piece = std::exchange(self->buffer_, {});
    if (self->paused_ && self->handle_ != nullptr) {
      self->paused_ = false;
      self->last_byte_ = Clock::now();
      self->curl_->deadline_moved(self->deadline());
      curl_easy_pause(self->handle_, CURLPAUSE_CONT);
    }
    co_return piece;
  }
  if (self->error_) co_return std::unexpected(*self->error_);
  co_return std::string();
}

void Transfer::drain(std::shared_ptr<Transfer> self) {
  if (self->finished_) return;
  Transfer& transfer = *self;
  transfer.stop_callback_.reset();
  transfer.buffer_.clear();
  transfer.last_byte_ = Clock::now();
  transfer.draining_ = std::move(self);
  transfer.curl_->deadline_moved(transfer.deadline());
  if (std::exchange(transfer.paused_, false)) {
    curl_easy_pause(transfer.handle_, CURLPAUSE_CONT);
  }
}

class Exchange final : public HttpExchange {
 public:
  explicit Exchange(std::shared_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
  ~Exchange() override {
    if (transfer_) transfer_->abandon();
  }
  base::Task<base::Result<HttpClientHead>> head() override { return Transfer::head(transfer_); }
  base::Task<base::Result<std::string>> read() override { return Transfer::read(transfer_); }
  void drain() override { Transfer::drain(std::move(transfer_)); }

 private:
  std::shared_ptr<Transfer> transfer_;
};

}  // namespace

// Made on its lane by the first request there, so that a server that calls nobody has no curl.
class HttpClient::PerLane {
 public:
  explicit PerLane(base::Lane& lane) : lane_(lane) {}

  CurlLane& curl() {
    if (!curl_) curl_ = std::make_unique<CurlLane>(lane_);
    return *curl_;
  }

  // From any thread but the lane's: the loop may run, or have stopped.
  void close() {
    auto done = std::make_shared<std::promise<void>>();
    auto future = done->get_future();
    lane_.post([this, done] {
      curl_.reset();
      done->set_value();
    });
    constexpr std::chrono::milliseconds look_again{5};
    while (future.wait_for(look_again) != std::future_status::ready) {
      if (!lane_.loop().stopped()) continue;
      curl_.reset();  // the loop's thread has ended; the post is never run
      return;
    }
  }

 private:
  base::Lane& lane_;
  std::unique_ptr<CurlLane> curl_;
};

HttpClient::HttpClient(base::Lanes& lanes) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    lanes_.push_back(std::make_unique<PerLane>(lanes[i]));
  }
}

HttpClient::~HttpClient() {
  for (const auto& lane : lanes_) lane->close();
}

std::unique_ptr<HttpExchange> HttpClient::open(base::Lane& lane, HttpClientRequest request,
                                               std::stop_token stop) {
  auto transfer = std::make_shared<Transfer>(std::move(request));
  transfer->start(lanes_[lane.index()]->curl(), std::move(stop));
  return std::make_unique<Exchange>(std::move(transfer));
}

}  // namespace colonnade::net
