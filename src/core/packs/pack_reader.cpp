#include "core/packs/pack_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/packs/limits.hpp"
#include "core/packs/pack_manifest.hpp"
#include "core/routines/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

using PackTexts = std::map<std::string, std::string>;

bool is_defined(PackItemKind kind) {
  return kind == PackItemKind::agent || kind == PackItemKind::routine ||
         kind == PackItemKind::skill;
}

std::vector<std::string> definition_paths(const PackManifest& manifest) {
  std::vector<std::string> out;
  for (const PackItem& one : manifest.items) {
    if (is_defined(one.kind)) out.push_back(one.path);
  }
  return out;
}

const PackFile* file_of(const PackListing& listing, std::string_view path) {
  const auto at = std::ranges::lower_bound(listing.files, path, {}, &PackFile::path);
  return at != listing.files.end() && at->path == path ? &*at : nullptr;
}

std::unexpected<base::Error> wrong_pack_file(const std::string& path, const base::Error& why) {
  return fail(ErrorKind::invalid, path + ": " + why.message, path);
}

// Every file that the manifest names is there; what it is made of is noted.
Result<void> find_items(PackManifest& manifest, const PackListing& listing) {
  for (PackItem& one : manifest.items) {
    const PackFile* file = file_of(listing, one.path);
    if (file == nullptr) {
      return fail(ErrorKind::invalid,
                  std::string(pack_manifest_file) + ": contents." +
                      std::string(to_string(one.kind)) + ": \"" + one.id + "\" is in \"" +
                      one.path + "\", which is not in the archive",
                  std::string(pack_manifest_file));
    }
    one.sha256 = file->sha256;
  }
  return {};
}

std::string shown_list(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size() && i < limits::pack_secrets_shown_max; ++i) {
    out += (out.empty() ? "" : ", ") + texts[i];
  }
  return out;
}

}  // namespace

std::string pack_routine_id(const PackManifest& manifest, std::string_view item_id) {
  return manifest.name + ":" + manifest.version + ":" + std::string(item_id);
}

Task<Result<std::string>> PackReader::attachment_bytes(Principal who, std::string id,
                                                       std::stop_token stop) {
  auto found = co_await ports_.attachments.get(who, id);
  if (!found) {
    if (found.error().kind == ErrorKind::not_found) found.error().field = "attachment_id";
    co_return fail(std::move(found.error()));
  }
  base::Job job{
      .account = account_of(who), .time_max = limits::pack_work_time_max, .stop = std::move(stop)};
  std::move_only_function<Result<std::string>(std::stop_token)> work =
      [files = &ports_.attachment_files, id = found->id](std::stop_token /*over*/) {
        return files->read(id);
      };
  auto bytes = co_await ports_.workers.run<std::string>(std::move(job), std::move(work));
  co_return bytes;
}

Task<Result<StagedPack>> PackReader::stage(Principal who, PackInput input, std::stop_token stop) {
  const std::string account = account_of(who);
  // A channel's attachment says both; what was uploaded here is the attachment.
  if (!input.attachment_id.empty()) {
    auto bytes = co_await attachment_bytes(who, input.attachment_id, stop);
    const bool has_path =
        !input.path.empty() && !bytes && bytes.error().kind == ErrorKind::not_found;
    if (!bytes && !has_path) co_return fail(std::move(bytes.error()));
    if (bytes) {
      auto staged = co_await ports_.files.stage_bytes(account, std::move(*bytes), std::move(stop));
      co_return staged;
    }
  }
  const int named =
      (input.path.empty() ? 0 : 1) + (input.url.empty() ? 0 : 1) + (input.bytes ? 1 : 0);
  if (named != 1) {
    co_return fail(ErrorKind::invalid,
                   "say where the archive is: a path, a url, an attachment_id, or its bytes as "
                   "application/zip",
                   "path");
  }
  if (input.bytes) {
    auto staged =
        co_await ports_.files.stage_bytes(account, std::move(*input.bytes), std::move(stop));
    co_return staged;
  }
  if (!input.url.empty()) {
    auto staged = co_await ports_.files.stage_url(account, std::move(input.url), std::move(stop));
    co_return staged;
  }
  if (!is_machines_operator(who)) {
    co_return fail(ErrorKind::forbidden,
                   "only the operator of the machine may name a path on it; send the archive as "
                   "application/zip, or name its url",
                   "path");
  }
  auto staged = co_await ports_.files.stage_file(account, std::move(input.path), std::move(stop));
  co_return staged;
}

Result<Json> PackReader::parse(const std::string& path, const std::string& text) const {
  auto tree =
      path.ends_with(".json") ? base::parse_json(text, path) : ports_.formats.yaml(text, path);
  if (!tree) return wrong_pack_file(path, tree.error());
  if (!tree->is_object()) {
    return fail(ErrorKind::invalid, path + ": it must be a group of keys", path);
  }
  return tree;
}

Result<PackDefinitions> PackReader::define(PackManifest& manifest, const PackTexts& texts) const {
  PackDefinitions out;
  const std::string origin = pack_origin(manifest);
  for (PackItem& item : manifest.items) {
    if (!is_defined(item.kind)) continue;
    const auto text = texts.find(item.path);
    if (text == texts.end()) {
      return fail(ErrorKind::internal, item.path + " of a pack was not read");
    }
    if (item.kind == PackItemKind::skill) {
      if (manifest.name.size() + 1 + item.id.size() > limits::pack_skill_name_bytes_max) {
        return fail(ErrorKind::invalid,
                    item.path + ": \"" + manifest.name + ":" + item.id + "\" is longer than " +
                        std::to_string(limits::pack_skill_name_bytes_max) +
                        " bytes; shorten the pack's name or the id",
                    item.path);
      }
      item.description = ports_.formats.skill(item.id, text->second).description;
      continue;
    }
    auto tree = parse(item.path, text->second);
    if (!tree) return fail(std::move(tree.error()));
    if (item.kind == PackItemKind::agent) {
      auto agent = ports_.formats.agent(*tree);
      if (!agent) return wrong_pack_file(item.path, agent.error());
      if (agent->name.empty()) agent->name = item.id;
      agent->shared = true;
      out.agents.push_back({.item_id = item.id, .agent = std::move(*agent)});
      continue;
    }
    auto routine = ports_.formats.routine(*tree);
    if (!routine) return wrong_pack_file(item.path, routine.error());
    routine->id = pack_routine_id(manifest, item.id);
    routine->is_active = false;
    routine->creator_type = std::string(pack_creator);
    routine->creator_id = origin;
    if (routine->id.size() > limits::routine_id_bytes_max) {
      return fail(ErrorKind::invalid,
                  item.path + ": \"" + routine->id + "\" is longer than " +
                      std::to_string(limits::routine_id_bytes_max) +
                      " bytes; shorten the pack's name, its version or the id",
                  item.path);
    }
    out.routines.push_back({.item_id = item.id, .routine = std::move(*routine)});
  }
  return out;
}

Task<Result<std::optional<ReadPack>>> PackReader::read(Principal who, StagedPack staged,
                                                       std::stop_token stop) {
  const std::string account = account_of(who);
  auto listing = co_await ports_.files.look(account, staged, stop);
  if (!listing) co_return fail(std::move(listing.error()));
  if (file_of(*listing, pack_manifest_file) == nullptr) co_return std::optional<ReadPack>();
  const bool is_signed = file_of(*listing, pack_signature_file) != nullptr;
  std::vector<std::string> heads = {std::string(pack_manifest_file)};
  if (is_signed) heads.emplace_back(pack_signature_file);
  auto said = co_await ports_.files.texts(account, staged, std::move(heads),
                                          limits::pack_manifest_bytes_max, stop);
  if (!said) co_return fail(std::move(said.error()));
  auto tree = parse(std::string(pack_manifest_file), said->at(std::string(pack_manifest_file)));
  if (!tree) co_return fail(std::move(tree.error()));
  auto manifest = read_pack_manifest(std::move(*tree));
  if (!manifest) co_return fail(std::move(manifest.error()));
  if (auto found = find_items(*manifest, *listing); !found) co_return fail(found.error());
  const std::string* signature = is_signed ? &said->at(std::string(pack_signature_file)) : nullptr;
  const auto vouched = judge_signature(signature, listing->files, options_.trusted);
  if (!vouched) co_return fail(vouched.error());
  auto texts = co_await ports_.files.texts(account, staged, definition_paths(*manifest),
                                           limits::pack_definition_bytes_max, std::move(stop));
  if (!texts) co_return fail(std::move(texts.error()));
  auto definitions = define(*manifest, *texts);
  if (!definitions) co_return fail(std::move(definitions.error()));
  ReadPack out{.staged = staged,
               .pack = {.scope = who.scope,
                        .sha256 = staged.sha256,
                        .files = listing->files.size(),
                        .trust = vouched->trust,
                        .publisher = vouched->publisher},
               .definitions = std::move(*definitions),
               .secrets = std::move(listing->secrets)};
  out.pack.manifest = std::move(*manifest);
  for (const PackFile& one : listing->files) out.pack.bytes += one.bytes;
  out.pack.install_path =
      ports_.files.path_of({who.scope, out.pack.manifest.name, out.pack.manifest.version});
  co_return std::optional<ReadPack>(std::move(out));
}

Result<void> PackReader::admits(const ReadPack& read) const {
  if (options_.needs_trust && read.pack.trust != PackTrust::verified) {
    return fail(ErrorKind::forbidden,
                "the pack is not signed by a key of packs.trusted_keys, which "
                "packs.require_signature demands",
                std::string(pack_signature_file));
  }
  if (options_.refuses_secrets && !read.secrets.empty()) {
    return fail(ErrorKind::invalid,
                "the pack holds what looks like a key, which packs.secret_scan_strict refuses; "
                "in: " +
                    shown_list(read.secrets),
                "archive");
  }
  return {};
}

Task<Result<PackDefinitions>> PackReader::installed(Principal who, Pack pack,
                                                    std::stop_token stop) {
  const std::string account = account_of(who);
  PackTexts texts;
  for (const std::string& path : definition_paths(pack.manifest)) {
    const PackPlace place(pack.scope, pack.manifest.name, pack.manifest.version);
    auto text =
        co_await ports_.files.text(account, place, path, limits::pack_definition_bytes_max, stop);
    if (!text) co_return fail(std::move(text.error()));
    texts.emplace(path, std::move(*text));
  }
  auto out = define(pack.manifest, texts);
  co_return out;
}

}  // namespace colonnade::core
