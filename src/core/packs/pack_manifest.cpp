#include "core/packs/pack_manifest.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "core/packs/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr std::array<PackItemKind, 6> pack_item_kinds = {
    PackItemKind::agent, PackItemKind::mission,  PackItemKind::routine,
    PackItemKind::skill, PackItemKind::workflow, PackItemKind::workflow_hook};

std::unexpected<base::Error> wrong_manifest(const std::string& what) {
  return fail(ErrorKind::invalid, std::string(pack_manifest_file) + ": " + what,
              std::string(pack_manifest_file));
}

bool is_pack_word(std::string_view text, std::size_t bytes_max) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto fits = [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= bytes_max && plain(text.front()) && text.back() != '.' &&
         std::ranges::all_of(text, fits);
}

// A number counts as the text that it is: `version: 2`.
Result<std::string> pack_word(const Json& tree, const char* name, std::size_t bytes_max) {
  const auto found = tree.find(name);
  std::string text;
  if (found != tree.end() && found->is_string()) text = found->get<std::string>();
  if (found != tree.end() && found->is_number_integer()) text = base::to_text(*found);
  if (!is_pack_word(text, bytes_max)) {
    return wrong_manifest(std::string(name) + " must have 1 to " + std::to_string(bytes_max) +
                          " letters, digits and any of . _ -, begin with a letter or digit, and "
                          "not end with a dot");
  }
  return text;
}

Result<std::vector<std::string>> pack_names(const Json& tree, const char* name) {
  std::vector<std::string> out;
  const auto found = tree.find(name);
  if (found == tree.end() || found->is_null()) return out;
  const auto add = [&](std::string text) {
    if (std::ranges::find(out, text) == out.end()) out.push_back(std::move(text));
  };
  // Both forms are about: a list of names, and lists of names by provider.
  const Json lists = found->is_object() ? *found : Json{{"", *found}};
  for (const auto& [provider, list] : lists.items()) {
    if (!list.is_array()) {
      return wrong_manifest("capabilities." + std::string(name) + " must be a list of names");
    }
    for (const Json& one : list) {
      if (!one.is_string() || one.get_ref<const std::string&>().empty() ||
          one.get_ref<const std::string&>().size() > limits::pack_id_bytes_max) {
        return wrong_manifest("capabilities." + std::string(name) + " has a name that is none");
      }
      add(provider.empty() ? one.get<std::string>() : provider + ":" + one.get<std::string>());
    }
  }
  if (out.size() > limits::pack_capabilities_max) {
    return wrong_manifest("capabilities." + std::string(name) + " has more than " +
                          std::to_string(limits::pack_capabilities_max) + " names");
  }
  return out;
}

Result<void> read_pack_capabilities(const Json& tree, PackCapabilities& out) {
  const auto found = tree.find("capabilities");
  if (found == tree.end() || found->is_null()) return {};
  if (!found->is_object()) return wrong_manifest("capabilities must be a group of lists");
  auto required = pack_names(*found, "required");
  if (!required) return fail(std::move(required.error()));
  auto optional = pack_names(*found, "optional");
  if (!optional) return fail(std::move(optional.error()));
  auto specific = pack_names(*found, "provider_specific");
  if (!specific) return fail(std::move(specific.error()));
  out = {.required = std::move(*required),
         .optional = std::move(*optional),
         .provider_specific = std::move(*specific)};
  return {};
}

Result<void> read_pack_items(const Json& contents, PackItemKind kind, PackManifest& out) {
  const std::string list(to_string(kind));
  const auto found = contents.find(list);
  if (found == contents.end() || found->is_null()) return {};
  if (!found->is_array() || found->size() > limits::pack_items_max) {
    return wrong_manifest("contents." + list + " must be a list of at most " +
                          std::to_string(limits::pack_items_max) + " entries");
  }
  std::set<std::string> ids;
  for (const Json& one : *found) {
    if (!one.is_object()) {
      return wrong_manifest("contents." + list + " has an entry that is no {id, path}");
    }
    auto id = pack_word(one, "id", limits::pack_item_id_bytes_max);
    if (!id) return fail(std::move(id.error()));
    const auto path = one.find("path");
    if (path == one.end() || !path->is_string() || path->get_ref<const std::string&>().empty()) {
      return wrong_manifest("contents." + list + ": \"" + *id +
                            "\" has no path of a file in the pack");
    }
    if (!ids.insert(*id).second) {
      return wrong_manifest("contents." + list + " has \"" + *id + "\" twice");
    }
    out.items.push_back({.kind = kind, .id = std::move(*id), .path = path->get<std::string>()});
  }
  return {};
}

Result<void> read_pack_contents(const Json& tree, PackManifest& out) {
  const auto contents = tree.find("contents");
  if (contents != tree.end() && !contents->is_null()) {
    if (!contents->is_object()) return wrong_manifest("contents must be a group of lists");
    for (const PackItemKind kind : pack_item_kinds) {
      if (auto read = read_pack_items(*contents, kind, out); !read) return read;
    }
  }
  const bool has_skill = std::ranges::any_of(
      out.items, [](const PackItem& one) { return one.kind == PackItemKind::skill; });
  if (out.type == "skill" && !has_skill) {
    out.items.push_back({.kind = PackItemKind::skill, .id = out.name, .path = "SKILL.md"});
  }
  const auto entries = tree.find("entrypoints");
  if (entries == tree.end() || !entries->is_object()) return {};
  const auto workflows = entries->find("workflows");
  if (workflows == entries->end() || !workflows->is_array()) return {};
  for (const Json& one : *workflows) {
    if (one.is_string() && out.entry_workflows.size() < limits::pack_items_max) {
      out.entry_workflows.push_back(one.get<std::string>());
    }
  }
  return {};
}

std::vector<std::string> those_only_in(const std::vector<std::string>& one,
                                       const std::vector<std::string>& other) {
  std::vector<std::string> out;
  for (const std::string& text : one) {
    if (std::ranges::find(other, text) == other.end()) out.push_back(text);
  }
  return out;
}

std::set<std::string> pack_routines_of(const PackManifest& manifest) {
  std::set<std::string> out;
  for (const PackItem& one : manifest.items) {
    if (one.kind == PackItemKind::routine) out.insert(one.id + ' ' + one.sha256);
  }
  return out;
}

}  // namespace

std::string pack_origin(const PackManifest& manifest) {
  return manifest.name + "@" + manifest.version;
}

Result<PackManifest> read_pack_manifest(Json tree) {
  if (!tree.is_object()) return wrong_manifest("it must be a group of keys");
  PackManifest out;
  auto name = pack_word(tree, "name", limits::pack_name_bytes_max);
  if (!name) return fail(std::move(name.error()));
  auto version = pack_word(tree, "version", limits::pack_version_bytes_max);
  if (!version) return fail(std::move(version.error()));
  auto type = pack_word(tree, "type", limits::pack_name_bytes_max);
  if (!type) return fail(std::move(type.error()));
  out.name = std::move(*name);
  out.version = std::move(*version);
  out.type = std::move(*type);
  out.pack_id = out.name;
  if (const auto id = tree.find("pack_id"); id != tree.end() && !id->is_null()) {
    auto read = pack_word(tree, "pack_id", limits::pack_id_bytes_max);
    if (!read) return fail(std::move(read.error()));
    out.pack_id = std::move(*read);
  }
  if (auto read = read_pack_capabilities(tree, out.capabilities); !read) {
    return fail(std::move(read.error()));
  }
  if (auto read = read_pack_contents(tree, out); !read) return fail(std::move(read.error()));
  out.tree = std::move(tree);
  return out;
}

PackDifference difference_of(const PackManifest& before, const PackManifest& after) {
  const PackCapabilities& old = before.capabilities;
  const PackCapabilities& now = after.capabilities;
  return {.added_required = those_only_in(now.required, old.required),
          .removed_required = those_only_in(old.required, now.required),
          .added_provider_specific = those_only_in(now.provider_specific, old.provider_specific),
          .removed_provider_specific = those_only_in(old.provider_specific, now.provider_specific),
          .routines_differ = pack_routines_of(before) != pack_routines_of(after)};
}

}  // namespace colonnade::core
