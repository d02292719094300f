#include "tools/skill_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/utf8.hpp"
#include "tools/directory_rules.hpp"
#include "tools/limits.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;
using core::Skill;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view fence = "---";
constexpr std::string_view file_name = "SKILL.md";
constexpr std::string_view templates_folder = "templates";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view unquoted(std::string_view text) {
  const bool is_quoted = text.size() > 1 && text.front() == text.back() &&
                         (text.front() == '"' || text.front() == '\'');
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= limits::skill_name_bytes_max && text.front() != '.' &&
         std::ranges::all_of(text, fits);
}

// `name: value`, or a value in indented lines below `name: |` or `name: >`.
class FrontMatter {
 public:
  void read_line(std::string_view line) {
    const bool goes_on = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    if (goes_on) {
      if (value_ == nullptr) return;
      if (!value_->empty()) *value_ += ' ';
      *value_ += trimmed(line);
      return;
    }
    value_ = nullptr;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view key = trimmed(line.substr(0, colon));
    value_ = key == "name" ? &name : key == "description" ? &description : nullptr;
    if (value_ == nullptr) return;
    const std::string_view value = trimmed(line.substr(colon + 1));
    const bool is_below = value.size() <= 2 && (value.starts_with('|') || value.starts_with('>'));
    *value_ = is_below ? std::string_view() : unquoted(value);
  }

  std::string name{};
  std::string description{};

 private:
  std::string* value_ = nullptr;
};

// The folder of skills, or one in it, however its own path leads there; nothing when it is not
// there or when `inside` leads out of it.
Result<std::optional<Workspace>> open_skills(const fs::path& folder, std::string_view inside) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path real = error ? fs::path() : fs::canonical(root / inside, error);
  if (error || !folder_holds(root, real) || !fs::is_directory(real, error)) return std::nullopt;
  auto opened = Workspace::open(real.string());
  if (!opened) return fail(std::move(opened.error()));
  return std::move(*opened);
}

// At most bytes_max + 1 bytes. A link is followed only within the folder: who hands out a folder of
// skills shall not choose what is read beside it.
Result<std::string> read_skill_file(const Workspace& folder, const std::string& path,
                                    std::size_t bytes_max) {
  const auto file = folder.open_file(path, O_RDONLY);
  if (!file) return fail(file.error());
  std::string text(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file->number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::unavailable, path + " cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

struct Found {
  std::string file;  // within the folder
  std::string folder_name;
};

// The folders that have a SKILL.md, by name.
Result<std::vector<Found>> skill_files(const Workspace& skills, const fs::path& folder,
                                       const std::stop_token& stop) {
  std::vector<Found> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (stop.stop_requested())
      return fail(ErrorKind::cancelled, "the skills were not needed any more");
    std::string name = at->path().filename().string();
    std::string file = name + "/" + std::string(file_name);
    if (is_name(name) && skills.open_file(file, O_RDONLY)) {
      out.push_back({std::move(file), std::move(name)});
    }
  }
  if (error) {
    return fail(ErrorKind::unavailable, "the folder of skills cannot be read: " + error.message());
  }
  std::ranges::sort(out, {}, &Found::folder_name);
  if (out.size() > limits::skills_max) out.resize(limits::skills_max);
  return out;
}

Result<std::vector<Skill>> read_list(const fs::path& folder, std::string_view inside,
                                     const std::stop_token& stop) {
  std::vector<Skill> out;
  auto skills = open_skills(folder, inside);
  if (!skills) return fail(std::move(skills.error()));
  if (!*skills) return out;
  auto files = skill_files(**skills, folder / inside, stop);
  if (!files) return fail(std::move(files.error()));
  for (const Found& one : *files) {
    auto text = read_skill_file(**skills, one.file, limits::skill_head_bytes_max);
    if (!text) return fail(std::move(text.error()));
    Skill skill = parse_skill(one.folder_name, *text);
    skill.content.clear();
    out.push_back(std::move(skill));
  }
  return out;
}

std::unexpected<base::Error> no_skill(const std::string& name) {
  return fail(ErrorKind::not_found, "there is no skill named '" + name + "'", "name");
}

Result<Skill> read_one(const fs::path& folder, const std::string& name,
                       const std::stop_token& stop) {
  auto skills = open_skills(folder, {});
  if (!skills) return fail(std::move(skills.error()));
  if (!*skills) return no_skill(name);
  auto files = skill_files(**skills, folder, stop);
  if (!files) return fail(std::move(files.error()));
  for (const Found& one : *files) {
    auto head = read_skill_file(**skills, one.file, limits::skill_head_bytes_max);
    if (!head || parse_skill(one.folder_name, *head).name != name) continue;
    auto text = read_skill_file(**skills, one.file, limits::skill_bytes_max);
    if (!text) return fail(std::move(text.error()));
    if (text->size() > limits::skill_bytes_max) {
      return fail(ErrorKind::too_large, "the skill '" + name + "' is larger than " +
                                            std::to_string(limits::skill_bytes_max) + " bytes");
    }
    return parse_skill(one.folder_name, *text);
  }
  return no_skill(name);
}

base::Job job_of(std::string account, std::stop_token stop) {
  return {.account = std::move(account),
          .time_max = limits::skill_read_time_max,
          .stop = std::move(stop)};
}

}  // namespace

Skill parse_skill(std::string_view folder_name, std::string_view text) {
  Skill out{.name = std::string(folder_name)};
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::string_view rest = text;
  if (trimmed(take_line(rest)) == fence) {
    FrontMatter head;
    while (!rest.empty()) {
      const std::string_view line = take_line(rest);
      if (trimmed(line) == fence) {
        if (is_name(head.name)) out.name = head.name;
        out.description = head.description;
        text = rest;
        break;
      }
      head.read_line(line);
    }
  }
  out.description = base::replace_invalid_utf8(
      std::string(base::cut_utf8(out.description, limits::skill_description_bytes_max)));
  out.content = base::replace_invalid_utf8(std::string(text));
  return out;
}

Task<Result<std::vector<Skill>>> SkillFolder::list(core::SkillReader who, std::stop_token stop) {
  auto work = [folder = folder_](std::stop_token over) { return read_list(folder, {}, over); };
  auto out = co_await workers_.run<std::vector<Skill>>(
      job_of(std::move(who.account), std::move(stop)), std::move(work));
  co_return out;
}

Task<Result<std::vector<Skill>>> SkillFolder::templates(core::SkillReader who,
                                                        std::stop_token stop) {
  auto work = [folder = folder_](std::stop_token over) {
    return read_list(folder, templates_folder, over);
  };
  auto out = co_await workers_.run<std::vector<Skill>>(
      job_of(std::move(who.account), std::move(stop)), std::move(work));
  co_return out;
}

Task<Result<Skill>> SkillFolder::get(core::SkillReader who, std::string name,
                                     std::stop_token stop) {
  auto work = [folder = folder_, name = std::move(name)](std::stop_token over) {
    return read_one(folder, name, over);
  };
  auto out = co_await workers_.run<Skill>(job_of(std::move(who.account), std::move(stop)),
                                          std::move(work));
  co_return out;
}

}  // namespace colonnade::tools
