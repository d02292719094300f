// Data and requests of packs and capabilities. Include colonnade/tandem.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

using colonnade::Timestamp;

// --- packs

// One that is installed.
struct PackRecord {
  std::string pack_id{};
  std::string name{};
  std::string version{};
  std::string pack_type{};
  std::string install_path{};  // on the server's machine
  std::string sha256{};        // of its archive
  Timestamp installed_at{};
  Json source{};
  bool routines_enabled = false;
  Json extra{};
};

// Which pack is meant. Without a version the one that was installed last. At least pack_id or name.
struct PackSelector {
  std::string pack_id{};
  std::string name{};
  std::string version{};
};

// Where an archive is: one of the two.
struct PackPlace {
  std::string path{};  // on the server's machine
  std::string url{};
};

struct InstallPack {
  PackPlace from{};
  Json source{};  // an object that the record keeps; null: made by the server
};

struct InstallPackFromAttachment {
  std::string attachment_id{};
  std::string path{};
  std::string connector{};
  std::string channel_id{};
  std::string sender_id{};
};

// What a pack is and what it touches.
struct PackSheet {
  std::optional<PackRecord> installed{};  // none of an archive that was only looked at
  Json manifest{};
  Json trust{};
  Json risk{};
  Json permission_sheet{};  // capabilities; from a Colonnade server also its agents and routines
  Json workflow_extensions{};
  Json extra{};
};

struct DetectedPack {
  bool is_pack = false;
  std::string marker{};
  std::optional<PackSheet> pack{};  // a Colonnade server says what is in it
  Json extra{};
};

struct ExportedPack {
  std::string path{};  // on the server's machine
  std::string sha256{};
  std::int64_t bytes = 0;
  Json extra{};
};

struct PackUpdates {
  std::string pack_id{};
  std::string name{};
  std::string current_version{};
  std::vector<Json> updates{};
  Json permissions_diff{};
  bool reapproval_required = false;
  Json extra{};
};

struct UpdatePack {
  std::string target_version{};
  PackPlace from{};  // a Colonnade server takes the newer version from there
  // What it asks for beyond the installed version is agreed to.
  bool approved = false;
};

struct PackUpdate {
  bool updated = false;
  std::string pack_id{};
  std::string name{};
  std::string current_version{};
  std::string target_version{};
  std::string reason{};  // why it was not updated
  Json permissions_diff{};
  bool reapproval_required = false;
  std::optional<PackRecord> installed{};  // the newer one
  Json extra{};
};

// --- capabilities

struct CapabilityBinding {
  std::string capability_id{};
  std::string provider{};
  std::string tool_name{};
  std::vector<std::string> tool_name_aliases{};
  Json request_transform{};
  Json response_transform{};
  Json metadata{};
  Json extra{};
};

struct CapabilityBindings {
  std::string schema_version{"v1"};
  Json generated_at{};
  std::string builtin_version{};  // given by the server, as the next one
  Timestamp last_merged_at{};
  std::vector<CapabilityBinding> bindings{};
  Json extra{};
};

struct CapabilityTool {
  std::string provider{};
  std::string tool_name{};
  Json schema{};
  Json extra{};
};

struct ResolveCapabilities {
  std::string workflow_id{};
  std::vector<std::string> required_capabilities{};
  std::vector<std::string> optional_capabilities{};
  std::vector<std::string> provider_preference{};
  std::vector<CapabilityTool> available_tools{};  // empty: those that the server has
  bool allow_unbound = false;                     // of readiness() alone
};

struct ResolvedCapability {
  std::string capability_id{};
  std::string provider{};
  std::string tool_name{};
  std::int64_t binding_index = 0;
  Json extra{};
};

struct CapabilityResolution {
  std::vector<ResolvedCapability> resolved{};
  std::vector<std::string> missing_required{};
  std::vector<std::string> missing_optional{};
  std::int64_t considered_bindings = 0;
  Json extra{};
};

struct CapabilityReadiness {
  bool runnable = false;
  std::vector<ResolvedCapability> resolved{};
  std::vector<std::string> missing_required{};
  std::vector<std::string> missing_optional{};
  std::vector<std::string> unbound{};
  Json extra{};
};

}  // namespace colonnade::inline v1::tandem
