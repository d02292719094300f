#include "app/secret_key.hpp"

#include <sys/stat.h>

#include <charconv>

#include "app/files.hpp"

namespace colonnade::app {
namespace {

std::unexpected<base::Error> unfit(const std::string& path, const std::string& why) {
  return base::fail(base::ErrorKind::invalid, "secret_key_file: " + path + " " + why,
                    "secret_key_file");
}

std::string to_hex(const base::SecretBox::Key& key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : key) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

base::Result<base::SecretBox::Key> parse(const std::string& path, const std::string& text) {
  base::SecretBox::Key key{};
  if (text.size() != 2 * key.size()) return unfit(path, "must hold 64 hex digits");
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char* const begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, key[i], 16);
    if (error != std::errc{} || end != begin + 2) return unfit(path, "must hold 64 hex digits");
  }
  return key;
}

}  // namespace

std::string secret_key_path(const Settings& settings) {
  return settings.secret_key_file.empty() ? settings.data_dir + "/secrets.key"
                                          : settings.secret_key_file;
}

base::Result<base::SecretBox::Key> load_secret_key(const std::string& path) {
  const auto text = read_key_file(path);
  if (text) {
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      return unfit(path, "can be read by others; set its mode to 0600");
    }
    return parse(path, *text);
  }
  if (text.error().kind != base::ErrorKind::not_found) return unfit(path, text.error().message);
  const base::SecretBox::Key key = base::SecretBox::new_key();
  if (auto written = write_owner_only_file(path, to_hex(key) + "\n"); !written) {
    return unfit(path, "cannot be made: " + written.error().message);
  }
  return key;
}

}  // namespace colonnade::app
