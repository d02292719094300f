#include "packs/pack_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "net/url.hpp"
#include "packs/disk.hpp"
#include "packs/entry_name.hpp"
#include "packs/key_finder.hpp"
#include "packs/zip_archive.hpp"

namespace colonnade::packs {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;
using core::ExportedPack;
using core::PackListing;
using core::PackPlace;
using core::StagedPack;
namespace fs = std::filesystem;

namespace {

base::Job work_of(std::string account, std::stop_token stop) {
  return {.account = std::move(account),
          .time_max = limits::pack_work_time_max,
          .stop = std::move(stop)};
}

std::string folder_of(const core::Scope& scope) {
  std::string out = scope.key();
  std::ranges::replace(out, '/', '+');
  return out;
}

StagedPack new_staged() { return {.id = base::random_hex(16)}; }

Result<PackListing> list_archive(const std::string& path, const std::stop_token& stop) {
  const auto archive = ZipArchive::open(path);
  if (!archive) return fail(archive.error());
  PackListing out;
  for (const ZipArchive::File& file : archive->files()) {
    Digest digest;
    KeyFinder keys;
    const ZipArchive::Take take = [&](std::string_view piece) -> Result<void> {
      digest.take(piece);
      keys.take(piece);
      return {};
    };
    if (auto read = archive->read(file, take, stop); !read) return fail(std::move(read.error()));
    out.files.push_back({.path = file.path, .bytes = file.bytes, .sha256 = digest.hex()});
    if (keys.found()) out.secrets.push_back(file.path);
  }
  return out;
}

Result<std::map<std::string, std::string>> texts_in_archive(const std::string& path,
                                                            const std::vector<std::string>& wanted,
                                                            std::size_t bytes_max,
                                                            const std::stop_token& stop) {
  const auto archive = ZipArchive::open(path);
  if (!archive) return fail(archive.error());
  std::map<std::string, std::string> out;
  std::size_t bytes = 0;
  for (const std::string& one : wanted) {
    if (out.contains(one)) continue;
    const ZipArchive::File* file = archive->find(one);
    if (file == nullptr) {
      return fail(ErrorKind::not_found, "there is no file \"" + one + "\" in the archive",
                  "archive");
    }
    auto text = archive->text(*file, bytes_max, stop);
    if (!text) return fail(std::move(text.error()));
    bytes += text->size();
    if (bytes > limits::pack_definitions_bytes_max) {
      return fail(ErrorKind::too_large,
                  "the definitions of a pack have more than " +
                      std::to_string(limits::pack_definitions_bytes_max) + " bytes",
                  "archive");
    }
    out.emplace(one, std::move(*text));
  }
  return out;
}

// Names were checked: none leads out of `folder`, which is new and nobody else's.
Result<void> unpack_into(const std::string& folder, const ZipArchive& archive,
                         const std::stop_token& stop) {
  if (auto made = make_folders(folder); !made) return made;
  for (const ZipArchive::File& one : archive.files()) {
    const std::string path = folder + "/" + one.path;
    if (auto made = make_folders(fs::path(path).parent_path().string()); !made) return made;
    auto file = NewFile::create(path);
    if (!file) return fail(std::move(file.error()));
    const ZipArchive::Take take = [&file](std::string_view piece) { return file->write(piece); };
    if (auto read = archive.read(one, take, stop); !read) return read;
    if (auto kept = file->finish(false); !kept) return kept;
  }
  return {};
}

struct UnpackPaths {
  std::string folder{};   // of all packs
  std::string staged{};   // the archive
  std::string beside{};   // where it is unpacked first
  std::string place{};    // where it lies in the end
  std::string archive{};  // where its archive lies in the end
};

Result<void> unpack_archive(const UnpackPaths& paths, const std::stop_token& stop) {
  const auto archive = ZipArchive::open(paths.staged);
  if (!archive) return fail(archive.error());
  Result<void> done = unpack_into(paths.beside, *archive, stop);
  // What a broken attempt left in its place is nobody's.
  if (done) done = remove_tree(paths.place);
  if (done) done = make_folders(fs::path(paths.place).parent_path().string());
  if (done) done = make_folders(fs::path(paths.archive).parent_path().string());
  if (done) done = rename_file(paths.beside, paths.place);
  if (done) done = rename_file(paths.staged, paths.archive);
  if (done) done = sync_all(paths.folder);
  if (!done) {
    // The error that counts is the one before.
    static_cast<void>(remove_tree(paths.beside));
  }
  return done;
}

Result<std::string> read_pack_file(const std::string& path, std::size_t bytes_max) {
  auto bytes = FileBytes::open(path);
  if (!bytes) return fail(ErrorKind::not_found, "a file of the pack is not there", "path");
  if (bytes->size() > bytes_max) {
    return fail(ErrorKind::too_large,
                "a file of the pack has more than " + std::to_string(bytes_max) + " bytes", "path");
  }
  return bytes->read(0, static_cast<std::size_t>(bytes->size()));
}

// An older export of the same pack is replaced in one step.
Result<ExportedPack> export_archive(const std::string& archive, const std::string& path,
                                    bool replaces, const std::stop_token& stop) {
  const std::string written = replaces ? path + "." + base::random_hex(8) + ".part" : path;
  if (replaces) {
    if (auto made = make_folders(fs::path(path).parent_path().string()); !made) {
      return fail(std::move(made.error()));
    }
  }
  auto copied = copy_file(archive, written, limits::pack_archive_bytes_max, stop);
  if (!copied && copied.error().kind == ErrorKind::conflict) {
    return fail(ErrorKind::conflict, copied.error().message + "; choose another path",
                "output_path");
  }
  if (!copied) return fail(std::move(copied.error()));
  if (replaces) {
    if (auto named = rename_file(written, path); !named) return fail(std::move(named.error()));
  }
  return ExportedPack{.path = path, .sha256 = copied->sha256, .bytes = copied->bytes};
}

}  // namespace

PackFolder::PackFolder(base::Workers& workers, net::HttpClient& client, base::Lane& lane,
                       PackFolderOptions options)
    : workers_(workers),
      client_(client),
      lane_(lane),
      options_(std::move(options)),
      downloads_({.what = "archives that are fetched",
                  .per_account = limits::pack_downloads_per_account,
                  .total = limits::pack_downloads}) {}

std::string PackFolder::staged_path(const StagedPack& pack) const {
  return incoming() + "/" + pack.id + ".zip";
}

std::string PackFolder::path_of(const PackPlace& place) const {
  return options_.folder + "/" + folder_of(place.scope) + "/" + place.name + "/" + place.version;
}

std::string PackFolder::archive_path(const PackPlace& place) const {
  return options_.folder + "/.archives/" + folder_of(place.scope) + "/" + place.name + "/" +
         place.version + ".zip";
}

Task<void> PackFolder::clear() {
  // Most servers have no packs, and no use for a thread at their start.
  std::error_code unknown;
  if (!fs::exists(incoming(), unknown)) co_return;
  std::move_only_function<Result<bool>(std::stop_token)> work =
      [folder = incoming()](std::stop_token /*stop*/) -> Result<bool> {
    if (auto removed = remove_tree(folder); !removed) return fail(std::move(removed.error()));
    return true;
  };
  base::Job job = work_of("", {});
  const auto cleared = co_await workers_.run<bool>(std::move(job), std::move(work));
  if (!cleared) base::log::warn("packs_not_cleared", {{"error", cleared.error().message}});
}

Task<Result<StagedPack>> PackFolder::stage_file(std::string account, std::string path,
                                                std::stop_token stop) {
  if (!path.starts_with('/') || path.contains('\0')) {
    co_return fail(ErrorKind::invalid, "path must be absolute", "path");
  }
  StagedPack staged = new_staged();
  std::move_only_function<Result<Copied>(std::stop_token)> work =
      [folder = incoming(), from = std::move(path),
       to = staged_path(staged)](std::stop_token over) -> Result<Copied> {
    if (auto made = make_folders(folder); !made) return fail(std::move(made.error()));
    return copy_file(from, to, limits::pack_archive_bytes_max, over);
  };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto copied = co_await workers_.run<Copied>(std::move(job), std::move(work));
  if (!copied) co_return fail(std::move(copied.error()));
  staged.bytes = copied->bytes;
  staged.sha256 = std::move(copied->sha256);
  co_return staged;
}

Task<Result<StagedPack>> PackFolder::stage_bytes(std::string account, std::string bytes,
                                                 std::stop_token stop) {
  StagedPack staged = new_staged();
  staged.bytes = bytes.size();
  std::move_only_function<Result<std::string>(std::stop_token)> work =
      [folder = incoming(), to = staged_path(staged),
       bytes = std::move(bytes)](std::stop_token /*over*/) -> Result<std::string> {
    if (auto made = make_folders(folder); !made) return fail(std::move(made.error()));
    auto file = NewFile::create(to);
    if (!file) return fail(std::move(file.error()));
    if (auto written = file->write(bytes); !written) return fail(std::move(written.error()));
    if (auto kept = file->finish(true); !kept) return fail(std::move(kept.error()));
    return base::sha256_hex(bytes);
  };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto digest = co_await workers_.run<std::string>(std::move(job), std::move(work));
  if (!digest) co_return fail(std::move(digest.error()));
  staged.sha256 = std::move(*digest);
  co_return staged;
}

Task<Result<StagedPack>> PackFolder::stage_url(std::string account, std::string url,
                                               std::stop_token stop) {
  auto where = net::canonical_http_url(url);
  if (!where) co_return fail(ErrorKind::invalid, "url: " + where.error().message, "url");
  auto place = downloads_.take(account);
  if (!place) co_return fail(std::move(place.error()));
  net::HttpClientRequest request{.url = where->text};
  request.headers.push_back({"User-Agent", "colonnade"});
  request.total_time_max = limits::pack_download_time_max;
  request.public_addresses_only =
      std::ranges::none_of(options_.private_hosts, [&where](const std::string& host) {
        return host == "*" || net::same_ignoring_case(host, where->host);
      });
  const Fetched done = std::make_shared<base::Completion<Result<std::string>>>();
  lane_.spawn("fetch_pack", fetch_on_lane(this, std::move(request), stop, done));
  auto bytes = co_await done->wait();
  if (!bytes) co_return fail(std::move(bytes.error()));
  auto staged = co_await stage_bytes(std::move(account), std::move(*bytes), std::move(stop));
  co_return staged;
}

// Where it redirects to was not agreed on: that is not followed.
Task<void> PackFolder::fetch_on_lane(PackFolder* self, net::HttpClientRequest request,
                                     std::stop_token stop, Fetched done) {
  auto exchange = self->client_.open(self->lane_, std::move(request), std::move(stop));
  auto head = co_await exchange->head();
  if (!head) {
    head.error().field = "url";
    done->complete(fail(std::move(head.error())));
    co_return;
  }
  constexpr int ok = 200;
  if (head->status != ok) {
    exchange->drain();
    done->complete(fail(ErrorKind::upstream,
                        "the address of the archive answered with " + std::to_string(head->status) +
                            "; give one that answers with 200",
                        "url"));
    co_return;
  }
  auto bytes = co_await exchange->read_all(limits::pack_download_bytes_max);
  if (!bytes) bytes.error().field = "url";
  done->complete(std::move(bytes));
}

Task<Result<PackListing>> PackFolder::look(std::string account, StagedPack pack,
                                           std::stop_token stop) {
  std::move_only_function<Result<PackListing>(std::stop_token)> work =
      [path = staged_path(pack)](std::stop_token over) { return list_archive(path, over); };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto out = co_await workers_.run<PackListing>(std::move(job), std::move(work));
  co_return out;
}

Task<Result<std::map<std::string, std::string>>> PackFolder::texts(std::string account,
                                                                   StagedPack pack,
                                                                   std::vector<std::string> paths,
                                                                   std::size_t bytes_max,
                                                                   std::stop_token stop) {
  using Texts = std::map<std::string, std::string>;
  std::move_only_function<Result<Texts>(std::stop_token)> work =
      [path = staged_path(pack), paths = std::move(paths), bytes_max](std::stop_token over) {
        return texts_in_archive(path, paths, bytes_max, over);
      };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto out = co_await workers_.run<Texts>(std::move(job), std::move(work));
  co_return out;
}

Task<void> PackFolder::drop(StagedPack pack) {
  std::move_only_function<Result<bool>(std::stop_token)> work =
      [path = staged_path(pack)](std::stop_token /*over*/) -> Result<bool> {
    if (auto removed = remove_tree(path); !removed) return fail(std::move(removed.error()));
    return true;
  };
  base::Job job = work_of("", {});
  const auto dropped = co_await workers_.run<bool>(std::move(job), std::move(work));
  // The next start removes it.
  if (!dropped) base::log::warn("pack_not_dropped", {{"error", dropped.error().message}});
}

Task<Result<void>> PackFolder::unpack(std::string account, StagedPack pack, PackPlace place,
                                      std::stop_token stop) {
  UnpackPaths paths{.folder = options_.folder,
                    .staged = staged_path(pack),
                    .beside = incoming() + "/" + pack.id,
                    .place = path_of(place),
                    .archive = archive_path(place)};
  std::move_only_function<Result<bool>(std::stop_token)> work =
      [paths = std::move(paths)](std::stop_token over) -> Result<bool> {
    if (auto done = unpack_archive(paths, over); !done) return fail(std::move(done.error()));
    return true;
  };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto done = co_await workers_.run<bool>(std::move(job), std::move(work));
  if (!done) co_return fail(std::move(done.error()));
  co_return Result<void>{};
}

Task<Result<void>> PackFolder::remove(std::string account, PackPlace place) {
  std::move_only_function<Result<bool>(std::stop_token)> work =
      [folder = path_of(place),
       archive = archive_path(place)](std::stop_token /*over*/) -> Result<bool> {
    for (const std::string& path : {folder, archive}) {
      if (auto removed = remove_tree(path); !removed) return fail(std::move(removed.error()));
      // The name's folder goes with its last version; another version keeps it.
      std::error_code is_used;
      fs::remove(fs::path(path).parent_path(), is_used);
    }
    return true;
  };
  base::Job job = work_of(std::move(account), {});
  auto done = co_await workers_.run<bool>(std::move(job), std::move(work));
  if (!done) co_return fail(std::move(done.error()));
  co_return Result<void>{};
}

Task<Result<std::string>> PackFolder::text(std::string account, PackPlace place, std::string path,
                                           std::size_t bytes_max, std::stop_token stop) {
  if (auto fits = check_entry_name(path, true); !fits) co_return fail(std::move(fits.error()));
  std::move_only_function<Result<std::string>(std::stop_token)> work =
      [file = path_of(place) + "/" + path, bytes_max](std::stop_token /*over*/) {
        return read_pack_file(file, bytes_max);
      };
  base::Job job = work_of(std::move(account), std::move(stop));
  auto out = co_await workers_.run<std::string>(std::move(job), std::move(work));
  co_return out;
}

Task<Result<ExportedPack>> PackFolder::write_archive(std::string account, PackPlace place,
                                                     std::string path) {
  const bool replaces = path.empty();
  if (replaces) {
    path = options_.folder + "/exports/" + folder_of(place.scope) + "/" + place.name + "-" +
           place.version + ".zip";
  }
  std::move_only_function<Result<ExportedPack>(std::stop_token)> work =
      [archive = archive_path(place), path = std::move(path), replaces](std::stop_token over) {
        return export_archive(archive, path, replaces, over);
      };
  base::Job job = work_of(std::move(account), {});
  auto out = co_await workers_.run<ExportedPack>(std::move(job), std::move(work));
  co_return out;
}

}  // namespace colonnade::packs
