// Reads a pack: gets the archive, checks it, and says what installing it would make. Writes nothing
// but the copy that it looks at.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/agents/agents.hpp"
#include "core/attachments/attachments.hpp"
#include "core/packs/pack.hpp"
#include "core/packs/pack_files.hpp"
#include "core/packs/pack_trust.hpp"
#include "core/routines/routines.hpp"
#include "core/tools/skills.hpp"

namespace colonnade::core {

// Where an archive comes from: one of the first four.
struct PackInput {
  std::string path{};  // of a file of this machine
  std::string url{};
  std::string attachment_id{};         // of the caller's own upload
  std::optional<std::string> bytes{};  // of the request itself
  base::Json source = nullptr;         // an object, as the caller says it; null: made here
  // Of an attachment of a channel; told on.
  std::string connector{};
  std::string channel_id{};
  std::string sender_id{};
};

// How the files of packs are written; a dialect's. Each refuses with invalid, and the field that is
// wrong.
struct PackFormats {
  std::function<Result<base::Json>(std::string_view text, std::string_view name)> yaml{};
  std::function<Result<NewAgent>(const base::Json& tree)> agent{};
  std::function<Result<NewRoutine>(const base::Json& tree)> routine{};
  std::function<Skill(std::string_view name, std::string_view text)> skill{};
};

struct PackAgent {
  std::string item_id{};
  NewAgent agent{};
};
struct PackRoutine {
  std::string item_id{};
  NewRoutine routine{};
};
// What a pack makes outside of its own folder.
struct PackDefinitions {
  std::vector<PackAgent> agents{};
  std::vector<PackRoutine> routines{};
};

struct ReadPack {
  StagedPack staged{};
  Pack pack;  // as it would be installed
  PackDefinitions definitions{};
  std::vector<std::string> secrets{};  // files that hold what looks like a key
};

struct PackReaderOptions {
  std::vector<TrustedPublisher> trusted{};
  bool needs_trust = false;      // packs without a signature by a trusted key are refused
  bool refuses_secrets = false;  // so are packs in which there is what looks like a key
};

struct PackReaderPorts {
  PackFiles& files;
  Attachments& attachments;
  AttachmentFiles& attachment_files;
  base::Workers& workers;
  PackFormats formats;
};

// The id of a routine of a pack: "name:version:id".
std::string pack_routine_id(const PackManifest& manifest, std::string_view item_id);

// Thread-safe.
class PackReader {
 public:
  PackReader(PackReaderPorts ports, PackReaderOptions options)
      : ports_(std::move(ports)), options_(std::move(options)) {}

  // Copies the archive. Errors: invalid with the field "path" when none or several of its sources
  // are named; forbidden for a path from whoever does not answer for the machine; not_found for an
  // attachment that is not the caller's; those of PackFiles.
  base::Task<Result<StagedPack>> stage(Principal who, PackInput input, std::stop_token stop);
  // What is staged. nullopt: it is no pack, as it has no tandempack.yaml at its root. Errors: those
  // of PackFiles::look(), read_pack_manifest(), judge_signature() and of the formats.
  base::Task<Result<std::optional<ReadPack>>> read(Principal who, StagedPack staged,
                                                   std::stop_token stop);
  // Whether the options let it be installed. Errors: forbidden, invalid.
  Result<void> admits(const ReadPack& read) const;
  // The definitions of one that is installed.
  base::Task<Result<PackDefinitions>> installed(Principal who, Pack pack, std::stop_token stop);

 private:
  base::Task<Result<std::string>> attachment_bytes(Principal who, std::string id,
                                                   std::stop_token stop);
  Result<base::Json> parse(const std::string& path, const std::string& text) const;
  Result<PackDefinitions> define(PackManifest& manifest,
                                 const std::map<std::string, std::string>& texts) const;

  PackReaderPorts ports_;
  PackReaderOptions options_;
};

}  // namespace colonnade::core
