#include "app/running_server.hpp"

#include <unistd.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "app/files.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t note_bytes_max = 16 * 1024;

std::string note_path(const std::string& data_dir) { return data_dir + "/server.json"; }

// Clock ticks from boot to the start of the process, "" when there is none of that number.
std::string start_of(int pid) {
  const auto stat = read_small_file("/proc/" + std::to_string(pid) + "/stat", note_bytes_max);
  if (!stat) return {};
  // The name in parentheses may hold anything; the numbers begin behind the last one. The start
  // time is the 22nd field, the 20th behind the name.
  std::size_t at = stat->rfind(')');
  if (at == std::string::npos) return {};
  for (int field = 0; field < 20; ++field) {
    at = stat->find(' ', at + 1);
    if (at == std::string::npos) return {};
  }
  return stat->substr(at + 1, stat->find(' ', at + 1) - at - 1);
}

}  // namespace

std::string database_path(const std::string& data_dir) { return data_dir + "/colonnade.db"; }

std::string attachments_folder(const std::string& data_dir) { return data_dir + "/attachments"; }

base::Result<void> leave_note(const std::string& data_dir, const RunningServer& server) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("pid", server.pid).field("started", start_of(server.pid));
  json.field("version", server.version).key("urls").array();
  for (const std::string& url : server.urls) json.value(url);
  json.end_array().end_object();
  return write_owner_only_file(note_path(data_dir), out + "\n");
}

void remove_note(const std::string& data_dir) { ::unlink(note_path(data_dir).c_str()); }

std::optional<RunningServer> find_running_server(const std::string& data_dir) {
  const auto text = read_small_file(note_path(data_dir), note_bytes_max);
  if (!text) return std::nullopt;
  const auto note = base::parse_json(*text, "server.json");
  if (!note || !note->is_object()) return std::nullopt;
  RunningServer out;
  try {
    out.pid = note->at("pid").get<int>();
    out.version = note->at("version").get<std::string>();
    out.urls = note->at("urls").get<std::vector<std::string>>();
    const std::string started = note->at("started").get<std::string>();
    if (out.pid <= 0 || started.empty() || started != start_of(out.pid)) return std::nullopt;
  } catch (const base::Json::exception&) {
    return std::nullopt;
  }
  return out;
}

}  // namespace colonnade::app
