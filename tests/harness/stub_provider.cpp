#include "harness/stub_provider.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace colonnade::bench {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::string_view piece_text = "token ";

std::uint64_t word(std::string_view text, std::string_view name, std::uint64_t otherwise) {
  const std::size_t at = text.rfind(name);
  if (at == std::string_view::npos) return otherwise;
  const char* begin = text.data() + at + name.size();
  std::uint64_t out = otherwise;
  std::from_chars(begin, text.data() + text.size(), out);
  return out;
}

std::string chunk(std::string_view data) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16).ptr;
  std::string out(size.data(), end);
  return out.append("\r\n").append(data).append("\r\n");
}

std::string event(std::string_view name, std::string_view json) {
  std::string out;
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  return out.append("data: ").append(json).append("\n\n");
}

// What an answer costs, in tokens.
struct Billed {
  std::uint64_t input = 0;
  std::uint64_t output = 0;
};

// What one wire says before, for and after the pieces.
struct Wire {
  std::string (*begin)(const Billed& billed);
  std::string (*text)(std::string_view piece);
  std::string (*tool)(std::string_view name, std::string_view arguments);
  std::string (*end)(bool asks_tool, const Billed& billed);
};

std::string completion_chunk(std::string_view delta, std::string_view finish) {
  std::string json = R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,)"
                     R"("model":"stub","choices":[{"index":0,"delta":)";
  json.append(delta).append(R"(,"finish_reason":)").append(finish).append("}]}");
  return event("", json);
}

constexpr Wire chat_completions{
    .begin =
        [](const Billed&) {
          return completion_chunk(R"({"role":"assistant","content":""})", "null");
        },
    .text =
        [](std::string_view piece) {
          return completion_chunk(R"({"content":")" + std::string(piece) + "\"}", "null");
        },
    .tool =
        [](std::string_view name, std::string_view arguments) {
          return completion_chunk(
              R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":")" +
                  std::string(name) + R"(","arguments":")" + std::string(arguments) + "\"}}]}",
              "null");
        },
    .end =
        [](bool asks_tool, const Billed& billed) {
          return completion_chunk("{}", asks_tool ? "\"tool_calls\"" : "\"stop\"") +
                 event("", R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,)"
                           R"("model":"stub","choices":[],"usage":{"prompt_tokens":)" +
                               std::to_string(billed.input) + R"(,"completion_tokens":)" +
                               std::to_string(billed.output) + R"(,"total_tokens":)" +
                               std::to_string(billed.input + billed.output) + "}}") +
                 event("", "[DONE]");
        },
};

std::string block_delta(std::string_view delta) {
  return event("content_block_delta",
               R"({"type":"content_block_delta","index":0,"delta":)" + std::string(delta) + "}");
}

constexpr Wire anthropic{
    .begin =
        [](const Billed& billed) {
          return event("message_start",
                       R"({"type":"message_start","message":{"id":"msg_1","type":"message",)"
                       R"("role":"assistant","model":"stub","content":[],"stop_reason":null,)"
                       R"("stop_sequence":null,"usage":{"input_tokens":)" +
                           std::to_string(billed.input) + R"(,"output_tokens":1}}})");
        },
    .text =
        [](std::string_view piece) {
          return block_delta(R"({"type":"text_delta","text":")" + std::string(piece) + "\"}");
        },
    .tool =
        [](std::string_view name, std::string_view arguments) {
          return event("content_block_start",
                       R"({"type":"content_block_start","index":0,"content_block":{)"
                       R"("type":"tool_use","id":"toolu_1","name":")" +
                           std::string(name) + R"(","input":{}}})") +
                 block_delta(R"({"type":"input_json_delta","partial_json":")" +
                             std::string(arguments) + "\"}");
        },
    .end =
        [](bool asks_tool, const Billed& billed) {
          return event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
                 event("message_delta",
                       std::string(R"({"type":"message_delta","delta":{"stop_reason":")") +
                           (asks_tool ? "tool_use" : "end_turn") +
                           R"(","stop_sequence":null},"usage":{"output_tokens":)" +
                           std::to_string(billed.output) + "}}") +
                 event("message_stop", R"({"type":"message_stop"})");
        },
};

std::string text_block_start() {
  return event("content_block_start",
               R"({"type":"content_block_start","index":0,"content_block":{"type":"text",)"
               R"("text":""}})");
}

constexpr std::string_view stream_headers =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    "Cache-Control: no-cache\r\n\r\n";

}  // namespace

struct StubProvider::Call {
  std::uint64_t number = 0;
  const Wire* wire = nullptr;
  std::uint64_t pieces = 0;
  std::uint64_t sent = 0;
  std::chrono::microseconds pace{};
  bool gathered = false;
  bool held = false;
  bool asks_tool = false;
  std::string tool{};
  std::uint64_t billed_input = 10;
  std::optional<std::uint64_t> billed_output{};  // none: the pieces
};

struct StubProvider::Client {
  std::uint64_t id = 0;
  Descriptor socket{};
  std::string received{};
  std::string unsent{};
  Call call{};
  bool busy = false;
};

StubProvider::StubProvider(Loop& loop)
    : loop_(loop), listener_(listen_on_loopback()), port_(port_of(listener_)) {
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

StubProvider::~StubProvider() {
  for (auto& [id, client] : clients_) loop_.forget(client->socket.get());
  loop_.forget(listener_.get());
}

void StubProvider::accept() {
  while (true) {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const int one = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::uint64_t id = next_id_++;
    loop_.watch(socket.get(), EPOLLIN, [this, id](std::uint32_t events) { on_ready(id, events); });
    clients_[id] = std::make_unique<Client>(Client{.id = id, .socket = std::move(socket)});
  }
}

void StubProvider::on_ready(std::uint64_t id, std::uint32_t events) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  if ((events & EPOLLOUT) != 0) write(client, {});
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  static std::array<char, read_bytes> buffer;
  const ssize_t size = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return drop(id);
  client.received.append(buffer.data(), static_cast<std::size_t>(size));
  take_requests(client);
}

void StubProvider::take_requests(Client& client) {
  while (!client.busy) {
    const std::size_t end = client.received.find("\r\n\r\n");
    if (end == std::string::npos) return;
    std::string head = client.received.substr(0, end + 2);
    for (char& c : head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const std::size_t length = word(head, "\r\ncontent-length: ", 0);
    if (client.received.size() < end + 4 + length) return;
    const std::string request = client.received.substr(0, end + 4 + length);
    client.received.erase(0, request.size());
    answer(client, std::string_view(request).substr(0, request.find("\r\n")),
           std::string_view(request).substr(end + 4));
  }
}

void StubProvider::answer(Client& client, std::string_view target, std::string_view body) {
  const bool is_chat = target.contains("/chat/completions");
  if (!is_chat && !target.contains("/messages")) {
    write(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  // A tool's result is the newest entry: as a role of its own, or as a part of a user's message.
  const auto newest = [&](std::string_view text) {
    const std::size_t at = body.rfind(text);
    return at == std::string_view::npos ? 0 : at + 1;
  };
  const bool tool_answered =
      is_chat ? newest(R"("role":"tool")") > newest(R"("role":"user")")
              : newest(R"("type":"tool_result")") > newest(R"("type":"tool_use")");
  Call call{.number = ++calls_, .wire = is_chat ? &chat_completions : &anthropic};
  call.pieces = word(body, "tokens=", 32);
  call.pace = std::chrono::microseconds(word(body, "pace_us=", 0));
  call.gathered = word(body, "gathered=", 0) != 0;
  call.held = word(body, "held=", 0) != 0;
  if (body.contains("billed_")) {
    call.billed_input = word(body, "billed_input=", call.billed_input);
    if (body.contains("billed_output=")) call.billed_output = word(body, "billed_output=", 0);
  }
  const std::size_t tool = body.rfind("tool=");
  // Only the newest message counts: an older one's word stands before a newer "tokens=".
  if (tool != std::string_view::npos && body.find("tokens=", tool) != std::string_view::npos &&
      body.find("tokens=", tool) == body.rfind("tokens=") && !tool_answered) {
    call.asks_tool = true;
    const std::size_t begin = tool + 5;
    call.tool = body.substr(begin, body.find_first_of(" \"\\", begin) - begin);
  }
  begin(client, std::move(call));
}

void StubProvider::begin(Client& client, Call call) {
  client.call = std::move(call);
  client.busy = true;
  const Call& now = client.call;
  std::string first(stream_headers);
  std::string opening = now.wire->begin({.input = now.billed_input});
  if (now.asks_tool) {
    opening +=
        now.wire->tool(now.tool, R"({\"expression\":\")" + std::to_string(now.number) + R"(+1\"})");
    opening += end_of(now, 1);
    write(client, first + chunk(opening) + "0\r\n\r\n");
    client.busy = false;
    return;
  }
  if (now.wire == &anthropic) opening += text_block_start();
  first += chunk(opening);
  if (now.held) {
    write(client, first);
    if (on_held) on_held(client.id);
    return;
  }
  if (now.gathered) {
    for (std::uint64_t i = 0; i < now.pieces; ++i) first += chunk(now.wire->text(piece_text));
    write(client, first + chunk(end_of(now, now.pieces)) + "0\r\n\r\n");
    client.busy = false;
    return;
  }
  write(client, first);
  if (now.pace.count() > 0) return pace(client.id, now.number);
  const std::string piece = chunk(now.wire->text(piece_text));
  for (std::uint64_t i = 0; i < now.pieces; ++i) write(client, piece);
  write(client, chunk(end_of(now, now.pieces)) + "0\r\n\r\n");
  client.busy = false;
}

// The end of an answer is its bill.
std::string StubProvider::end_of(const Call& call, std::uint64_t pieces) {
  const Billed billed{.input = call.billed_input, .output = call.billed_output.value_or(pieces)};
  if (on_billed) on_billed(billed.input + billed.output);
  return call.wire->end(call.asks_tool, billed);
}

void StubProvider::pace(std::uint64_t id, std::uint64_t call) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second->call.number != call) return;
  Client& client = *found->second;
  if (client.call.sent == client.call.pieces) return finish(id);
  ++client.call.sent;
  write(client, chunk(client.call.wire->text(piece_text)));
  loop_.at(SteadyClock::now() + client.call.pace, [this, id, call] { pace(id, call); });
}

void StubProvider::emit(std::uint64_t id, std::string_view text) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  ++found->second->call.sent;
  write(*found->second, chunk(found->second->call.wire->text(text)));
}

void StubProvider::finish(std::uint64_t id) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  write(client, chunk(end_of(client.call, client.call.sent)) + "0\r\n\r\n");
  client.busy = false;
  take_requests(client);
}

void StubProvider::write(Client& client, std::string_view bytes) {
  const bool waited = !client.unsent.empty();
  if (waited) {
    client.unsent.append(bytes);
    bytes = client.unsent;
  }
  ssize_t sent = ::send(client.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) sent = 0;  // full, or broken: then a read says so
  const auto done = static_cast<std::size_t>(sent);
  if (waited) {
    client.unsent.erase(0, done);
  } else {
    client.unsent.assign(bytes.substr(done));
  }
  if (waited != !client.unsent.empty()) {
    loop_.change(client.socket.get(), waited ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }
}

void StubProvider::drop(std::uint64_t id) {
  const auto found = clients_.find(id);
  const bool was_held = found->second->busy && found->second->call.held;
  loop_.forget(found->second->socket.get());
  clients_.erase(found);
  if (was_held && on_left) on_left(id);
}

std::string chat_request_body(std::string_view prompt) {
  std::string out = R"({"messages":[{"content":"You are a helpful assistant.","role":"system"},)"
                    R"({"content":")";
  out.append(prompt).append(R"(","role":"user"}],"model":"stub","stream":true,)");
  return out.append(R"("stream_options":{"include_usage":true}})");
}

}  // namespace colonnade::bench
