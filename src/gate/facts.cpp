#include "gate/facts.hpp"

#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

const Value null_value;

std::string text_or_empty(const Value* value) {
  return value == nullptr || value->is_null() ? std::string() : python::str(*value);
}

}  // namespace

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

const Value::Array* several_paths(const ActionRequest& request) {
  if (request.tool() != "apply_patch" || request.operation() != "call") return nullptr;
  const Value* paths = request.params().find("paths");
  const Value::Array* out = paths == nullptr ? nullptr : paths->array();
  return out == nullptr || out->empty() ? nullptr : out;
}

const Value* Facts::get(std::string_view key) const {
  if (one_path_ != nullptr && key == "path") return one_path_;
  if (const Value* value = request_.params().find(key)) return value;
  if (const Value* value = request_.context().find(key)) return value;
  if (!key.contains('.')) return nullptr;
  const Value* at = &request_.params();
  for (;;) {
    const std::size_t dot = key.find('.');
    if (at->object() == nullptr) return nullptr;
    at = at->find(key.substr(0, dot));
    if (at == nullptr) at = &null_value;
    if (dot == std::string_view::npos) return at;
    key.remove_prefix(dot + 1);
  }
}

const std::string& Facts::probe() {
  if (!probe_) probe_ = python::json(request_.params());
  return *probe_;
}

std::optional<double> Facts::amount() {
  if (!amount_) {
    const Value* value = get("amount");
    amount_ = value == nullptr ? 0.0 : python::number(*value);
  }
  return *amount_;
}

std::string_view Facts::path() {
  if (!path_) path_ = text_or_empty(get("path"));
  return *path_;
}

std::string_view Facts::method() {
  if (!method_) method_ = upper_case(text_or_empty(get("method")));
  return *method_;
}

}  // namespace colonnade::gate
