#include "app/audit_key.hpp"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>

#include "app/files.hpp"
#include "app/limits.hpp"
#include "base/log.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t hash_digits_of_note = 64;

std::unexpected<base::Error> unfit_audit_key(const std::string& path, const std::string& why) {
  return base::fail(base::ErrorKind::invalid, "audit.key_file: " + path + " " + why,
                    "audit.key_file");
}

base::Result<base::SigningKey> read_audit_key(const std::string& path, const std::string& pem) {
  struct stat about{};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return unfit_audit_key(path, "can be read by others; set its mode to 0600");
  }
  auto key = base::SigningKey::from_pem(pem);
  if (!key) return unfit_audit_key(path, key.error().message);
  return key;
}

base::Result<base::SigningKey> make_audit_key(const std::string& path) {
  base::SigningKey key = base::SigningKey::make();
  if (auto written = write_owner_only_file(path, key.to_pem()); !written) {
    return unfit_audit_key(path, "cannot be made: " + written.error().message);
  }
  return key;
}

void remove_audit_note(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) {
    base::log::error("audit_note_not_removed", {{"file", path}, {"error", error.message()}});
  }
}

}  // namespace

AuditFiles audit_files(const std::string& data_dir, const std::string& key_file) {
  return {.key = key_file.empty() ? data_dir + "/audit.key" : key_file,
          .public_key = data_dir + "/audit.pub",
          .head = data_dir + "/audit.head",
          .restored = data_dir + "/audit.restored"};
}

base::Result<base::SigningKey> load_audit_key(const AuditFiles& files) {
  const auto pem = read_key_file(files.key);
  if (!pem && pem.error().kind != base::ErrorKind::not_found) {
    return unfit_audit_key(files.key, pem.error().message);
  }
  auto key = pem ? read_audit_key(files.key, *pem) : make_audit_key(files.key);
  if (!key) return key;
  const std::string shown = key->verifying_key().to_pem();
  const auto there = read_small_file(files.public_key, limits::audit_key_bytes_max);
  if (there && *there == shown) return key;
  if (auto written = write_owner_only_file(files.public_key, shown); !written) {
    return unfit_audit_key(files.public_key, "cannot be made: " + written.error().message);
  }
  return key;
}

std::optional<core::NotedRecord> noted_audit_head(const AuditFiles& files) {
  const auto text = read_small_file(files.head, limits::audit_key_bytes_max);
  if (!text) return std::nullopt;
  const std::string note = trimmed(*text);
  core::NotedRecord out;
  const auto [end, error] = std::from_chars(note.data(), note.data() + note.size(), out.seq);
  const auto place = static_cast<std::size_t>(end - note.data());
  if (error != std::errc{} || out.seq < 1 || place >= note.size() || note[place] != ':') {
    return std::nullopt;
  }
  out.hash = note.substr(place + 1);
  if (out.hash.size() != hash_digits_of_note) return std::nullopt;
  return out;
}

void note_audit_head(const AuditFiles& files, const core::AuditHead& head) {
  const std::string note = std::to_string(head.seq) + ":" + head.hash + "\n";
  if (auto written = write_owner_only_file(files.head, note); !written) {
    base::log::error("audit_head_not_noted", {{"error", written.error().message}});
  }
}

base::Result<void> note_restore(const AuditFiles& files, const std::string& backup) {
  return write_owner_only_file(files.restored, backup + "\n");
}

std::optional<std::string> noted_restore(const AuditFiles& files) {
  const auto text = read_small_file(files.restored, limits::audit_key_bytes_max);
  if (!text) return std::nullopt;
  return trimmed(*text);
}

void forget_audit_head(const AuditFiles& files) { remove_audit_note(files.head); }

void forget_restore(const AuditFiles& files) { remove_audit_note(files.restored); }

}  // namespace colonnade::app
