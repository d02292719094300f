#include "core/capabilities/bindings_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/capabilities/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

std::unexpected<base::Error> wrong_bindings(std::string what) {
  return fail(ErrorKind::invalid, std::move(what), "bindings");
}

Result<std::string> binding_text(const Json& tree, const char* name, const std::string& where) {
  const auto found = tree.find(name);
  const bool fits =
      found != tree.end() && found->is_string() && !found->get_ref<const std::string&>().empty() &&
      found->get_ref<const std::string&>().size() <= limits::capability_text_bytes_max;
  if (!fits) {
    return wrong_bindings(where + "." + name + " must be a text of 1 to " +
                          std::to_string(limits::capability_text_bytes_max) + " bytes");
  }
  return found->get<std::string>();
}

Result<CapabilityBinding> binding_in(const Json& tree, const std::string& where) {
  if (!tree.is_object()) return wrong_bindings(where + " must be an object");
  auto capability = binding_text(tree, "capability_id", where);
  if (!capability) return fail(std::move(capability.error()));
  auto provider = binding_text(tree, "provider", where);
  if (!provider) return fail(std::move(provider.error()));
  auto tool = binding_text(tree, "tool_name", where);
  if (!tool) return fail(std::move(tool.error()));
  CapabilityBinding out{.capability_id = std::move(*capability),
                        .provider = std::move(*provider),
                        .tool_name = std::move(*tool)};
  if (const auto aliases = tree.find("tool_name_aliases"); aliases != tree.end()) {
    const bool fits = aliases->is_null() ||
                      (aliases->is_array() && aliases->size() <= limits::capability_aliases_max);
    if (!fits) {
      return wrong_bindings(where + ".tool_name_aliases must be a list of at most " +
                            std::to_string(limits::capability_aliases_max) + " texts");
    }
    for (const Json& one : *aliases) {
      if (!one.is_string()) {
        return wrong_bindings(where + ".tool_name_aliases must be a list of texts");
      }
      out.tool_aliases.push_back(one.get<std::string>());
    }
  }
  out.request_transform = tree.value("request_transform", Json());
  out.response_transform = tree.value("response_transform", Json());
  out.metadata = tree.value("metadata", Json::object());
  return out;
}

}  // namespace

Json bindings_tree(const CapabilityBindings& bindings) {
  Json list = Json::array();
  for (const CapabilityBinding& one : bindings.bindings) {
    list.push_back({{"capability_id", one.capability_id},
                    {"provider", one.provider},
                    {"tool_name", one.tool_name},
                    {"tool_name_aliases", one.tool_aliases},
                    {"request_transform", one.request_transform},
                    {"response_transform", one.response_transform},
                    {"metadata", one.metadata}});
  }
  return {{"schema_version", bindings.schema_version},
          {"generated_at", bindings.generated_at},
          {"bindings", std::move(list)}};
}

Result<CapabilityBindings> bindings_in(const Json& tree) {
  CapabilityBindings out;
  const auto version = tree.find("schema_version");
  if (version == tree.end() || !version->is_string() ||
      version->get_ref<const std::string&>().empty()) {
    return fail(ErrorKind::invalid, "schema_version is missing: \"v1\"", "schema_version");
  }
  out.schema_version = version->get<std::string>();
  out.generated_at = tree.value("generated_at", Json());
  const auto list = tree.find("bindings");
  if (list == tree.end() || !list->is_array() || list->size() > limits::capability_bindings_max) {
    return wrong_bindings("bindings must be a list of at most " +
                          std::to_string(limits::capability_bindings_max) + " bindings");
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto one = binding_in((*list)[i], "bindings[" + std::to_string(i) + "]");
    if (!one) return fail(std::move(one.error()));
    out.bindings.push_back(std::move(*one));
  }
  return out;
}

}  // namespace colonnade::core
