#include "app/audit_trail.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/running_server.hpp"
#include "app/wiring_store.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "colonnade/transport.hpp"
#include "core/access/operators.hpp"
#include "core/governance/audit_lines.hpp"
#include "core/governance/audit_reader.hpp"
#include "dialects/operator/limits.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::app {
namespace {

using base::fail;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

class StoreTrail final : public AuditTrail {
 public:
  explicit StoreTrail(std::unique_ptr<storage::Store> store)
      : lanes_(1), store_(std::move(store)), reader_(store_->stores().audit) {}

  base::Result<Page> page(std::int64_t after) override {
    const core::AuditPageRequest request{.after = after,
                                         .records_max = limits::audit_page_records_max,
                                         .bytes_max = limits::audit_page_bytes_max};
    const auto page = base::run_on(lanes_[0], reader_.page(core::system_operator(), request));
    if (!page) return fail(page.error());
    Page out{.newest = page->newest};
    for (const core::AuditRecord& record : page->records) {
      out.lines.push_back(core::audit_line(record));
    }
    return out;
  }

 private:
  base::Lanes lanes_;
  std::unique_ptr<storage::Store> store_;
  core::AuditReader reader_;
};

class ServerTrail final : public AuditTrail {
 public:
  explicit ServerTrail(Remote remote) : remote_(std::move(remote)) {
    while (remote_.base_url.ends_with('/')) remote_.base_url.pop_back();
    transport_ = make_http_transport(remote_.options().http);
  }

  base::Result<Page> page(std::int64_t after) override {
    if (remote_.token.empty()) {
      return refused({.kind = ErrorKind::credentials_missing, .message = "there is no token"});
    }
    auto reply = get("/api/v1/operator/audit?after=" + std::to_string(after));
    if (!reply) return refused(std::move(reply.error()));
    if (reply->status != 200) {
      return refused({.kind = reply->status == 401 ? ErrorKind::unauthorized : ErrorKind::http,
                      .message = "HTTP " + std::to_string(reply->status),
                      .status = reply->status,
                      .body = std::move(reply->body)});
    }
    const std::string text(header(*reply, dialects::operators::audit_newest_header));
    Page out{.lines = lines_of(reply->body)};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.newest);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return fail(base::ErrorKind::upstream, remote_.base_url +
                                                 " answers, but not with an audit "
                                                 "trail; is it a Colonnade server?");
    }
    return out;
  }

 private:
  colonnade::Result<TransportReply> get(const std::string& path) {
    const Timeouts timeouts;
    TransportRequest request{.method = "GET",
                             .url = remote_.base_url + path,
                             .headers = {{"Authorization", "Bearer " + remote_.token}},
                             .connect_timeout = timeouts.connect,
                             .read_timeout = timeouts.read};
    std::optional<colonnade::Result<TransportReply>> out;
    transport_->call(std::move(request), Calling::blocking,
                     [&out](colonnade::Result<TransportReply> reply) { out = std::move(reply); });
    return *std::move(out);
  }

  static std::string_view header(const TransportReply& reply, std::string_view name) {
    for (const Header& one : reply.headers) {
      if (net::same_ignoring_case(one.name, name)) return one.value;
    }
    return {};
  }

  std::unexpected<base::Error> refused(Failure failure) const {
    return fail(base::ErrorKind::upstream,
                explain(colonnade::Error(std::move(failure)), remote_.base_url));
  }

  Remote remote_;
  std::shared_ptr<Transport> transport_;
};

// The number of the record on a line of a page; whatever else is odd about it is for whoever reads
// the trail to say.
base::Result<std::int64_t> seq_of(const std::string& line) {
  const auto json = base::parse_json(line, "the line");
  if (json && json->is_object()) {
    const auto seq = json->find("seq");
    if (seq != json->end() && seq->is_number_integer()) return seq->get<std::int64_t>();
  }
  return fail(base::ErrorKind::upstream, "the answer is not an audit trail: a line has no seq");
}

}  // namespace

base::Result<std::unique_ptr<AuditTrail>> open_audit_trail(const Context& context,
                                                           const RemoteOptions& options,
                                                           const Config& config) {
  const Settings& settings = config.settings;
  const bool is_named = !options.url.empty() || context.environment.get("FATHOM_BASE_URL");
  if (is_named || find_running_server(settings.data_dir)) {
    auto remote = find_remote(options, config, context.environment);
    if (!remote) return fail(remote.error());
    if (remote->ca_file.empty() && !is_named) remote->ca_file = settings.tls.certificate_file;
    return std::make_unique<ServerTrail>(*std::move(remote));
  }
  if (const auto there = check_store_exists(settings); !there) return fail(there.error());
  auto store = open_store(settings, OlderSchema::refuse);
  if (!store) return fail(store.error());
  return std::make_unique<StoreTrail>(*std::move(store));
}

base::Result<void> read_audit(AuditTrail& trail, std::int64_t after,
                              const std::function<bool(const std::string&)>& take) {
  std::optional<std::int64_t> last;
  while (!last || after < *last) {
    const auto page = trail.page(after);
    if (!page) return fail(page.error());
    if (!last) last = page->newest;
    if (page->lines.empty()) return {};
    for (const std::string& line : page->lines) {
      const auto seq = seq_of(line);
      if (!seq) return fail(seq.error());
      if (*seq <= after) {
        return fail(base::ErrorKind::upstream, "the answer is not an audit trail: record " +
                                                   std::to_string(*seq) + " comes after record " +
                                                   std::to_string(after));
      }
      if (*seq > *last) return {};
      after = *seq;
      if (!take(line)) return {};
    }
  }
  return {};
}

}  // namespace colonnade::app
