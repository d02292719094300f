// chat on a terminal: what people see and press.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* interrupt_key = "\x03";
constexpr const char* end_key = "\x04";

// The program with a pseudo terminal as its standard streams.
class TerminalProcess {
 public:
  TerminalProcess(const Arguments& arguments, const Folder& folder) {
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    ::setenv("HOME", folder.path().c_str(), 1);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    if (::chdir(folder.path().c_str()) != 0) ::_exit(127);
    std::vector<std::string> texts{COLONNADE_PROGRAM};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    ::execv(COLONNADE_PROGRAM, pointers.data());
    ::_exit(127);
  }
  ~TerminalProcess() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(terminal_);
  }
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(std::string_view keys) {
    [[maybe_unused]] const ssize_t count = ::write(terminal_, keys.data(), keys.size());
  }

  // Everything up to and with `text`; what came without it when the end or patience came first.
  std::string read_until(std::string_view text) {
    for (;;) {
      const std::size_t at = seen_.find(text);
      if (at != std::string::npos) {
        std::string out = seen_.substr(0, at + text.size());
        seen_.erase(0, at + text.size());
        return out;
      }
      if (!read_some()) return std::exchange(seen_, "");
    }
  }

  int wait() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  bool read_some() {
    pollfd polled{.fd = terminal_, .events = POLLIN, .revents = 0};
    const auto wait = std::chrono::milliseconds(patience).count();
    if (::poll(&polled, 1, static_cast<int>(wait)) <= 0) return false;
    char piece[4096];
    const ssize_t count = ::read(terminal_, piece, sizeof piece);
    if (count <= 0) return false;
    seen_.append(piece, static_cast<std::size_t>(count));
    return true;
  }

  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string seen_{};
};

class ChatOnATerminal : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.ready().is_object()); }

  Folder folder_;
  ServerProcess server_{folder_};
  TerminalProcess chat_{{"chat"}, folder_};
};

constexpr const char* prompt = "> \x1b[0m";

TEST_F(ChatOnATerminal, StreamsAnswersAndKnowsItsCommands) {
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("/help says more"));
  chat_.type("//say hello to you\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("\nhello to you\r\n"));
  chat_.type("/title Greetings\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("Greetings\r\n"));
  chat_.type("/threads\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("* "));
  chat_.type("/nosuch\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("There is no /nosuch"));
  chat_.type("/quit\r");
  EXPECT_EQ(chat_.wait(), 0);
}

TEST_F(ChatOnATerminal, TheInterruptKeyCancelsTheAnswerAndTheChatGoesOn) {
  chat_.read_until(prompt);
  chat_.type("//slow 200\\\r/tokens 5000\r");
  // A piece of the answer came: the turn is under way.
  ASSERT_THAT(chat_.read_until("token1 "), HasSubstr("token1 "));
  chat_.type(interrupt_key);
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("(cancelled)"));
  chat_.type("//say still here\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("\nstill here\r\n"));
  const auto page = run({"threads", "list", "--json"}, folder_);
  const auto thread = nlohmann::json::parse(page.out)["threads"][0]["id"];
  const auto shown = nlohmann::json::parse(
      run({"threads", "show", thread.get<std::string>(), "--json"}, folder_).out);
  // Two questions and one answer: the cancelled turn made none.
  EXPECT_EQ(shown["messages"].size(), 3U);
  EXPECT_EQ(shown["running"], false);
  chat_.type(end_key);
  EXPECT_EQ(chat_.wait(), 0);
}

TEST_F(ChatOnATerminal, TheInterruptKeyAtThePromptLeaves) {
  chat_.read_until(prompt);
  chat_.type(interrupt_key);
  EXPECT_EQ(chat_.wait(), 0);
}

TEST_F(ChatOnATerminal, AsksBeforeAToolThatChangesSomethingRuns) {
  chat_.read_until(prompt);
  chat_.type("//tool write {\"path\":\"a.txt\",\"content\":\"one\"}\r");
  const std::string question = chat_.read_until("l later: ");
  EXPECT_THAT(question, HasSubstr("asks to use write"));
  EXPECT_THAT(question, HasSubstr("a.txt"));
  chat_.type("y\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("a.txt"));
  chat_.type("//tool write {\"path\":\"a.txt\",\"content\":\"two\"}\r");
  chat_.read_until("l later: ");
  chat_.type("n\r");
  chat_.read_until("may be empty): ");
  chat_.type("leave it\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("leave it"));
  chat_.type("//tool question {\"question\":\"Which?\",\"options\":[\"red\",\"blue\"]}\r");
  EXPECT_THAT(chat_.read_until("or its number: "), HasSubstr("2) blue"));
  chat_.type("2\r");
  EXPECT_THAT(chat_.read_until(prompt), HasSubstr("blue"));
  chat_.type(end_key);
  EXPECT_EQ(chat_.wait(), 0);
}

TEST_F(ChatOnATerminal, WritesOutWhatAQuestionHides) {
  chat_.read_until(prompt);
  chat_.type(R"(//tool question {"question":"Which\u202e?","options":["re\u200bd\nblue"]})"
             "\r");
  const std::string question = chat_.read_until("or its number: ");
  EXPECT_THAT(question, HasSubstr("Which\\u{202E}?"));
  EXPECT_THAT(question, HasSubstr("1) re\\u{200B}d\\nblue\r\n"));
  chat_.type("1\r");
  chat_.read_until(prompt);
  chat_.type("//tool write {\"path\":\"a\\u202e.txt\",\"content\":\"one\"}\r");
  EXPECT_THAT(chat_.read_until("l later: "), HasSubstr("a\\u{202E}.txt"));
  chat_.type("y\r");
  chat_.read_until(prompt);
  chat_.type(end_key);
  EXPECT_EQ(chat_.wait(), 0);
}

TEST_F(ChatOnATerminal, SaysWhatWillBeRememberedAndForWhichAgentBeforeItIs) {
  chat_.read_until(prompt);
  chat_.type("//tool write {\"path\":\"a.txt\",\"content\":\"one\"}\r");
  const std::string question = chat_.read_until("l later: ");
  const auto pending =
      nlohmann::json::parse(run({"approvals", "list", "--json"}, folder_).out)["approvals"][0];
  const std::string agent = pending["agent_id"];
  const auto answered = [&](const std::string& key, const std::string& pattern) {
    chat_.type(key + "\r");
    chat_.read_until("exactly these): ");
    chat_.type(pattern + "\r");
    return chat_.read_until("Allow and remember this? y yes, n no: ");
  };
  const std::string thread = pending["context"]["thread_id"];
  EXPECT_THAT(answered("t", ""), HasSubstr("Will not be asked about again: write by agent " +
                                           agent + " in thread " + thread + ", with exactly {"));
  chat_.type("n\r");
  chat_.read_until("l later: ");
  EXPECT_THAT(answered("w", "*"), HasSubstr("write by every agent in every thread, with arguments "
                                            "like *\r\n"));
  chat_.type("n\r");
  chat_.read_until("l later: ");
  EXPECT_THAT(run({"approvals", "rules", "list"}, folder_).out, "") << "nothing was agreed to";
  EXPECT_THAT(answered("a", "*a.txt*"), HasSubstr("write by agent " + agent +
                                                  " in every thread, with arguments like "
                                                  "*a.txt*\r\n"));
  chat_.type("y\r");
  chat_.read_until(prompt);
  EXPECT_THAT(run({"approvals", "rules", "list"}, folder_).out,
              HasSubstr("write  agent " + agent + "  everywhere  *a.txt*\n"));
  chat_.type(end_key);
  EXPECT_EQ(chat_.wait(), 0);
}

}  // namespace
}  // namespace colonnade::e2e
