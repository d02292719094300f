// What another program prints, line by line.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::peers {

// Runs a command of the shell. Its error output goes where the test's goes.
class ProgramLines {
 public:
  explicit ProgramLines(const std::string& command) : pipe_(::popen(command.c_str(), "r")) {}
  ~ProgramLines() {
    if (pipe_ != nullptr) ::pclose(pipe_);
    std::free(line_);  // as getline() asks
  }
  ProgramLines(const ProgramLines&) = delete;
  ProgramLines& operator=(const ProgramLines&) = delete;

  // Without the line's end; nullopt after the last one.
  std::optional<std::string> next() {
    if (pipe_ == nullptr) return std::nullopt;
    const auto length = ::getline(&line_, &capacity_, pipe_);
    if (length <= 0) return std::nullopt;
    return std::string(line_, static_cast<std::size_t>(length - 1));
  }

 private:
  std::FILE* pipe_;
  char* line_ = nullptr;
  std::size_t capacity_ = 0;
};

inline std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == by) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// Whether `./dev peers` asks for all that there is.
inline bool is_long_form() {
  const char* const form = std::getenv("COLONNADE_PEERS");
  return form != nullptr && std::string_view(form) == "all";
}

}  // namespace colonnade::peers
