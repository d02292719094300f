#include "dialects/tandem/file_parts.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/base64.hpp"
#include "core/access/account.hpp"
#include "core/attachments/limits.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

bool is_link(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

std::string name_of(const PromptPart& part) {
  if (!part.filename.empty()) return part.filename;
  if (part.url.starts_with("data:")) return "file";
  const auto slash = part.url.find_last_of('/');
  return slash == std::string::npos ? part.url : part.url.substr(slash + 1);
}

}  // namespace

// RFC 2397: data:[<mediatype>][;base64],<data>
std::optional<DataUrl> parse_data_url(std::string_view url) {
  constexpr std::string_view scheme = "data:";
  if (!url.starts_with(scheme)) return std::nullopt;
  url.remove_prefix(scheme.size());
  const auto comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view head = url.substr(0, comma);
  const std::string_view data = url.substr(comma + 1);
  constexpr std::string_view mark = ";base64";
  const bool encoded = head.ends_with(mark);
  if (encoded) head.remove_suffix(mark.size());
  auto bytes = encoded ? base::from_loose_base64(data) : net::percent_decode(data);
  if (!bytes) return std::nullopt;
  return DataUrl{.mime = std::string(head.substr(0, head.find(';'))), .bytes = std::move(*bytes)};
}

// "file:///srv/a%20b" and "/srv/a b" are the same path.
std::optional<std::string> path_of_url(std::string_view url) {
  constexpr std::string_view scheme = "file://";
  if (!url.starts_with(scheme)) return std::string(url);
  url.remove_prefix(scheme.size());
  if (url.starts_with("localhost/")) url.remove_prefix(std::string_view("localhost").size());
  if (!url.starts_with('/')) return std::nullopt;
  return net::percent_decode(url);
}

std::string file_text(std::string_view mime, std::string_view filename, std::string_view url) {
  const bool inlined = url.starts_with("data:");
  std::string out = "[file mime=";
  out.append(mime).append(" name=").append(filename).append(" url=");
  out.append(inlined ? std::string_view("data:") : url).push_back(']');
  return out;
}

base::Task<Result<std::vector<core::Part>>> FileParts::resolve(core::Principal who,
                                                               core::Thread thread,
                                                               std::vector<PromptPart> parts) {
  std::vector<core::Part> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    PromptPart& part = parts[i];
    if (!part.is_file) {
      out.emplace_back(core::TextPart{.text = std::move(part.text)});
      continue;
    }
    const std::string name = "parts[" + std::to_string(i) + "].url";
    const std::string shown = name_of(part);
    auto kept = co_await keep(who, thread, std::move(part));
    if (!kept) {
      kept.error().message = name + " (" + shown + "): " + kept.error().message;
      kept.error().field = name;
      co_return fail(std::move(kept.error()));
    }
    out.push_back(std::move(*kept));
  }
  co_return out;
}

base::Task<Result<core::Part>> FileParts::keep(core::Principal who, core::Thread thread,
                                               PromptPart part) {
  if (is_link(part.url)) {
    co_return core::FilePart{.mime = part.mime, .filename = name_of(part), .url = part.url};
  }
  if (part.url.starts_with(core::attachment_url_scheme)) {
    std::vector<std::string> ids{part.url.substr(core::attachment_url_scheme.size())};
    auto parts = co_await attachments_.parts(std::move(who), std::move(ids));
    if (!parts) co_return fail(std::move(parts.error()));
    co_return std::move(parts->front());
  }
  if (part.url.starts_with("data:")) {
    auto data = parse_data_url(part.url);
    if (!data) co_return fail(ErrorKind::invalid, "is no data: URL that can be read");
    if (part.mime.empty()) part.mime = std::move(data->mime);
    auto kept = co_await upload(std::move(who), std::move(part), std::move(data->bytes));
    co_return kept;
  }
  auto path = path_of_url(part.url);
  if (!path) co_return fail(ErrorKind::invalid, "is no file: URL of this machine");
  auto bytes = co_await read(who, std::move(thread), std::move(*path));
  if (!bytes) co_return fail(std::move(bytes.error()));
  auto kept = co_await upload(std::move(who), std::move(part), std::move(*bytes));
  co_return kept;
}

base::Task<Result<core::Part>> FileParts::upload(core::Principal who, PromptPart part,
                                                 std::string bytes) {
  core::NewAttachment input{
      .bytes = std::move(bytes), .declared_type = part.mime, .name = name_of(part)};
  const auto kept = co_await attachments_.upload(who, std::move(input));
  if (!kept) co_return fail(kept.error());
  std::vector<std::string> ids{kept->id};
  auto parts = co_await attachments_.parts(std::move(who), std::move(ids));
  if (!parts) co_return fail(std::move(parts.error()));
  co_return std::move(parts->front());
}

// In the session's own directory, else in one that the configuration opens to everybody.
base::Task<Result<std::string>> FileParts::read(core::Principal who, core::Thread thread,
                                                std::string path) {
  auto work = [this, thread = std::move(thread), path = std::move(path)](std::stop_token) mutable {
    auto bytes = directories_.read_file(thread, path);
    const std::filesystem::path absolute(path);
    if (bytes || !absolute.is_absolute()) return bytes;
    thread.directory = {.path = absolute.parent_path().string(), .by_operator = false};
    auto opened = directories_.read_file(thread, path);
    if (opened) return opened;
    return bytes;
  };
  base::Job bounds{.account = core::account_of(who), .time_max = limits::attachment_io_time_max};
  auto read = co_await workers_.run<std::string>(std::move(bounds), std::move(work));
  co_return read;
}

}  // namespace colonnade::dialects::tandem
