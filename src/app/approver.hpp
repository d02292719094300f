// The gate's questions, asked and answered on a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.hpp"
#include "app/remote.hpp"
#include "colonnade/faramesh.hpp"

namespace colonnade::app {

class Approver {
 public:
  Approver(const Context& context, faramesh::Client client)
      : context_(context), client_(std::move(client)) {}

  const faramesh::Client& client() const { return client_; }

  // What waits for an answer, oldest first; "" for every thread's.
  std::vector<faramesh::Action> pending(std::string_view thread_id = {}) const;

  // Shows the question and reads an answer, which is given. False when the input ended, or the
  // question was put off: then nobody answered. Throws what the SDK throws.
  bool ask(const faramesh::Action& action) const;

 private:
  std::optional<std::string> read_line(const std::string& prompt) const;
  bool ask_user(const faramesh::Action& action) const;
  bool ask_permission(const faramesh::Action& action) const;
  bool edit(const faramesh::Action& action) const;
  bool settle(const faramesh::Action& action, bool approve, faramesh::Approval verdict) const;

  const Context& context_;
  faramesh::Client client_;
};

// The same places and token as the Fathom client of a command has.
faramesh::Client governance_client(const Remote& remote);

// Whether the agent asks its user something, rather than for leave to do something.
bool is_question(const faramesh::Action& action);

// Several lines for people: what is asked, with which arguments, why, in which thread.
std::string describe(const Terminal& terminal, const faramesh::Action& action);

// The arguments with the human's answer in them, for the tool `question`.
Json answered_params(const faramesh::Action& action, std::string_view answer);

}  // namespace colonnade::app
