#include "core/packs/packs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/secret_text.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/packs/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

bool is_meant(const Pack& pack, const PackSelector& which) {
  const PackManifest& m = pack.manifest;
  const bool fits_id = which.pack_id.empty() || m.pack_id == which.pack_id;
  const bool fits_name = which.name.empty() || m.name == which.name;
  const bool fits_either =
      which.either.empty() || m.pack_id == which.either || m.name == which.either;
  const bool fits_version = which.version.empty() || m.version == which.version;
  return fits_id && fits_name && fits_either && fits_version;
}

// Null where there is nothing.
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json shown_input(const PackInput& input) {
  return {{"path", text_or_null(input.path)},
          {"url", text_or_null(base::hide_secrets_in_url(input.url))},
          {"attachment_id", text_or_null(input.attachment_id)},
          {"connector", text_or_null(input.connector)},
          {"channel_id", text_or_null(input.channel_id)},
          {"sender_id", text_or_null(input.sender_id)}};
}

Json shown_pack(const Pack& pack) {
  return {{"pack_id", pack.manifest.pack_id},
          {"name", pack.manifest.name},
          {"version", pack.manifest.version}};
}

// As the caller says it, else where it was taken from (tandem §4.10).
Result<Json> source_of(const PackInput& input) {
  if (!input.source.is_null()) {
    if (!input.source.is_object() ||
        base::to_text(input.source).size() > limits::pack_source_bytes_max) {
      return fail(ErrorKind::invalid,
                  "source must be an object of at most " +
                      std::to_string(limits::pack_source_bytes_max) + " bytes",
                  "source");
    }
    return input.source;
  }
  if (!input.attachment_id.empty()) {
    return Json{{"kind", "attachment"}, {"attachment_id", input.attachment_id}};
  }
  if (!input.url.empty()) {
    return Json{{"kind", "url"}, {"url", base::hide_secrets_in_url(input.url)}};
  }
  if (!input.path.empty()) return Json{{"kind", "path"}, {"path", input.path}};
  return Json{{"kind", "upload"}};
}

std::unexpected<base::Error> no_pack_in_archive() {
  return fail(
      ErrorKind::invalid,
      "the archive is no pack: it has no " + std::string(pack_manifest_file) + " at its root",
      "archive");
}

}  // namespace

void Packs::tell(const Principal& who, NoticeKind kind, Json details) const {
  ports_.notices.publish({.scope = who.scope,
                          .owner = who.user_id,
                          .kind = kind,
                          .details = std::move(details),
                          .at = ports_.clock.now()});
}

void Packs::tell_registry(const Principal& who, const Pack& pack, std::string_view action) const {
  Json details = shown_pack(pack);
  details["entity"] = "packs";
  details["action"] = action;
  tell(who, NoticeKind::pack_registry_changed, std::move(details));
}

Task<void> Packs::recover() { return ports_.installation.recover(); }

// The archive stays staged for whoever goes on with it; when this fails, it is gone.
Task<Result<ReadPack>> Packs::read_pack(Principal who, PackInput input, std::stop_token stop) {
  auto staged = co_await ports_.reader.stage(who, std::move(input), stop);
  if (!staged) co_return fail(std::move(staged.error()));
  auto read = co_await ports_.reader.read(std::move(who), *staged, std::move(stop));
  if (read && *read) co_return std::move(**read);
  co_await ports_.files.drop(*staged);
  if (read) co_return no_pack_in_archive();
  co_return fail(std::move(read.error()));
}

Task<Result<std::optional<PackSheet>>> Packs::detect(Principal who, PackInput input,
                                                     std::stop_token stop) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  Json details = shown_input(input);
  auto staged = co_await ports_.reader.stage(who, std::move(input), stop);
  if (!staged) co_return fail(std::move(staged.error()));
  auto read = co_await ports_.reader.read(who, *staged, std::move(stop));
  co_await ports_.files.drop(*staged);
  if (!read) co_return fail(std::move(read.error()));
  if (!*read) co_return std::optional<PackSheet>();
  details["marker"] = pack_manifest_file;
  tell(who, NoticeKind::pack_detected, std::move(details));
  ReadPack& found = **read;
  co_return PackSheet{.pack = std::move(found.pack),
                      .definitions = std::move(found.definitions),
                      .secrets = std::move(found.secrets)};
}

Task<Result<Pack>> Packs::install_read(Principal who, PackInput input, std::string keyed_request_id,
                                       std::stop_token stop) {
  auto source = source_of(input);
  if (!source) co_return fail(std::move(source.error()));
  auto read = co_await read_pack(who, std::move(input), stop);
  if (!read) co_return fail(std::move(read.error()));
  const StagedPack staged = read->staged;
  read->pack.source = std::move(*source);
  Result<Pack> done = fail(ErrorKind::internal, "");
  if (auto admitted = ports_.reader.admits(*read); !admitted) {
    done = fail(std::move(admitted.error()));
  } else {
    done = co_await ports_.installation.put_in(std::move(who), std::move(*read),
                                               std::move(keyed_request_id), std::move(stop));
  }
  co_await ports_.files.drop(staged);
  co_return done;
}

Task<Result<Pack>> Packs::install(Principal who, PackInput input, std::string keyed_request_id,
                                  std::stop_token stop) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  Json details = shown_input(input);
  tell(who, NoticeKind::pack_install_started, details);
  auto installed =
      co_await install_read(who, std::move(input), std::move(keyed_request_id), std::move(stop));
  if (!installed) {
    details["error"] = installed.error().message;
    tell(who, NoticeKind::pack_install_failed, std::move(details));
    co_return installed;
  }
  tell(who, NoticeKind::pack_install_succeeded, shown_pack(*installed));
  tell_registry(who, *installed, "installed");
  co_return installed;
}

Task<Result<std::vector<Pack>>> Packs::list(Principal who) {
  auto all = co_await ports_.store.packs(who.scope);
  if (!all) co_return all;
  std::erase_if(*all, [](const Pack& one) { return one.state != PackState::installed; });
  co_return all;
}

Task<Result<Pack>> Packs::find(Principal who, PackSelector which, bool also_unfinished) {
  if (which.pack_id.empty() && which.name.empty() && which.either.empty()) {
    co_return fail(ErrorKind::invalid, "pack_id or name is required", "pack_id");
  }
  auto all = co_await ports_.store.packs(who.scope);
  if (!all) co_return fail(std::move(all.error()));
  const Pack* found = nullptr;
  for (const Pack& one : *all) {
    const bool counts = also_unfinished || one.state == PackState::installed;
    if (!counts || !is_meant(one, which)) continue;
    if (found == nullptr || found->installed_at < one.installed_at) found = &one;
  }
  if (found == nullptr) {
    const std::string& shown = !which.name.empty()      ? which.name
                               : !which.pack_id.empty() ? which.pack_id
                                                        : which.either;
    co_return fail(ErrorKind::not_found, "there is no pack \"" +
                                             std::string(base::cut_utf8(shown, 64)) +
                                             (which.version.empty() ? "\"" : "\" of that version"));
  }
  co_return *found;
}

Task<Result<Pack>> Packs::get(Principal who, PackSelector which) {
  return find(std::move(who), std::move(which), false);
}

Task<Result<PackSheet>> Packs::inspect(Principal who, PackSelector which, std::stop_token stop) {
  auto pack = co_await find(who, std::move(which), false);
  if (!pack) co_return fail(std::move(pack.error()));
  auto definitions = co_await ports_.reader.installed(std::move(who), *pack, std::move(stop));
  if (!definitions) co_return fail(std::move(definitions.error()));
  co_return PackSheet{.pack = std::move(*pack), .definitions = std::move(*definitions)};
}

Task<Result<Pack>> Packs::uninstall(Principal who, PackSelector which) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  // Also one that a failure left half done.
  auto pack = co_await find(who, std::move(which), true);
  if (!pack) co_return fail(std::move(pack.error()));
  if (pack->state == PackState::installing) {
    co_return fail(ErrorKind::conflict,
                   "the pack is being installed; wait until that has ended, or restart the server "
                   "where it broke off, which takes it out");
  }
  auto removed = co_await ports_.installation.take_out(who, std::move(*pack));
  if (!removed) co_return fail(std::move(removed.error()));
  tell_registry(who, *removed, "uninstalled");
  co_return removed;
}

Task<Result<ExportedPack>> Packs::write_archive(Principal who, PackSelector which,
                                                std::string path) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  if (!path.empty() && !is_machines_operator(who)) {
    co_return fail(ErrorKind::forbidden,
                   "only the operator of the machine may name a path on it; leave output_path out",
                   "output_path");
  }
  if (!path.empty() && (!path.starts_with('/') || path.contains('\0'))) {
    co_return fail(ErrorKind::invalid, "output_path must be absolute", "output_path");
  }
  auto pack = co_await find(who, std::move(which), false);
  if (!pack) co_return fail(std::move(pack.error()));
  PackPlace place(pack->scope, pack->manifest.name, pack->manifest.version);
  auto out =
      co_await ports_.files.write_archive(account_of(who), std::move(place), std::move(path));
  co_return out;
}

Task<Result<PackUpdate>> Packs::update(Principal who, PackSelector which, PackInput input,
                                       std::string target_version, bool approved,
                                       std::stop_token stop) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  auto before = co_await find(who, std::move(which), false);
  if (!before) co_return fail(std::move(before.error()));
  PackUpdate out{.before = *before};
  out.has_archive = !input.path.empty() || !input.url.empty() || !input.attachment_id.empty() ||
                    input.bytes.has_value();
  if (!out.has_archive) {
    Json details = shown_pack(*before);
    details["target_version"] = text_or_null(target_version);
    tell(who, NoticeKind::pack_update_not_available, std::move(details));
    co_return out;
  }
  auto source = source_of(input);
  if (!source) co_return fail(std::move(source.error()));
  auto read = co_await read_pack(who, std::move(input), stop);
  if (!read) co_return fail(std::move(read.error()));
  const StagedPack staged = read->staged;
  const PackManifest& after = read->pack.manifest;
  Result<void> fits = ports_.reader.admits(*read);
  if (fits && after.name != before->manifest.name) {
    fits = fail(
        ErrorKind::invalid,
        "the archive has the pack \"" + after.name + "\", not \"" + before->manifest.name + "\"",
        "archive");
  }
  if (fits && !target_version.empty() && after.version != target_version) {
    fits = fail(ErrorKind::invalid, "the archive has version " + after.version, "target_version");
  }
  out.difference = difference_of(before->manifest, after);
  out.needs_approval = out.difference.asks_for_more() && !approved;
  if (!fits || out.needs_approval) {
    co_await ports_.files.drop(staged);
    if (!fits) co_return fail(std::move(fits.error()));
    co_return out;
  }
  read->pack.source = std::move(*source);
  auto made = co_await ports_.installation.put_in(who, std::move(*read), "", std::move(stop));
  co_await ports_.files.drop(staged);
  if (!made) co_return fail(std::move(made.error()));
  // Both are there now; an error here leaves both, and the older one can be uninstalled by itself.
  auto removed = co_await ports_.installation.take_out(who, std::move(*before));
  tell_registry(who, *made, "updated");
  if (!removed) co_return fail(std::move(removed.error()));
  out.after = std::move(*made);
  co_return out;
}

}  // namespace colonnade::core
