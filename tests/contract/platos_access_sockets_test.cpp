// Who sees what on Platos' sockets: every event that a client may send, sent by everybody of
// platos_tenants.hpp, and what they hear. An event without a row fails.
#include <gtest/gtest.h>
#include <thread>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "dialects/platos/turn_socket.hpp"
#include "platos_socket.hpp"
#include "platos_tenants.hpp"

namespace colonnade::tests {
namespace {

using base::Json;
using Caller = PlatosCaller;
using Things = PlatosThings;

// What a client may send on its socket. All of them are about a thread or an approval: the owner
// and the operator of the scope are served, for the others there is none.
struct EventRow {
  std::string payload;       // with {names} of things
  std::string served_by;     // the event that answers whoever is served; "" for none
  std::string refused_by{};  // and the others; "" for none
};

const std::map<std::string, EventRow>& event_table() {
  static const std::string of_thread = R"({"threadId":"{thread}"})";
  static const std::map<std::string, EventRow> rows = {
      {"message", {R"({"threadId":"{thread}","message":"/say hi"})", "agent_event", "agent_event"}},
      {"resume_stream", {of_thread, "agent_event", "agent_event"}},
      {"stop", {of_thread, "agent_event", "agent_event"}},
      {"approval_response",
       {R"({"approvalId":"{action}","approved":false})", "approval_ack",
        "approval_response_error"}},
      {"join_thread", {of_thread, "joined_thread", "error"}},
      {"leave_thread", {of_thread, "", ""}},
      {"thread.rename", {R"({"threadId":"{thread}","title":"new"})", "thread_event", "error"}},
  };
  return rows;
}

class PlatosAccessSockets : public PlatosTenants {
 protected:
  PlatosSocket join(const Caller& who) {
    net::Headers headers = who.headers;
    if (!who.bearer.empty()) headers.push_back({"Authorization", "Bearer " + who.bearer});
    PlatosSocket out(server_.port(), headers);
    out.event("connected");
    return out;
  }
  // The first event of that name after this one was sent.
  static Json answer_to(PlatosSocket& socket, const std::string& name, const EventRow& row,
                        const Things& things, const std::string& answered_by) {
    socket.emit(name, Json::parse(filled_row(row.payload, things)));
    Json answer = socket.event(answered_by);
    // A turn that was refused is over; one that was served is read to its end by nobody.
    if (answered_by == "agent_event" && answer["type"] == "error") socket.until("done");
    return answer;
  }
};

TEST_F(PlatosAccessSockets, EveryEventOfASocketHasARow) {
  std::set<std::string> rows;
  for (const auto& [name, row] : event_table()) rows.insert(name);
  std::set<std::string> events;
  for (const std::string_view name : dialects::platos::socket_event_names()) {
    events.insert(std::string(name));
  }
  for (const std::string& name : events) {
    EXPECT_TRUE(rows.contains(name)) << name << ": say in the table above who may send it";
  }
  for (const std::string& name : rows) EXPECT_TRUE(events.contains(name)) << name << " is none";
}

TEST_F(PlatosAccessSockets, NoEventReachesWhatIsNotTheirs) {
  for (const auto& [name, row] : event_table()) {
    SCOPED_TRACE(name);
    const Things things = things_of_ann();
    const Caller guest = guest_of(things);
    for (const Caller* who : {&bob_, &eve_, &rest_, &eva_, &ray_, &guest}) {
      if (row.refused_by.empty()) continue;
      PlatosSocket socket = join(*who);
      const Json theirs = answer_to(socket, name, row, things, row.refused_by);
      const Json nobodys = answer_to(socket, name, row, nothing_like(things), row.refused_by);
      EXPECT_EQ(theirs.dump().size(), nobodys.dump().size())
          << who->name << " can tell it from what is not there: " << theirs << nobodys;
      if (row.refused_by == "agent_event") EXPECT_EQ(theirs["code"], "thread_not_found") << theirs;
      for (const std::string& packet : socket.packets()) {
        EXPECT_EQ(packet.find(platos_mark), std::string::npos) << who->name << ": " << packet;
      }
    }
    for (const Caller* who : {&ann_, &root_}) {
      if (row.served_by.empty()) continue;
      PlatosSocket socket = join(*who);
      const Json answer = answer_to(socket, name, row, things_of_ann(), row.served_by);
      EXPECT_NE(answer.value("code", ""), "thread_not_found") << who->name << answer;
    }
  }
}

// Of what happens in a thread, whoever is not in its scope or is another user hears nothing; and
// nobody makes its owner hear no more of it.
TEST_F(PlatosAccessSockets, NobodyElseHearsOfAThread) {
  const Things things = things_of_ann();
  const Caller guest = guest_of(things);
  PlatosSocket owner = join(ann_);
  owner.emit("join_thread", {{"threadId", things.at("thread")}});
  owner.event("joined_thread");
  std::vector<PlatosSocket> others;
  for (const Caller* who : {&bob_, &eve_, &rest_, &eva_, &ray_, &guest}) {
    others.push_back(join(*who));
    others.back().emit("join_thread", {{"threadId", things.at("thread")}});
    others.back().event("error");
    others.back().emit("leave_thread", {{"threadId", things.at("thread")}});
  }
  PlatosSocket speaking = join(root_);
  speaking.emit("message", {{"threadId", things.at("thread")},
                            {"message", R"(/tool shell {"command":"echo zebra"})"}});
  const Json question = owner.until("approval_needed").back();
  owner.emit("approval_response", {{"approvalId", question["approvalId"]}, {"approved", true}});
  owner.until("approval_resolved");
  speaking.until("done");
  owner.emit("thread.rename", {{"threadId", things.at("thread")}, {"title", "zebra new"}});
  EXPECT_EQ(owner.event("thread_event")["title"], "zebra new");
  for (PlatosSocket& other : others) {
    // What comes next is the answer to what it asks now.
    other.emit("stop", {{"threadId", "none"}});
    EXPECT_EQ(other.until("done").front()["code"], "thread_not_found");
    for (const std::string& packet : other.packets()) {
      EXPECT_EQ(packet.find(platos_mark), std::string::npos) << packet;
    }
  }
}

// Whatever was tried, and wherever it is judged: by a route's guard, at a join, in a handler.
TEST_F(PlatosAccessSockets, ABadCredentialIsInTheAuditTrail) {
  using Failures = std::map<std::string, int>;  // by means
  const auto failures = [this] {
    Failures out;
    std::istringstream lines(server_.get("/api/v1/operator/audit?after=0&sign=1").body);
    for (std::string line; std::getline(lines, line);) {
      const Json record = Json::parse(Json::parse(line).value("text", "{}"));
      if (record.value("kind", "") == "login.failed") ++out[record["details"]["means"]];
    }
    return out;
  };
  EXPECT_EQ(ask({"nobody"}, "GET", threads_path).status, 401);
  EXPECT_TRUE(failures().empty()) << "no credential is no login";
  const Caller forged = with_token("forged", claims("ann"), other_tenants_secret);
  EXPECT_EQ(ask(forged, "GET", threads_path).status, 401);
  while (failures() != Failures{{"token", 1}}) std::this_thread::yield();
  PlatosSocket by_header(server_.port(), forged.headers);
  by_header.until("done");
  while (failures() != Failures{{"token", 2}}) std::this_thread::yield();
  PlatosSocket by_join(server_.port(), {}, R"(40/agent,{"token":"guessed"})");
  by_join.until("done");
  while (failures() != Failures{{"token", 3}}) std::this_thread::yield();
  const std::string mint = "/api/v1/entities/ent-1/session-tokens";
  EXPECT_EQ(ask({"a guess", "guessed"}, "POST", mint, claims("ann").dump()).status, 401);
  while (failures() != Failures{{"service_secret", 1}, {"token", 3}}) std::this_thread::yield();
}

// A tenant's secret signs no token of another's, though their entities are named alike.
TEST_F(PlatosAccessSockets, ATenantsSecretIsNoOthers) {
  const Caller forged = with_token("forged", claims("ann"), other_tenants_secret);
  const Caller back = with_token("forged", claims("ann", "main", "other"), secret);
  for (const Caller* who : {&forged, &back}) {
    EXPECT_EQ(ask(*who, "GET", threads_path).status, 401);
    PlatosSocket socket(server_.port(), who->headers);
    EXPECT_EQ(socket.until("done").front()["code"], "unauthorized");
  }
  EXPECT_EQ(ask(eva_, "GET", threads_path).status, 200);
}

}  // namespace
}  // namespace colonnade::tests
