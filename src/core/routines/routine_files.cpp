#include "core/routines/routine_files.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stop_token>
#include <string_view>

#include "core/attachments/limits.hpp"

namespace colonnade::core {

using base::Result;
using base::Task;

namespace {

base::Job io_job(std::string account) {
  return {.account = std::move(account), .time_max = limits::attachment_io_time_max};
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 22> mime_types{{
    {".md", "text/markdown"},      {".markdown", "text/markdown"}, {".txt", "text/plain"},
    {".log", "text/plain"},        {".html", "text/html"},         {".htm", "text/html"},
    {".json", "application/json"}, {".csv", "text/csv"},           {".svg", "image/svg+xml"},
    {".png", "image/png"},         {".jpg", "image/jpeg"},         {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},         {".webp", "image/webp"},        {".pdf", "application/pdf"},
    {".zip", "application/zip"},   {".xml", "application/xml"},    {".yaml", "application/yaml"},
    {".yml", "application/yaml"},  {".py", "text/x-python"},       {".js", "text/javascript"},
    {".ts", "text/x-typescript"},
}};

}  // namespace

Task<Result<void>> RoutineFiles::keep(std::string account, std::string id, std::string bytes) {
  auto write = [files = &files_, id = std::move(id),
                bytes = std::move(bytes)](const std::stop_token& /*stop*/) -> Result<void> {
    return files->write(id, bytes);
  };
  base::Job job = io_job(std::move(account));
  auto written = co_await workers_.run<void>(std::move(job), std::move(write));
  co_return written;
}

Task<Result<std::string>> RoutineFiles::read(std::string account, std::string id) {
  auto read = [files = &files_,
               id = std::move(id)](const std::stop_token& /*stop*/) -> Result<std::string> {
    return files->read(id);
  };
  base::Job job = io_job(std::move(account));
  auto bytes = co_await workers_.run<std::string>(std::move(job), std::move(read));
  co_return bytes;
}

Task<Result<void>> RoutineFiles::remove(std::string account, std::string id) {
  auto remove = [files = &files_, id = std::move(id)](
                    const std::stop_token& /*stop*/) -> Result<void> { return files->remove(id); };
  base::Job job = io_job(std::move(account));
  auto removed = co_await workers_.run<void>(std::move(job), std::move(remove));
  co_return removed;
}

std::string mime_of(std::string_view path) {
  std::string lower(path);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [ending, mime] : mime_types) {
    if (lower.ends_with(ending)) return std::string(mime);
  }
  return "application/octet-stream";
}

}  // namespace colonnade::core
