#include "net/router.hpp"

#include <algorithm>
#include <array>
#include <forward_list>
#include <map>
#include <span>
#include <stdexcept>

#include "net/body_limits.hpp"

namespace colonnade::net {
namespace {

constexpr std::size_t method_count = static_cast<std::size_t>(Method::other) + 1;

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

// The longest pattern, in segments; a longer path matches nothing.
constexpr std::size_t segments_max = 24;

// The segments of a path, without memory of their own unless one is escaped: "/a/b" is {"a", "b"};
// "/a/" is {"a", ""}; "/" is {""}.
class Segments {
 public:
  // False when there are more than segments_max.
  bool split(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
      if (size_ == segments_max) return false;
      const std::size_t slash = path.find('/');
      views_[size_++] = path.substr(0, slash);
      if (slash == std::string_view::npos) return true;
      path.remove_prefix(slash + 1);
    }
  }

  // False when a segment is badly escaped.
  bool decode() {
    for (std::string_view& view : std::span(views_).first(size_)) {
      if (view.find('%') == std::string_view::npos) continue;
      auto decoded = percent_decode(view);
      if (!decoded) return false;
      view = decoded_.emplace_front(std::move(*decoded));
    }
    return true;
  }

  std::span<const std::string_view> views() const { return std::span(views_).first(size_); }

 private:
  std::array<std::string_view, segments_max> views_{};
  std::size_t size_ = 0;
  std::forward_list<std::string> decoded_{};
};

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// What a router without error encoders answers.
Response plain_error(const base::Error& error, std::string_view) {
  Response out;
  out.content_type = "text/plain; charset=utf-8";
  out.body = error.message;
  switch (error.kind) {
    case base::ErrorKind::not_found: out.status = 404; break;
    case base::ErrorKind::too_large: out.status = 413; break;
    case base::ErrorKind::timeout: out.status = 408; break;
    case base::ErrorKind::unavailable: out.status = 503; break;
    case base::ErrorKind::internal: out.status = 500; break;
    default: out.status = 400; break;
  }
  return out;
}

const ErrorEncoder& plain_error_encoder() {
  static const ErrorEncoder error_encoder{.prefix = "", .encode = plain_error, .wrong_method = {}};
  return error_encoder;
}

bool is_below(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || prefix == "/") return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.back() == '/' || path[prefix.size()] == '/';
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::array<std::unique_ptr<Route>, method_count> routes;

  bool has_routes() const {
    return std::ranges::any_of(routes, [](const auto& route) { return route != nullptr; });
  }

  const Route* route_for(Method method) const {
    const Route* own = routes[index_of(method)].get();
    if (own == nullptr && method == Method::head) return routes[index_of(Method::get)].get();
    return own;
  }
};

namespace {

// One walk down the tree. The rows that match but lack the method are remembered for `Allow`.
template <class Node>
struct Search {
  Method method;
  std::span<const std::string_view> segments;
  std::array<std::string_view, segments_max> parameters{};
  std::size_t parameter_count = 0;
  std::array<bool, method_count> seen{};
  bool path_known = false;

  const Route* descend(const Node& node, std::size_t depth) {
    if (depth == segments.size()) return arrive(node);
    const std::string_view segment = segments[depth];
    const auto literal = node.literals.find(segment);
    if (literal != node.literals.end()) {
      if (const Route* found = descend(*literal->second, depth + 1)) return found;
    }
    if (!node.parameter || segment.empty()) return nullptr;
    parameters[parameter_count++] = segment;
    if (const Route* found = descend(*node.parameter, depth + 1)) return found;
    --parameter_count;
    return nullptr;
  }

  const Route* arrive(const Node& node) {
    if (!node.has_routes()) return nullptr;
    if (const Route* found = node.route_for(method)) return found;
    path_known = true;
    for (std::size_t i = 0; i < method_count; ++i) seen[i] = seen[i] || node.routes[i] != nullptr;
    return nullptr;
  }

  std::string allow() const {
    std::string out;
    for (std::size_t i = 0; i < method_count; ++i) {
      const auto each = static_cast<Method>(i);
      const bool head_by_get = each == Method::head && seen[index_of(Method::get)];
      if ((!seen[i] && !head_by_get) || each == Method::other) continue;
      if (!out.empty()) out += ", ";
      out += to_string(each);
    }
    return out;
  }
};

template <class Node>
void list_routes(const Node& node, const std::string& path, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < method_count; ++i) {
    if (node.routes[i] == nullptr) continue;
    out.push_back(std::string(to_string(static_cast<Method>(i))) + " " + path);
  }
  for (const auto& [segment, next] : node.literals) list_routes(*next, path + "/" + segment, out);
  if (node.parameter) list_routes(*node.parameter, path + "/{}", out);
}

}  // namespace

void Router::add(Route route) {
  if (!root_) root_ = std::make_shared<Node>();
  if (!route.pattern.starts_with('/')) {
    throw std::logic_error("route pattern must start with '/': " + route.pattern);
  }
  const bool open = std::holds_alternative<Handler>(route.handler);
  const bool handled = std::visit([](const auto& each) { return each != nullptr; }, route.handler);
  if (!handled) throw std::logic_error("route without a handler: " + route.pattern);
  if (route.body_bytes_max == 0) {
    route.body_bytes_max =
        open ? limits::http_open_body_bytes_max : limits::http_body_bytes_default;
  }
  Segments segments;
  if (!segments.split(route.pattern)) {
    throw std::logic_error("route pattern of too many segments: " + route.pattern);
  }
  Node* node = root_.get();
  for (const std::string_view segment : segments.views()) {
    std::unique_ptr<Node>& next =
        is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  std::unique_ptr<Route>& place = node->routes[index_of(route.method)];
  if (place) {
    throw std::logic_error("route added twice: " + std::string(to_string(route.method)) + " " +
                           route.pattern);
  }
  route.number = by_number_.size();
  place = std::make_unique<Route>(std::move(route));
  by_number_.push_back(place.get());
}

void Router::add(std::vector<Route> routes) {
  for (Route& route : routes) add(std::move(route));
}

void Router::add(ErrorEncoder error_encoder) {
  if (!error_encoder.encode)
    throw std::logic_error("error encoder without encode: " + error_encoder.prefix);
  error_encoders_.push_back(std::move(error_encoder));
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match out;
  if (!root_ || !path.starts_with('/')) return out;
  Segments segments;
  if (!segments.split(path) || !segments.decode()) return out;
  Search<Node> search{.method = method, .segments = segments.views()};
  out.route = search.descend(*root_, 0);
  if (out.route != nullptr) {
    out.path_known = true;
    const auto found = std::span(search.parameters).first(search.parameter_count);
    out.parameters.assign(found.begin(), found.end());
    return out;
  }
  out.path_known = search.path_known;
  if (out.path_known) out.allow = search.allow();
  return out;
}

std::vector<std::string> Router::listing() const {
  std::vector<std::string> out;
  if (root_) list_routes(*root_, "", out);
  std::ranges::sort(out);
  return out;
}

const ErrorEncoder& Router::error_encoder(std::string_view path) const {
  const ErrorEncoder* best = nullptr;
  for (const ErrorEncoder& error_encoder : error_encoders_) {
    if (!is_below(path, error_encoder.prefix)) continue;
    if (best == nullptr || error_encoder.prefix.size() > best->prefix.size()) best = &error_encoder;
  }
  return best != nullptr ? *best : plain_error_encoder();
}

}  // namespace colonnade::net
