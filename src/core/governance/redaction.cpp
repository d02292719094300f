#include "core/governance/redaction.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/secret_text.hpp"
#include "base/utf8.hpp"
#include "core/governance/limits.hpp"

namespace colonnade::core {
std::vector<std::string> Redaction::default_names() { return base::secret_name_parts(); }

Redaction::Redaction(std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (auto text = base::folded_name(name); !text.empty()) names_.push_back(std::move(text));
  }
}

bool Redaction::is_secret(std::string_view name) const {
  if (base::is_secret_name(name)) return true;
  const std::string text = base::folded_name(name);
  return std::ranges::any_of(names_, [&](const auto& each) { return text.contains(each); });
}

void Redaction::walk(base::Json& tree) const {
  if (tree.is_string()) {
    auto& text = tree.get_ref<std::string&>();
    text = base::hide_secrets(text);
    if (text.size() > limits::audit_text_bytes_max) {
      text = std::string(base::cut_utf8(text, limits::audit_text_bytes_max)) + "[cut]";
    }
  } else if (tree.is_object()) {
    for (auto& [name, value] : tree.items()) {
      if (is_secret(name)) {
        value = base::secret_stand_in;
      } else {
        walk(value);
      }
    }
  } else if (tree.is_array()) {
    for (base::Json& item : tree) walk(item);
  }
}

base::Json Redaction::apply(base::Json tree) const {
  walk(tree);
  return tree;
}

base::Json Redaction::apply_to_text(std::string_view json) const {
  auto tree = base::parse_json(json, "params");
  if (!tree) return {{"unreadable", true}};
  return apply(std::move(*tree));
}

}  // namespace colonnade::core
