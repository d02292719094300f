#include "core/governance/shell_command.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/limits.hpp"

namespace colonnade::core {
namespace {

constexpr auto reserved_words = std::to_array<std::string_view>(
    {"!",   "[[",       "]]", "case", "coproc", "do",   "done", "elif",  "else",  "esac", "fi",
     "for", "function", "if", "in",   "select", "then", "time", "until", "while", "{",    "}"});

bool is_control_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7f || (byte < 0x20 && c != '\t' && c != '\n');
}

// Reads one input from front to back; every function is false at the first thing that is in doubt.
class CommandReader {
 public:
  explicit CommandReader(std::string_view text) : text_(text) {}

  std::optional<std::vector<std::string>> read() {
    if (std::ranges::any_of(text_, is_control_byte)) return std::nullopt;
    while (at_ < text_.size()) {
      if (!step()) return std::nullopt;
    }
    const bool whole = end_command(/*needed=*/joined_) && !commands_.empty();
    if (!whole) return std::nullopt;
    return std::move(commands_);
  }

 private:
  char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  bool step() {
    switch (text_[at_]) {
      case ' ':
      case '\t':
        end_word();
        ++at_;
        return true;
      case '\n': return line_break();
      case ';': return join(1, next() != ';' && next() != '&');
      case '&': return join(2, next() == '&');
      case '|': return join(next() == '|' ? 2 : 1, next() != '&');
      case '<':
      case '>':
      case '(':
      case ')':
      case '`':
      case '$': return false;
      case '#': return begin_.has_value() && in_word_ && plain();
      case '\'': return quoted('\'');
      case '"': return quoted('"');
      case '\\': return escaped();
      default: return plain();
    }
  }

  // A line break after && or | only goes on.
  bool line_break() {
    if (!begin_) {
      ++at_;
      return true;
    }
    if (!end_command(true)) return false;
    joined_ = false;
    ++at_;
    return true;
  }

  bool join(std::size_t length, bool known) {
    const bool is_end = text_[at_] == ';';
    if (!known || !end_command(true)) return false;
    joined_ = !is_end;
    at_ += length;
    return true;
  }

  void begin_word() {
    if (in_word_) return;
    in_word_ = true;
    if (!begin_) begin_ = at_;
    ++words_;
  }
  void end_word() {
    if (!in_word_) return;
    in_word_ = false;
    if (words_ == 1) name_ = text_.substr(*begin_, at_ - *begin_);
    end_ = at_;
  }

  bool plain() {
    begin_word();
    ++at_;
    return true;
  }

  bool escaped() {
    if (next() == '\0' || next() == '\n') return false;
    begin_word();
    at_ += 2;
    return true;
  }

  bool quoted(char quote) {
    begin_word();
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        return true;
      }
      if (quote == '\'') continue;
      if (c == '$' || c == '`') return false;
      if (c == '\\') ++at_;
    }
    return false;
  }

  // `needed`: there has to be one.
  bool end_command(bool needed) {
    end_word();
    if (!begin_) return !needed;
    // `a=b` sets something for what follows; `{a,b}`, `a*` and `~` become another name.
    if (name_.find_first_of("=*?[]{}~!") != std::string_view::npos) return false;
    if (std::ranges::find(reserved_words, name_) != reserved_words.end()) return false;
    if (commands_.size() == limits::permission_commands_max) return false;
    commands_.emplace_back(text_.substr(*begin_, end_ - *begin_));
    begin_.reset();
    words_ = 0;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::size_t> begin_{};  // of the command that is being read
  std::size_t end_ = 0;                 // of its last word
  std::string_view name_{};             // its first word, quotes included
  std::size_t words_ = 0;
  bool in_word_ = false;
  bool joined_ = false;  // by && || |: a command has to follow
  std::vector<std::string> commands_{};
};

bool has_wildcard(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '*' || pattern[i] == '?') {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> simple_commands(std::string_view text) {
  return CommandReader(text).read();
}

bool pattern_covers(std::string_view pattern, std::string_view params) {
  const bool covers_all = pattern == "*";
  if (covers_all || !has_wildcard(pattern)) return matches_pattern(params, pattern);
  auto parsed = base::parse_json(params, "params");
  if (!parsed || !parsed->is_object()) return false;
  base::Json* command = nullptr;
  for (const char* name : {"command", "cmd"}) {
    const auto found = parsed->find(name);
    if (found == parsed->end() || !found->is_string()) continue;
    if (command != nullptr) return false;  // which of the two runs is the tool's secret
    command = &*found;
  }
  if (command == nullptr) return matches_pattern(params, pattern);
  const std::string text = command->get<std::string>();
  const auto commands = simple_commands(text);
  if (!commands) return false;
  // As it came, members in their order.
  if (commands->size() == 1 && commands->front() == text) return matches_pattern(params, pattern);
  return std::ranges::all_of(*commands, [&](const std::string& one) {
    *command = one;
    return matches_pattern(base::to_text(*parsed), pattern);
  });
}

namespace {

// Params of a shell, taken apart.
struct ShellParams {
  std::vector<std::string> commands{};
  std::string others{};  // the text of what else they say; numbers (time limits) are left out
};

std::optional<ShellParams> shell_params(std::string_view params) {
  auto parsed = base::parse_json(params, "params");
  if (!parsed || !parsed->is_object()) return std::nullopt;
  ShellParams out;
  for (const char* name : {"command", "cmd"}) {
    const auto found = parsed->find(name);
    if (found == parsed->end() || !found->is_string()) continue;
    if (!out.commands.empty()) return std::nullopt;  // which of the two runs is the tool's secret
    const std::string text = found->get<std::string>();
    out.commands = simple_commands(text).value_or(std::vector{text});
    parsed->erase(found);
  }
  if (out.commands.empty()) return std::nullopt;
  base::Json others = base::Json::object();
  for (const auto& [name, value] : parsed->items()) {
    if (!value.is_number()) others[name] = value;
  }
  out.others = base::to_text(others);
  return out;
}

bool names_command(std::string_view params) {
  auto parsed = base::parse_json(params, "params");
  if (!parsed || !parsed->is_object()) return true;
  return parsed->contains("command") || parsed->contains("cmd");
}

}  // namespace

RememberedParams remembered_params(std::string_view params) {
  auto shell = shell_params(params);
  if (shell) {
    return {.pattern = exact_pattern(shell->others), .commands = std::move(shell->commands)};
  }
  return {.pattern = names_command(params) ? exact_pattern(params) : "*"};
}

bool remembered_covers(const RememberedParams& remembered, std::string_view params) {
  if (remembered.commands.empty()) return pattern_covers(remembered.pattern, params);
  const auto shell = shell_params(params);
  return shell && matches_pattern(shell->others, remembered.pattern) &&
         std::ranges::all_of(shell->commands, [&](const std::string& one) {
           return std::ranges::find(remembered.commands, one) != remembered.commands.end();
         });
}

}  // namespace colonnade::core
