// Whatever an archive holds: it is refused with its reason, or every file in it has a safe name of
// its own and unpacks to no more bytes than were judged.
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/packs/limits.hpp"
#include "packs/entry_name.hpp"
#include "packs/zip_archive.hpp"
#include "tests/fuzz/require.hpp"

namespace base = colonnade::base;
namespace limits = colonnade::limits;
namespace packs = colonnade::packs;
using colonnade::fuzz::require;

namespace {

// More would make the fuzzer slow and find nothing else.
constexpr std::uint64_t read_bytes_max = 1024UL * 1024;

void require_refusal(const base::Error& error) {
  require(error.kind == base::ErrorKind::invalid);
  require(error.field == "archive");
  require(error.message.starts_with("the archive is refused: "));
}

void read_file(const packs::ZipArchive& archive, const packs::ZipArchive::File& file) {
  std::uint64_t taken = 0;
  const packs::ZipArchive::Take take = [&taken](std::string_view piece) -> base::Result<void> {
    taken += piece.size();
    return {};
  };
  const auto read = archive.read(file, take, std::stop_token());
  require(taken <= file.bytes);
  if (!read) return require_refusal(read.error());
  require(taken == file.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto archive = packs::ZipArchive::open_bytes(bytes);
  if (!archive) {
    require_refusal(archive.error());
    return 0;
  }
  std::uint64_t all = 0;
  packs::EntryNames names;
  for (const packs::ZipArchive::File& file : archive->files()) {
    require(packs::check_entry_name(file.path, true).has_value());
    require(names.add(file.path).has_value());
    require(file.bytes <= limits::pack_file_bytes_max);
    require(file.bytes <= size * limits::pack_ratio_max);
    all += file.bytes;
    if (all <= read_bytes_max) read_file(*archive, file);
  }
  require(archive->files().size() <= limits::pack_files_max);
  return 0;
}
