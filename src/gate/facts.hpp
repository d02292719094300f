// What conditions look at in one request. Derived texts are made at the first question and kept, so
// a decision pays for what its rules ask. Lives for one decision, on one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gate/action_request.hpp"

namespace colonnade::gate {

class Facts {
 public:
  // `request` outlives this.
  explicit Facts(const ActionRequest& request) : request_(request) {}
  // Of one of the paths that a call reaches (several_paths()), which counts as its `path`.
  Facts(const ActionRequest& request, const Value& path) : request_(request), one_path_(&path) {}
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  const ActionRequest& request() const { return request_; }

  // The value that a rule means by `key` (faramesh §4.2): the member of params, else of context,
  // else, when `key` has dots, what params holds at that path (null where a step is missing).
  // nullptr: no such thing, the key's own default counts.
  const Value* get(std::string_view key) const;

  // params as Python's JSON text.
  const std::string& probe();
  // `amount` as a number, 0 when there is none; nullopt when it is not convertible.
  std::optional<double> amount();
  // `path` as text; "" when there is none or it is null.
  std::string_view path();
  // `method` as text in upper case (ASCII letters); "" when there is none or it is null.
  std::string_view method();

 private:
  const ActionRequest& request_;
  const Value* one_path_ = nullptr;
  std::optional<std::string> probe_;
  std::optional<std::optional<double>> amount_;
  std::optional<std::string> path_;
  std::optional<std::string> method_;
};

// The paths of a tool call that reaches several files at once (apply_patch): the members of its
// `paths`. nullptr for every other request. Each is judged by itself; the most restrictive verdict
// counts.
const Value::Array* several_paths(const ActionRequest& request);

// ASCII letters in upper case, everything else as it is.
std::string upper_case(std::string text);

}  // namespace colonnade::gate
