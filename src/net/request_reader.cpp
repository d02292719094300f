#include "net/request_reader.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "net/body_reader.hpp"
#include "net/limits.hpp"

namespace colonnade::net {
namespace {

namespace http = boost::beast::http;
using base::ErrorKind;
using boost::beast::error_code;
using boost::beast::string_view;

// RFC 9112 §2.2: a server should ignore an empty line before the request line. Two are plenty.
constexpr std::size_t leading_line_end_bytes_max = 4;

// Room is made for so many at once; most requests have no more.
constexpr std::size_t usual_headers = 8;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

RequestFault refuse(int status, ErrorKind kind, std::string message, std::string field = {}) {
  return {.status = status,
          .error = {.kind = kind, .message = std::move(message), .field = std::move(field)}};
}

RequestFault body_too_large(std::uint64_t max) {
  return refuse(
      413, ErrorKind::too_large,
      "the request body is larger than the " + std::to_string(max) + " bytes allowed here");
}

bool is_host_text(std::string_view host) {
  return std::ranges::none_of(host, [](char c) {
    return c == ' ' || c == '\t' || c == ',' || c == '/' || c == '?' || c == '#' || c == '@' ||
           c == '\\';
  });
}

// Whether the request line that starts `bytes` ends in a well-formed version that is not served.
bool names_a_foreign_version(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  if (line.size() < 9 || line.ends_with("HTTP/1.1") || line.ends_with("HTTP/1.0")) return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' &&
         is_digit(version[8]);
}

// Looks at each byte of the head once, as it comes. Beast waits for the head's end before it
// judges, so that a sender of rubbish would only be noticed by its time limit.
class HeadScan {
 public:
  // `unread` begins where the parser is; false at a byte that no head may have.
  bool look_at(std::string_view unread) {
    while (!ended_ && seen_ < unread.size()) {
      if (!after_return_) {
        const std::size_t plain = plain_bytes(unread.substr(seen_));
        if (plain > 0) line_empty_ = false;
        seen_ += plain;
        if (seen_ == unread.size()) break;
      }
      const auto byte = static_cast<unsigned char>(unread[seen_++]);
      if (after_return_ != (byte == '\n')) return false;
      after_return_ = byte == '\r';
      if (byte == '\n') {
        ended_ = line_empty_;
        line_empty_ = true;
      } else if (byte != '\r') {
        if ((byte < ' ' && byte != '\t') || byte == 127) return false;
        line_empty_ = false;
      }
    }
    return true;
  }
  void consumed(std::size_t bytes) { seen_ -= std::min(seen_, bytes); }

 private:
  // How many whole words of eight bytes `text` begins with that hold no control character.
  static std::size_t plain_bytes(std::string_view text) {
    constexpr std::uint64_t each = 0x0101010101010101U;
    constexpr std::uint64_t highest_bits = each * 0x80;
    std::size_t plain = 0;
    for (; plain + sizeof(std::uint64_t) <= text.size(); plain += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + plain, sizeof word);
      const std::uint64_t below_blank = (word - each * ' ') & ~word;
      const std::uint64_t deletes = word ^ (each * 127);
      const std::uint64_t is_delete = (deletes - each) & ~deletes;
      if (((below_blank | is_delete) & highest_bits) != 0) break;
    }
    return plain;
  }

  std::size_t seen_ = 0;
  bool after_return_ = false;
  bool line_empty_ = true;
  bool ended_ = false;
};

}  // namespace

// Writes straight into the Request, so that no header is copied twice.
struct RequestReader::Parser final : http::basic_parser<true> {
  explicit Parser(const RequestLimits& limits_in) : limits(limits_in) {
    // The first line and the header lines are measured here; Beast's own limit only bounds how far
    // it searches for a line's end.
    header_limit(static_cast<std::uint32_t>(
        std::max(limits.header_bytes_max, limits.target_bytes_max + 64)));
    skip(true);
  }

  void fail(RequestFault refusal, error_code& error) {
    fault = std::move(refusal);
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code& error) override {
    first_line_done = true;
    request.headers.reserve(usual_headers);
    request.method_text = view(method);
    request.method = method_from(request.method_text);
    request.target = view(target);
    request.http_1_0 = version == 10;
    if (target.size() > limits.target_bytes_max) {
      return fail(target_too_long(), error);
    }
    if (!split_target()) {
      fail(refuse(400, ErrorKind::invalid,
                  "the request target must be a path that starts with '/' or an http URL"),
           error);
    }
  }

  RequestFault target_too_long() const {
    return refuse(414, ErrorKind::too_large,
                  "the request target is longer than the " +
                      std::to_string(limits.target_bytes_max) + " bytes allowed");
  }

  // Origin form, the asterisk of OPTIONS, and the absolute form that proxies send (RFC 9112 §3.2).
  bool split_target() {
    std::string_view rest = request.target;
    if (rest.find('#') != std::string_view::npos) return false;
    if (request.method == Method::options && rest == "*") {
      request.path = "*";
      return true;
    }
    if (!rest.starts_with('/')) {
      const std::size_t scheme_end = rest.find("://");
      if (scheme_end == std::string_view::npos) return false;
      const std::string_view scheme = rest.substr(0, scheme_end);
      if (!same_ignoring_case(scheme, "http") && !same_ignoring_case(scheme, "https")) return false;
      rest.remove_prefix(scheme_end + 3);
      rest.remove_prefix(std::min(rest.find_first_of("/?"), rest.size()));
    }
    const std::size_t question = std::min(rest.find('?'), rest.size());
    request.path = rest.substr(0, question);
    if (request.path.empty()) request.path = "/";
    request.query = rest.substr(std::min(question + 1, rest.size()));
    return true;
  }

  void on_field_impl(http::field name, string_view name_text, string_view value,
                     error_code& error) override {
    header_bytes += name_text.size() + value.size() + 4;
    if (header_bytes > limits.header_bytes_max) return fail(headers_too_large(), error);
    if (request.headers.size() >= limits.headers_max) {
      return fail(refuse(431, ErrorKind::too_large,
                         "more than " + std::to_string(limits.headers_max) + " request headers"),
                  error);
    }
    if (name == http::field::transfer_encoding) {
      has_transfer_encoding = true;
      if (!same_ignoring_case(view(value), "chunked")) {
        return fail(
            refuse(501, ErrorKind::invalid, "the only Transfer-Encoding understood is \"chunked\"",
                   "Transfer-Encoding"),
            error);
      }
    }
    if (name == http::field::content_length) ++content_lengths;
    request.headers.push_back({std::string(view(name_text)), std::string(view(value))});
  }

  RequestFault headers_too_large() const {
    return refuse(431, ErrorKind::too_large,
                  "the request headers are larger than the " +
                      std::to_string(limits.header_bytes_max) + " bytes allowed");
  }

  void on_header_impl(error_code& error) override {
    head_done = true;
    if (content_lengths > 1) {
      return fail(refuse(400, ErrorKind::invalid, "more than one Content-Length", "Content-Length"),
                  error);
    }
    if (has_transfer_encoding && content_lengths > 0) {
      return fail(
          refuse(400, ErrorKind::invalid, "Content-Length and Transfer-Encoding exclude each other",
                 "Transfer-Encoding"),
          error);
    }
    if (has_transfer_encoding && request.http_1_0) {
      return fail(
          refuse(400, ErrorKind::invalid, "HTTP/1.0 has no Transfer-Encoding", "Transfer-Encoding"),
          error);
    }
    const auto hosts = std::ranges::count_if(request.headers, [](const Header& header) {
      return same_ignoring_case(header.name, "Host");
    });
    if (hosts > 1 || (hosts == 0 && !request.http_1_0) || !is_host_text(request.header("Host"))) {
      fail(refuse(400, ErrorKind::invalid,
                  "an HTTP/1.1 request needs exactly one valid Host header", "Host"),
           error);
    }
    start_body();
  }

  void start_body() {
    if (has_transfer_encoding) {
      body.start_chunked(limits.header_bytes_max);
    } else if (const auto length = announced_length()) {
      body.start_fixed(*length);
      // The announced length is a claim: memory is taken as the body arrives.
      request.body.reserve(static_cast<std::size_t>(
          std::min<std::uint64_t>(*length, limits::http_read_buffer_bytes)));
    }
  }

  std::optional<std::uint64_t> announced_length() const {
    if (content_lengths == 0) return std::nullopt;
    const auto length = content_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
  }

  std::optional<RequestFault> read_body(std::string_view& bytes) {
    switch (body.read(bytes, request.body, body_max)) {
      case BodyReader::Result::too_large: return body_too_large(body_max);
      case BodyReader::Result::framing_too_large: return headers_too_large();
      case BodyReader::Result::malformed:
        return refuse(400, ErrorKind::invalid, "malformed chunked request body",
                      "Transfer-Encoding");
      default: return std::nullopt;
    }
  }

  // Beast reads heads only (skip(true)); see BodyReader.
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}

  RequestFault explain(const error_code& error, std::string_view bytes) const {
    if (fault) return *fault;
    if (error == http::error::header_limit) {
      return first_line_done ? headers_too_large() : target_too_long();
    }
    if (error == http::error::bad_version && names_a_foreign_version(bytes)) {
      return refuse(505, ErrorKind::invalid, "this server speaks HTTP/1.1 and HTTP/1.0");
    }
    if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
      return refuse(400, ErrorKind::invalid,
                    "Content-Length must be one decimal number, without Transfer-Encoding",
                    "Content-Length");
    }
    if (error == http::error::bad_transfer_encoding) {
      return refuse(400, ErrorKind::invalid,
                    "Transfer-Encoding must be sent once, without Content-Length",
                    "Transfer-Encoding");
    }
    return refuse(400, ErrorKind::invalid, "malformed HTTP request: " + error.message());
  }

  RequestLimits limits;
  Request request{};
  std::optional<RequestFault> fault{};
  HeadScan scan{};
  BodyReader body{};
  std::uint64_t body_max = limits::http_body_bytes_max;
  std::size_t header_bytes = 0;
  std::size_t leading_bytes = 0;
  int content_lengths = 0;
  bool first_line_done = false;
  bool head_done = false;
  bool head_reported = false;
  bool has_transfer_encoding = false;
};

RequestReader::RequestReader(RequestLimits limits)
    : limits_(limits), parser_(std::make_unique<Parser>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;

void RequestReader::reset() { parser_ = std::make_unique<Parser>(limits_); }

void RequestReader::body_bytes_max(std::uint64_t bytes) { parser_->body_max = bytes; }

std::expected<RequestReader::Step, RequestFault> RequestReader::feed(std::string_view bytes) {
  Parser& parser = *parser_;
  Step step;
  if (!parser.got_some()) {
    while (step.consumed < bytes.size() && parser.leading_bytes < leading_line_end_bytes_max &&
           (bytes[step.consumed] == '\r' || bytes[step.consumed] == '\n')) {
      ++step.consumed;
      ++parser.leading_bytes;
    }
  }
  if (parser.head_reported) {
    std::string_view rest = bytes.substr(step.consumed);
    if (auto fault = parser.read_body(rest)) return std::unexpected(std::move(*fault));
    step.consumed = bytes.size() - rest.size();
    if (parser.body.done()) step.progress = Progress::done;
    return step;
  }
  const std::string_view rest = bytes.substr(step.consumed);
  if (rest.empty()) return step;
  const bool sound = parser.scan.look_at(rest);
  error_code error;
  const std::size_t used = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
  step.consumed += used;
  parser.scan.consumed(used);
  // After the parser, which may have learnt the path, and with it whose error encoder applies.
  if (!sound && (!error || error == http::error::need_more)) {
    return std::unexpected(refuse(400, ErrorKind::invalid,
                                  "malformed HTTP request: a control character in the head, or a "
                                  "line that does not end in CR LF"));
  }
  if (error == http::error::need_more) return step;
  if (error) return std::unexpected(parser.explain(error, rest));
  parser.head_reported = true;
  step.progress = Progress::head;
  return step;
}

Request& RequestReader::request() { return parser_->request; }
Request RequestReader::take() { return std::move(parser_->request); }

bool RequestReader::keep_alive() const { return parser_->head_done && parser_->keep_alive(); }

bool RequestReader::expects_continue() const {
  return has_body() && !parser_->request.http_1_0 &&
         same_ignoring_case(parser_->request.header("Expect"), "100-continue");
}

std::optional<std::uint64_t> RequestReader::content_length() const {
  return parser_->announced_length();
}

bool RequestReader::has_body() const {
  return parser_->has_transfer_encoding || content_length().value_or(0) > 0;
}

std::expected<Request, RequestFault> parse_request(std::string_view bytes, RequestLimits limits,
                                                   std::uint64_t body_bytes_max) {
  RequestReader reader(limits);
  reader.body_bytes_max(body_bytes_max);
  for (;;) {
    auto step = reader.feed(bytes);
    if (!step) return std::unexpected(std::move(step.error()));
    bytes.remove_prefix(step->consumed);
    if (step->progress == RequestReader::Progress::done) return reader.take();
    if (step->progress == RequestReader::Progress::need_more) {
      return std::unexpected(refuse(400, ErrorKind::invalid, "the request ended early"));
    }
  }
}

}  // namespace colonnade::net
