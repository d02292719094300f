// The vendors of models that are known by name: one row each.
#pragma once

#include <span>
#include <string_view>

namespace colonnade::providers {

enum class Wire { anthropic, chat_completions, none };

struct KnownVendor {
  std::string_view id;
  std::string_view name;  // for people
  Wire wire;              // none: known by its name alone
  std::string_view base_url;
  std::string_view key_variable;   // of the environment; "" for a vendor that needs no key
  std::string_view default_model;  // "" when none can be known
};

// In the order in which they are listed (tandem §2.4).
std::span<const KnownVendor> known_vendors();
// nullptr for any other name.
const KnownVendor* find_vendor(std::string_view id);

}  // namespace colonnade::providers
