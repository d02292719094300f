// Packs as files: archives that come in, packs that are installed, and archives that go out.
//
//   <folder>/<scope>/<name>/<version>/…              an installed pack
//   <folder>/.archives/<scope>/<name>/<version>.zip  what it came in
//   <folder>/.incoming/                              what is under way; emptied at each start
//   <folder>/exports/<scope>/<name>-<version>.zip
//
// A scope's folder has its name with + for /.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/share.hpp"
#include "base/workers.hpp"
#include "core/packs/pack_files.hpp"
#include "net/http_client.hpp"

namespace colonnade::packs {

struct PackFolderOptions {
  std::string folder{};                      // absolute; made when the first pack comes
  std::vector<std::string> private_hosts{};  // that archives may come from; "*" for all
};

// Thread-safe.
class PackFolder final : public core::PackFiles {
 public:
  // All must outlive it; archives are fetched on `lane`.
  PackFolder(base::Workers& workers, net::HttpClient& client, base::Lane& lane,
             PackFolderOptions options);

  base::Task<void> clear() override;
  base::Task<base::Result<core::StagedPack>> stage_file(std::string account, std::string path,
                                                        std::stop_token stop) override;
  base::Task<base::Result<core::StagedPack>> stage_bytes(std::string account, std::string bytes,
                                                         std::stop_token stop) override;
  base::Task<base::Result<core::StagedPack>> stage_url(std::string account, std::string url,
                                                       std::stop_token stop) override;
  base::Task<base::Result<core::PackListing>> look(std::string account, core::StagedPack pack,
                                                   std::stop_token stop) override;
  base::Task<base::Result<std::map<std::string, std::string>>> texts(std::string account,
                                                                     core::StagedPack pack,
                                                                     std::vector<std::string> paths,
                                                                     std::size_t bytes_max,
                                                                     std::stop_token stop) override;
  base::Task<void> drop(core::StagedPack pack) override;
  std::string path_of(const core::PackPlace& place) const override;
  base::Task<base::Result<void>> unpack(std::string account, core::StagedPack pack,
                                        core::PackPlace place, std::stop_token stop) override;
  base::Task<base::Result<void>> remove(std::string account, core::PackPlace place) override;
  base::Task<base::Result<std::string>> text(std::string account, core::PackPlace place,
                                             std::string path, std::size_t bytes_max,
                                             std::stop_token stop) override;
  base::Task<base::Result<core::ExportedPack>> write_archive(std::string account,
                                                             core::PackPlace place,
                                                             std::string path) override;

 private:
  using Fetched = std::shared_ptr<base::Completion<base::Result<std::string>>>;
  static base::Task<void> fetch_on_lane(PackFolder* self, net::HttpClientRequest request,
                                        std::stop_token stop, Fetched done);
  std::string staged_path(const core::StagedPack& pack) const;
  std::string archive_path(const core::PackPlace& place) const;
  std::string incoming() const { return options_.folder + "/.incoming"; }

  base::Workers& workers_;
  net::HttpClient& client_;
  base::Lane& lane_;
  const PackFolderOptions options_;
  base::Share downloads_;
};

}  // namespace colonnade::packs
