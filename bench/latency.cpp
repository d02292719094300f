#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "harness/nginx.hpp"
#include "harness/statistics.hpp"
#include "harness/stub_provider.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t block = 25;  // requests to one place before the next one's turn
constexpr std::size_t warm_up = 50;

double micros(SteadyClock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// One place that answers the same prompt.
struct Place {
  std::string name{};
  BlockingConnection connection;
  std::function<std::string()> next_request{};
  std::vector<double> samples{};  // of this round, microseconds

  double once() {
    const std::string request = next_request();
    const auto begin = SteadyClock::now();
    const auto response = connection.exchange(request);
    const double time = micros(SteadyClock::now() - begin);
    if (!response || response->status != 200) {
      throw std::runtime_error(name + " answered " +
                               (response ? response->body : std::string("nothing")));
    }
    return time;
  }
};

// What a sync of this disk costs: the store's own pattern, a few pages written in place and synced.
std::vector<double> sync_times(const std::string& folder, std::size_t count) {
  constexpr std::size_t page = 4096;
  constexpr std::size_t pages = 4;
  const std::string path = folder + "/sync.dat";
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const std::vector<char> bytes(page * pages, 'x');
  std::vector<double> out;
  for (std::size_t pass = 0; pass < 2; ++pass) {  // the first one makes the file
    for (std::size_t i = 0; i < count; ++i) {
      const auto begin = SteadyClock::now();
      if (::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(i * bytes.size())) <
              0 ||
          ::fdatasync(file.get()) != 0) {
        throw std::runtime_error("cannot write " + path);
      }
      if (pass == 1) out.push_back(micros(SteadyClock::now() - begin));
    }
  }
  ::unlink(path.c_str());
  return out;
}

std::function<std::string()> chat_requests(std::uint16_t port, const std::string& prompt) {
  return [text = request_text({.port = port}, "POST", "/v1/chat/completions",
                              chat_request_body(prompt))] { return text; };
}

// Each message is the first of its thread, so that no history is sent along.
std::function<std::string()> message_requests(const Target& target, const std::string& prompt,
                                              std::size_t count) {
  auto requests = std::make_shared<std::vector<std::string>>();
  for (std::size_t i = 0; i < count; ++i) {
    requests->push_back(request_text(target, "POST",
                                     "/api/v1/threads/" + make_thread(target) + "/messages",
                                     "{\"text\":\"" + prompt + "\"}"));
  }
  return [requests] {
    std::string out = std::move(requests->back());
    requests->pop_back();
    return out;
  };
}

enum : std::size_t { direct, proxy, normal, full, places };

struct Figures {  // medians over the rounds, microseconds
  std::array<double, places> p50{};
  std::array<double, places> p99{};
};

Figures measure(const Setup& setup, const std::string& prompt,
                const std::array<Target, places>& targets) {
  const std::size_t count = setup.quick ? 100 : 1000;
  std::array<std::vector<double>, places> p50;
  std::array<std::vector<double>, places> p99;
  for (int round = 0; round < setup.rounds; ++round) {
    std::vector<Place> all;
    constexpr std::array names{"stub", "nginx", "colonnade (normal)", "colonnade (full)"};
    for (std::size_t i = 0; i < places; ++i) {
      auto requests = i < normal ? chat_requests(targets[i].port, prompt)
                                 : message_requests(targets[i], prompt, count + warm_up);
      all.push_back({.name = names[i],
                     .connection = BlockingConnection(targets[i].port),
                     .next_request = std::move(requests)});
    }
    for (Place& place : all) {
      for (std::size_t i = 0; i < warm_up; ++i) place.once();
    }
    while (all.back().samples.size() < count) {
      for (Place& place : all) {
        for (std::size_t i = 0; i < block; ++i) place.samples.push_back(place.once());
      }
    }
    for (std::size_t i = 0; i < places; ++i) {
      p50[i].push_back(percentile(all[i].samples, 0.5));
      p99[i].push_back(percentile(all[i].samples, 0.99));
    }
  }
  Figures out;
  for (std::size_t i = 0; i < places; ++i) {
    out.p50[i] = median(p50[i]);
    out.p99[i] = median(p99[i]);
  }
  return out;
}

void add_rows(Section& section, const std::string& mode, const Figures& f) {
  constexpr std::array names{"stub, direct", "through nginx", "Colonnade, durability normal",
                             "Colonnade, durability full"};
  for (std::size_t i = 0; i < places; ++i) {
    section.rows.push_back({mode, names[i], number_text(f.p50[i]), number_text(f.p99[i]),
                            i == direct ? "" : number_text(f.p50[i] - f.p50[direct]),
                            i == direct ? "" : number_text(f.p99[i] - f.p99[direct])});
  }
}

}  // namespace

Section measure_latency(const Setup& setup) {
  const PortProgram stub(setup, "stub_provider");
  const std::string folder = setup.fresh_folder("latency");
  const Nginx nginx(folder + "-nginx", stub.port());
  ServerOptions options{.binary = setup.server,
                        .data_dir = folder + "-normal",
                        .durability = "normal",
                        .provider_port = stub.port()};
  Server lax(options);
  options.data_dir = folder + "-full";
  options.durability = "full";
  Server strict(options);
  const std::array<Target, places> targets{
      Target{.port = stub.port()}, Target{.port = nginx.port()}, lax.target(), strict.target()};

  const auto before = sync_times(setup.work, setup.quick ? 50 : 300);
  const Figures each = measure(setup, "tokens=32", targets);
  auto syncs = sync_times(setup.work, setup.quick ? 50 : 300);
  syncs.insert(syncs.end(), before.begin(), before.end());
  const Figures gathered = measure(setup, "tokens=32 gathered=1", targets);
  const double sync = median(syncs);

  Section out{.title = "Added latency"};
  const double added = each.p50[normal] - each.p50[direct];
  const double proxied = each.p50[proxy] - each.p50[direct];
  out.findings.push_back({"added latency of a message, p50, durability normal", "≤ 150 µs",
                          number_text(added) + " µs", "nginx adds " + number_text(proxied) + " µs",
                          verdict(added <= 150)});
  const double more = each.p50[full] - each.p50[normal];
  out.findings.push_back({"the same with durability full: more by", "≤ 2 syncs of this disk",
                          number_text(more) + " µs",
                          "2 × " + number_text(sync) + " µs = " + number_text(2 * sync) + " µs",
                          verdict(more <= 2 * sync)});
  const double proxied_p99 = each.p99[proxy] - each.p99[direct];
  const double added_p99 = each.p99[normal] - each.p99[direct];
  out.findings.push_back({"added latency, p99, durability normal", "≤ 2 × nginx's",
                          number_text(added_p99) + " µs", "2 × " + number_text(proxied_p99) + " µs",
                          verdict(added_p99 <= 2 * proxied_p99)});
  out.how =
      "One client, one connection, one request after the other; 32 tokens from the stub provider. "
      "Direct and through nginx: a streamed chat completion, read to its end. Colonnade: `POST "
      "…/messages`, the first of a fresh thread, read to its end. The four take turns in blocks "
      "of " +
      std::to_string(block) + ", " + std::to_string(setup.quick ? 100 : 1000) +
      " requests a round, " + std::to_string(setup.rounds) +
      " rounds; medians of the rounds' percentiles, microseconds. The bars are judged with a write "
      "for each token. A sync of this disk (16 KiB in place, fdatasync): p50 " +
      number_text(sync) + " µs, p99 " + number_text(percentile(syncs, 0.99)) + " µs.";
  out.header = {"stub writes", "way", "p50", "p99", "added p50", "added p99"};
  add_rows(out, "each token", each);
  add_rows(out, "all at once", gathered);
  return out;
}

}  // namespace colonnade::bench
