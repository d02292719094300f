#include "net/curl_transfer.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "net/limits.hpp"
#include "net/loopback.hpp"

namespace colonnade::net {
namespace {

CurlErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return CurlErrorKind::resolve;
    case CURLE_COULDNT_CONNECT: return CurlErrorKind::connect;
    case CURLE_OPERATION_TIMEDOUT: return CurlErrorKind::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR: return CurlErrorKind::tls;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2: return CurlErrorKind::protocol;
    default: return CurlErrorKind::reset;
  }
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

int parse_status(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  int status = 0;
  for (const char c : line.substr(space + 1, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

CurlTransfer::CurlTransfer(CurlRequest request, const CurlOptions& options, bool streaming)
    : request_(std::move(request)), streaming_(streaming), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_up(options);
}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

void CurlTransfer::set_up(const CurlOptions& options) {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled call does not wait for the resolver's thread
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_text_));
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  if (request_.connect_only) {
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_HTTPPROXYTUNNEL, 1L);  // a proxy must not read what is no request
  }
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(request_.connect_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.proxy.empty()) {
    set(CURLOPT_PROXY, options.proxy.c_str());
  } else if (is_loopback_url(request_.url)) {
    // The environment's proxy is for the network: on another machine this address is another one's.
    set(CURLOPT_PROXY, "");
  }
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // libcurl's own default would be 300 s; zero means none here, which it spells as a very long
  // time.
  const auto connect_ms = request_.connect_time_max.count();
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_ms > 0 ? connect_ms : 86'400'000));

  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method == "POST" || request_.has_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    if (request_.method != "POST") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else if (request_.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }

  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_type = has_type || name == "Content-Type";
    // "Name;" is how libcurl is told to send a header without a value.
    std::string line = name;
    line.append(value.empty() ? ";" : ": ").append(value);
    header_list_ = curl_slist_append(header_list_, line.c_str());
  }
  if (!has_type) header_list_ = curl_slist_append(header_list_, "Content-Type:");
  header_list_ = curl_slist_append(header_list_, "Expect:");  // no round trip before a large body
  set(CURLOPT_HTTPHEADER, header_list_);

  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_send);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  if (request_.silence_time_max.count() > 0) {
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &CurlTransfer::on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  }
}

// libcurl sends a request again by itself when a reused connection dies before the first byte of
// the reply. The server may have acted on the first copy, so only harmless methods may do that.
int CurlTransfer::on_send(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const bool harmless = transfer.request_.method == "GET" || transfer.request_.method == "HEAD";
  if (++transfer.sends_ == 1 || harmless) return CURL_PREREQFUNC_OK;
  transfer.repeated_ = true;
  return CURL_PREREQFUNC_ABORT;
}

int CurlTransfer::on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (down + up != transfer.bytes_moved_) {
    transfer.bytes_moved_ = down + up;
    transfer.last_activity_ = Clock::now();
  }
  return 0;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  transfer.last_activity_ = Clock::now();
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > limits::client_header_bytes_max) {
    transfer.oversized_ = true;
    return 0;
  }
  try {
    transfer.header_line({data, bytes});
  } catch (const std::bad_alloc&) {
    return 0;  // no exception may pass through libcurl
  }
  return bytes;
}

void CurlTransfer::header_line(std::string_view line) {
  line = strip(line);
  if (line.starts_with("HTTP/")) {  // anew after an interim reply
    head_ = {.status = parse_status(line), .headers = {}};
    head_ready_ = false;
  } else if (line.empty()) {
    head_ready_ = head_ready_ || head_.status >= 200;
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos && !head_ready_) {
    head_.headers.emplace_back(strip(line.substr(0, colon)), strip(line.substr(colon + 1)));
  }
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  transfer.last_activity_ = Clock::now();
  const std::size_t held = transfer.body_.size();
  if (transfer.streaming_) {
    if (held > 0 && held + bytes > limits::client_stream_buffer_bytes_max) {
      transfer.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
  } else if (held + bytes > limits::client_reply_bytes_max) {
    transfer.oversized_ = true;
    return 0;
  }
  try {
    transfer.body_.append(data, bytes);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return bytes;
}

void CurlTransfer::finish(CURLcode code) {
  if (finished_) return;
  finished_ = true;
  if (code == CURLE_OK) {
    head_ready_ = true;
    return;
  }
  if (oversized_) {
    error_ = CurlError{CurlErrorKind::protocol, "the reply is larger than this client takes"};
  } else if (repeated_) {
    error_ =
        CurlError{CurlErrorKind::reset,
                  "the connection was lost while the request was under way; whether the server "
                  "acted on it is unknown"};
  } else {
    const char* text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
    error_ = CurlError{kind_of(code), text};
  }
}

void CurlTransfer::finish(CurlErrorKind kind, std::string message) {
  if (finished_) return;
  finished_ = true;
  error_ = CurlError{kind, std::move(message)};
}

CurlHead CurlTransfer::take_head() { return std::move(head_); }

CurlReply CurlTransfer::take_reply() {
  return {.status = head_.status, .headers = std::move(head_.headers), .body = std::move(body_)};
}

std::string CurlTransfer::take_bytes() {
  std::string bytes;
  bytes.swap(body_);
  if (paused_) {
    paused_ = false;
    curl_easy_pause(easy_, CURLPAUSE_CONT);  // may deliver into body_ at once
  }
  return bytes;
}

std::optional<CurlTransfer::Clock::time_point> CurlTransfer::deadline() const {
  std::optional<Clock::time_point> due;
  const bool whole_counts = !streaming_ || !head_ready_;
  if (request_.total_time_max.count() > 0 && whole_counts) due = started_ + request_.total_time_max;
  if (request_.silence_time_max.count() > 0 && !paused_) {
    const auto silent = last_activity_ + request_.silence_time_max;
    due = due ? std::min(*due, silent) : silent;
  }
  return due;
}

void CurlTransfer::check_time(Clock::time_point now) {
  const auto due = deadline();
  if (!due || now < *due || finished_) return;
  const bool whole = request_.total_time_max.count() > 0 &&
                     now >= started_ + request_.total_time_max && (!streaming_ || !head_ready_);
  const auto limit = whole ? request_.total_time_max : request_.silence_time_max;
  finish(CurlErrorKind::timeout,
         whole ? "no whole reply within " + std::to_string(limit.count()) + " ms"
               : "nothing received for " + std::to_string(limit.count()) + " ms");
}

}  // namespace colonnade::net
