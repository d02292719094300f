// What can be done with packs. They are a scope's: everybody in it sees which there are; who
// installs, updates, exports and uninstalls is an operator (docs/reference/packs.md).
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/events/notices.hpp"
#include "core/packs/pack.hpp"
#include "core/packs/pack_files.hpp"
#include "core/packs/pack_installation.hpp"
#include "core/packs/pack_manifest.hpp"
#include "core/packs/pack_reader.hpp"
#include "core/packs/pack_store.hpp"

namespace colonnade::core {

// A pack and what it makes: what is shown before one is installed, and of one that is.
struct PackSheet {
  Pack pack;
  PackDefinitions definitions{};
  std::vector<std::string> secrets{};  // of one that is not installed: files with likely keys
};

// What came of an update.
struct PackUpdate {
  Pack before;
  std::optional<Pack> after{};  // nullopt: it stayed as it was
  PackDifference difference{};
  bool needs_approval = false;  // it asks for more; the caller has to agree to that
  bool has_archive = false;     // one was named
};

struct PackPorts {
  PackStore& store;
  PackFiles& files;
  PackReader& reader;
  PackInstallation& installation;
  const Notices& notices;
  base::Clock& clock;
};

// Thread-safe.
class Packs {
 public:
  explicit Packs(PackPorts ports) : ports_(ports) {}

  // Before anything is installed; once, at the start. Also takes out what was left half done.
  base::Task<void> recover();

  // What is in an archive, which is then forgotten. nullopt: no pack. Errors: forbidden for whoever
  // is no operator; those of PackReader.
  base::Task<Result<std::optional<PackSheet>>> detect(Principal who, PackInput input,
                                                      std::stop_token stop);
  // Errors: those of detect() and of PackInstallation::put_in(); invalid with the field "archive"
  // for what is no pack; what PackReader::admits() refuses.
  base::Task<Result<Pack>> install(Principal who, PackInput input, std::string keyed_request_id,
                                   std::stop_token stop);
  // Those that are installed, by name and then version.
  base::Task<Result<std::vector<Pack>>> list(Principal who);
  // not_found; invalid with the field "pack_id" when nothing is named.
  base::Task<Result<Pack>> get(Principal who, PackSelector which);
  base::Task<Result<PackSheet>> inspect(Principal who, PackSelector which, std::stop_token stop);
  // Agents with their threads, routines, skills and files. Errors: those of get(), forbidden;
  // conflict while somebody else does it.
  base::Task<Result<Pack>> uninstall(Principal who, PackSelector which);
  // `path`: "" for a file in the folder of exports. Errors: those of get(), forbidden, also for a
  // path from whoever does not answer for the machine; those of PackFiles::write_archive().
  base::Task<Result<ExportedPack>> write_archive(Principal who, PackSelector which,
                                                 std::string path);
  // Puts the version in the archive in place of the one that is installed, if that asks for nothing
  // more or `approved` says so. Its routines are off again. Without an archive nothing changes: no
  // registry says which versions there are. Errors: those of install() and get(); invalid with the
  // field "target_version" when the archive has another one, "archive" when it is another pack.
  base::Task<Result<PackUpdate>> update(Principal who, PackSelector which, PackInput input,
                                        std::string target_version, bool approved,
                                        std::stop_token stop);

 private:
  base::Task<Result<ReadPack>> read_pack(Principal who, PackInput input, std::stop_token stop);
  base::Task<Result<Pack>> find(Principal who, PackSelector which, bool also_unfinished);
  base::Task<Result<Pack>> install_read(Principal who, PackInput input,
                                        std::string keyed_request_id, std::stop_token stop);
  void tell(const Principal& who, NoticeKind kind, base::Json details) const;
  void tell_registry(const Principal& who, const Pack& pack, std::string_view action) const;

  PackPorts ports_;
};

}  // namespace colonnade::core
