#include "core/packs/pack_text.hpp"

#include <utility>

#include "base/json.hpp"
#include "core/enum_names.hpp"
#include "core/packs/pack_manifest.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr EnumNames<PackItemKind, 6> pack_item_words{{
    {PackItemKind::agent, "agents"},
    {PackItemKind::mission, "missions"},
    {PackItemKind::routine, "routines"},
    {PackItemKind::skill, "skills"},
    {PackItemKind::workflow, "workflows"},
    {PackItemKind::workflow_hook, "workflow_hooks"},
}};

constexpr EnumNames<PackTrust, 3> pack_trust_words{{
    {PackTrust::unsigned_pack, "unsigned"},
    {PackTrust::unverified, "present_unverified"},
    {PackTrust::verified, "verified"},
}};

constexpr EnumNames<PackState, 3> pack_state_words{{
    {PackState::installing, "installing"},
    {PackState::installed, "installed"},
    {PackState::removing, "removing"},
}};

std::string pack_member(const Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t pack_number(const Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::unexpected<base::Error> unreadable_pack(std::string_view why) {
  return fail(ErrorKind::invalid, "the definition of a pack cannot be read: " + std::string(why),
              "definition");
}

Json items_tree(const PackManifest& manifest) {
  Json out = Json::array();
  for (const PackItem& one : manifest.items) {
    out.push_back({{"kind", to_string(one.kind)},
                   {"id", one.id},
                   {"sha256", one.sha256},
                   {"description", one.description}});
  }
  return out;
}

Json made_tree(const std::vector<PackMade>& made) {
  Json out = Json::array();
  for (const PackMade& one : made) {
    out.push_back({{"kind", to_string(one.kind)},
                   {"item_id", one.item_id},
                   {"id", one.id},
                   {"owner", one.owner},
                   {"created_at", one.created_at.micros}});
  }
  return out;
}

Result<void> read_made(const Json& tree, Pack& into) {
  into.made.clear();
  const auto list = tree.find("made");
  if (list == tree.end() || !list->is_array()) return unreadable_pack("made is no list");
  for (const Json& one : *list) {
    const auto kind = pack_item_kind_from(pack_member(one, "kind"));
    if (!kind) return unreadable_pack("made has an unknown kind");
    into.made.push_back({.kind = *kind,
                         .item_id = pack_member(one, "item_id"),
                         .id = pack_member(one, "id"),
                         .owner = pack_member(one, "owner"),
                         .created_at = {pack_number(one, "created_at")}});
  }
  return {};
}

// What is known of a manifest's entries besides what it says itself.
void read_pack_details(const Json& tree, PackManifest& manifest) {
  const auto list = tree.find("items");
  if (list == tree.end() || !list->is_array()) return;
  for (const Json& one : *list) {
    const std::string kind = pack_member(one, "kind");
    const std::string id = pack_member(one, "id");
    for (PackItem& item : manifest.items) {
      if (to_string(item.kind) != kind || item.id != id) continue;
      item.sha256 = pack_member(one, "sha256");
      item.description = pack_member(one, "description");
    }
  }
}

}  // namespace

std::string_view to_string(PackItemKind kind) { return enum_name(pack_item_words, kind); }
std::optional<PackItemKind> pack_item_kind_from(std::string_view text) {
  return enum_value(pack_item_words, text);
}
std::string_view to_string(PackTrust trust) { return enum_name(pack_trust_words, trust); }
std::optional<PackTrust> pack_trust_from(std::string_view text) {
  return enum_value(pack_trust_words, text);
}
std::string_view to_string(PackState state) { return enum_name(pack_state_words, state); }
std::optional<PackState> pack_state_from(std::string_view text) {
  return enum_value(pack_state_words, text);
}

std::string definition_text(const Pack& pack) {
  return base::to_text(Json{{"manifest", pack.manifest.tree},
                            {"items", items_tree(pack.manifest)},
                            {"made", made_tree(pack.made)},
                            {"install_path", pack.install_path},
                            {"sha256", pack.sha256},
                            {"files", pack.files},
                            {"bytes", pack.bytes},
                            {"installed_by", pack.installed_by},
                            {"source", pack.source},
                            {"trust", to_string(pack.trust)},
                            {"publisher", pack.publisher}});
}

Result<void> read_definition(std::string_view text, Pack& into) {
  auto tree = base::parse_json(text, "definition");
  if (!tree || !tree->is_object()) return unreadable_pack("it is no object");
  const auto said = tree->find("manifest");
  if (said == tree->end()) return unreadable_pack("it has no manifest");
  auto manifest = read_pack_manifest(*said);
  if (!manifest) return unreadable_pack(manifest.error().message);
  const auto trust = pack_trust_from(pack_member(*tree, "trust"));
  if (!trust) return unreadable_pack("trust has an unknown word");
  into.manifest = std::move(*manifest);
  read_pack_details(*tree, into.manifest);
  if (auto read = read_made(*tree, into); !read) return read;
  into.install_path = pack_member(*tree, "install_path");
  into.sha256 = pack_member(*tree, "sha256");
  into.files = static_cast<std::uint64_t>(pack_number(*tree, "files"));
  into.bytes = static_cast<std::uint64_t>(pack_number(*tree, "bytes"));
  into.installed_by = pack_member(*tree, "installed_by");
  if (const auto source = tree->find("source"); source != tree->end()) into.source = *source;
  into.trust = *trust;
  into.publisher = pack_member(*tree, "publisher");
  return {};
}

}  // namespace colonnade::core
