// Governed tools with typed arguments. Include colonnade/faramesh.hpp.
//
//   auto transfer = faramesh::governed(gate, "transfer", {"to", "amount"},
//                                      [](const std::string& to, int amount) { … });
//   transfer("alice", 100);                          // judged as {"to":"alice","amount":100}
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/faramesh/governed.hpp"

namespace colonnade::inline v1::faramesh {

// What a typed tool may take and give: truth values, numbers, texts and JSON.
template <class T>
concept JsonArgument = std::same_as<T, bool> || std::integral<T> || std::floating_point<T> ||
                       std::same_as<T, std::string> || std::same_as<T, Json>;

namespace detail {

[[noreturn]] COLONNADE_API void throw_out_of_range(const Json& value);
[[noreturn]] COLONNADE_API void throw_names_differ(std::string_view tool, std::size_t names,
                                                   std::size_t arguments);

// JsonError when the value is of another type or does not fit: the server changed it, or a human
// who approved it.
template <JsonArgument T>
T from_json(const Json& value) {
  if constexpr (std::same_as<T, Json>) {
    return value;
  } else if constexpr (std::same_as<T, bool>) {
    return value.as_bool();
  } else if constexpr (std::same_as<T, std::string>) {
    return value.as_string();
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(value.as_double());
  } else if constexpr (std::unsigned_integral<T>) {
    const std::uint64_t number = value.as_uint64();
    if (number > std::numeric_limits<T>::max()) throw_out_of_range(value);
    return static_cast<T>(number);
  } else {
    const std::int64_t number = value.as_int64();
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
      throw_out_of_range(value);
    }
    return static_cast<T>(number);
  }
}

}  // namespace detail

// A callable with the arguments of the function it wraps; otherwise as Governed.
template <class R, class... A>
  requires((std::is_void_v<R> || JsonArgument<R>) && (JsonArgument<A> && ...))
class GovernedFunction {
 public:
  // `names`: of the members of params, in the order of the arguments. ValidationError when there
  // are more or fewer of them than arguments.
  GovernedFunction(const Client& client, std::string_view tool, std::vector<std::string> names,
                   std::function<R(A...)> function, GovernedOptions options)
      : names_(std::move(names)),
        tool_(client, tool, unpacking(names_, std::move(function)), std::move(options)) {
    if (names_.size() != sizeof...(A)) {
      detail::throw_names_differ(tool, names_.size(), sizeof...(A));
    }
  }

  // Gives, or throws, what the function does, or what Governed throws before it ran. What runs are
  // the arguments that were allowed.
  R operator()(const A&... arguments) const {
    Json params = Json::object();
    std::size_t at = 0;
    (params.set(names_[at++], Json(arguments)), ...);
    return given(tool_(params));
  }
  R resume(std::string_view action_id) const { return given(tool_.resume(action_id)); }

 private:
  static R given(const Json& result) {
    if constexpr (!std::is_void_v<R>) return detail::from_json<R>(result);
  }

  static Governed::Function unpacking(const std::vector<std::string>& names,
                                      std::function<R(A...)> function) {
    return [names, function = std::move(function)](const Json& params) -> Json {
      return call(names, function, params, std::index_sequence_for<A...>());
    };
  }

  template <std::size_t... I>
  static Json call([[maybe_unused]] const std::vector<std::string>& names,
                   const std::function<R(A...)>& function, [[maybe_unused]] const Json& params,
                   std::index_sequence<I...>) {
    if constexpr (std::is_void_v<R>) {
      function(detail::from_json<A>(params[names[I]])...);
      return {};
    } else {
      return Json(function(detail::from_json<A>(params[names[I]])...));
    }
  }

  std::vector<std::string> names_;
  Governed tool_;
};

namespace detail {

template <class R, class... A>
GovernedFunction<std::remove_cvref_t<R>, std::remove_cvref_t<A>...> governed_function(
    const Client& client, std::string_view tool, std::vector<std::string> names,
    std::function<R(A...)> function, GovernedOptions options) {
  return {client, tool, std::move(names), std::move(function), std::move(options)};
}

}  // namespace detail

// Wraps any callable whose arguments and result are JsonArguments: a function, a lambda, an object
// with one operator().
template <class F>
auto governed(const Client& client, std::string_view tool,
              std::initializer_list<std::string_view> names, F function,
              GovernedOptions options = {}) {
  return detail::governed_function(client, tool, {names.begin(), names.end()},
                                   std::function(std::move(function)), std::move(options));
}

}  // namespace colonnade::inline v1::faramesh
