// From method and path to a handler. Routes are one visible table per dialect.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "net/http.hpp"

namespace colonnade::net {

using Handler = std::function<base::Task<Reply>(std::shared_ptr<const Request>)>;

// A request whose caller is known.
struct LetIn {
  Handler handler{};  // called at most once
  // Whose share of the server it takes: its place among the requests under way, and the memory of
  // its body. No two callers that must not disturb each other have the same.
  std::string account{};
};
// What becomes of a request once its caller is known: who handles it, or how it is refused.
using Admission = std::expected<LetIn, Response>;
// Judges the caller by the head, before a byte of the body is read. `head` is the request without
// its body; it stays until the task has ended.
using Guard = std::function<base::Task<Admission>(const Request& head)>;

struct Route {
  Method method = Method::get;
  std::string pattern{};  // "/api/v1/threads/{id}/messages": `{x}` matches one non-empty segment
  std::variant<Handler, Guard> handler{};  // a Handler is for anybody
  // 0: limits::http_body_bytes_default, or http_open_body_bytes_max where anybody may call.
  std::size_t body_bytes_max = 0;
  // Watch for the client's going away while the handler runs (costs a little per request).
  bool long_running = false;
  std::size_t number = 0;  // given by the router, from 0 on
};

// Told of each request that a guard turned away, with the status of the answer; on the request's
// lane. Must not block.
using RefusalListener = std::function<void(const Request& head, int status)>;

// How a dialect encodes the errors of requests that reach no handler: no route matches, or the
// request is malformed. Every dialect has its own body for these.
struct ErrorEncoder {
  std::string prefix{};  // paths at or below this prefix are this dialect's: "/api/v1"; "" for all
  std::function<Response(const base::Error&, std::string_view request_id)> encode{};
  // A known path with a verb that has no row; empty: 405 via `encode`. fathom §1.3 wants 404 on
  // some.
  std::function<Response(const Request&, std::string_view allow)> wrong_method{};
  // A path that nobody has; empty: 404 via `encode`.
  std::function<Response(const Request&)> unknown_path{};
};

class Router {
 public:
  struct Match {
    const Route* route = nullptr;  // nullptr: no such path, or wrong method
    bool path_known = false;       // the path exists with other methods
    std::string allow{};           // those methods, for the Allow header
    std::vector<std::string> parameters{};
  };

  // Literal segments win over `{x}`, except that a row for the request's method wins over one
  // without: with GET /a/{x} and POST /a/b, GET /a/b is the first. Two routes with the same method
  // and pattern are a bug (throws).
  void add(Route route);
  void add(std::vector<Route> routes);
  void add(ErrorEncoder error_encoder);
  void tell_refusals(RefusalListener listener) { refused_ = std::move(listener); }

  // `path` is raw; segments are percent-decoded after splitting, so %2F never splits.
  // HEAD falls back to GET. A badly escaped segment matches nothing.
  Match match(Method method, std::string_view path) const;
  // Every route that was added, as "GET /api/v1/threads/{}", sorted.
  std::vector<std::string> listing() const;
  // Every route, by its number.
  const std::vector<const Route*>& by_number() const { return by_number_; }
  // The encoder with the longest matching prefix (whole segments); there is always one.
  const ErrorEncoder& error_encoder(std::string_view path) const;
  void refused(const Request& head, int status) const {
    if (refused_) refused_(head, status);
  }

 private:
  struct Node;
  std::shared_ptr<Node> root_;
  std::vector<const Route*> by_number_;
  std::vector<ErrorEncoder> error_encoders_;
  RefusalListener refused_;
};

}  // namespace colonnade::net
