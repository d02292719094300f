#include "core/memory/memory_imports.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/memory/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr std::string_view piece_blanks = " \t\r\n";

std::string_view trimmed_piece(std::string_view text) {
  const auto begin = text.find_first_not_of(piece_blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(piece_blanks) - begin + 1);
}

// The beginning of a text that is too long: whole lines if there is one, else whole characters.
std::string_view first_piece(std::string_view text) {
  std::string_view piece = base::cut_utf8(text, limits::memory_chunk_bytes);
  if (piece.empty()) piece = text.substr(0, limits::memory_chunk_bytes);
  const auto line_end = piece.find_last_of('\n');
  return line_end == std::string_view::npos || line_end == 0 ? piece : piece.substr(0, line_end);
}

// Up to the next empty line, which is taken off, too.
std::string_view take_paragraph(std::string_view& rest) {
  const auto gap = rest.find("\n\n");
  const std::string_view out = rest.substr(0, gap);
  rest.remove_prefix(gap == std::string_view::npos ? rest.size() : gap + 2);
  return out;
}

std::unexpected<base::Error> too_many_memories() {
  return fail(ErrorKind::too_large,
              "an import brings at most " + std::to_string(limits::import_memories_max) +
                  " memories (import_memories_max); divide it",
              "items");
}

bool is_markdown(std::string_view path) {
  return path.ends_with(".md") || path.ends_with(".markdown");
}

}  // namespace

std::vector<std::string> memory_chunks(std::string_view text) {
  std::vector<std::string> out;
  std::string open;
  const auto close = [&] {
    if (!open.empty()) out.push_back(std::exchange(open, {}));
  };
  std::string lines(text);
  std::erase(lines, '\r');
  std::string_view rest = lines;
  while (!rest.empty()) {
    std::string_view paragraph = trimmed_piece(take_paragraph(rest));
    if (paragraph.empty()) continue;
    if (!open.empty() && open.size() + 2 + paragraph.size() > limits::memory_chunk_bytes) close();
    while (paragraph.size() > limits::memory_chunk_bytes) {
      const std::string_view piece = first_piece(paragraph);
      if (const auto shown = trimmed_piece(piece); !shown.empty()) out.emplace_back(shown);
      paragraph.remove_prefix(piece.size());
    }
    paragraph = trimmed_piece(paragraph);
    if (paragraph.empty()) continue;
    if (!open.empty()) open += "\n\n";
    open += paragraph;
  }
  close();
  return out;
}

Task<Result<ImportedMemories>> MemoryImports::records(base::Lane* lane, MemoryCaller caller,
                                                      std::vector<NewMemory> records,
                                                      std::stop_token stop) {
  if (records.size() > limits::import_memories_max) co_return too_many_memories();
  MemoryImport input{.memories = std::move(records)};
  auto done = co_await memories_.import(lane, std::move(caller), std::move(input), std::move(stop));
  co_return done;
}

// A path that is no folder may be one file of the folder that it lies in.
Task<Result<FolderTexts>> MemoryImports::read(Principal who, Directory directory,
                                              bool markdown_only, std::stop_token stop) {
  FolderLook look{.files_max = limits::import_files_max,
                  .file_bytes_max = limits::import_file_bytes_max,
                  .bytes_max = limits::import_bytes_max};
  if (markdown_only) look.wanted = is_markdown;
  auto work = [this, scope = who.scope, directory = std::move(directory),
               look = std::move(look)](std::stop_token given_up) -> Result<FolderTexts> {
    Thread thread{.scope = scope, .directory = directory};
    auto texts = directories_.read_texts(thread, look, given_up);
    if (texts || texts.error().kind != ErrorKind::not_found) return texts;
    const std::filesystem::path path(directory.path);
    thread.directory.path = path.parent_path().string();
    auto one = directories_.read_file(thread, path.string());
    if (!one) return texts;
    FolderTexts out{.found = 1};
    const bool fits = one->size() <= look.file_bytes_max && is_plain_text(*one);
    if (fits) out.texts.push_back({.path = path.filename().string(), .text = std::move(*one)});
    return out;
  };
  base::Job bounds{.account = account_of(who),
                   .time_max = limits::import_read_time_max,
                   .stop = std::move(stop)};
  auto out = co_await workers_.run<FolderTexts>(std::move(bounds), std::move(work));
  if (!out) {
    out.error().field = "path";
    out.error().message.insert(0, "nothing was imported: ");
  }
  co_return out;
}

Task<Result<ImportedFolder>> MemoryImports::folder(base::Lane* lane, MemoryCaller caller,
                                                   FolderImport input, std::stop_token stop) {
  auto directory = directories_.kept(
      {.path = std::move(input.path), .by_operator = is_machines_operator(caller.who)});
  if (!directory) {
    directory.error().field = "path";
    co_return fail(std::move(directory.error()));
  }
  const std::string source = directory->path;
  auto read_texts = co_await read(caller.who, std::move(*directory), input.markdown_only, stop);
  if (!read_texts) co_return fail(std::move(read_texts.error()));
  ImportedFolder out{.files_found = read_texts->found, .files_read = read_texts->texts.size()};
  MemoryImport brought{.source = source, .remove_gone = input.remove_gone};
  for (const FolderText& one : read_texts->texts) {
    for (std::string& piece : memory_chunks(one.text)) {
      NewMemory memory = input.like;
      memory.text = std::move(piece);
      brought.memories.push_back(std::move(memory));
      brought.files.push_back(one.path);
    }
  }
  if (brought.memories.size() > limits::import_memories_max) {
    auto refused = too_many_memories();
    refused.error().field = "path";
    co_return refused;
  }
  auto done = co_await memories_.import(lane, std::move(caller), std::move(brought), stop);
  if (!done) co_return fail(std::move(done.error()));
  out.files_indexed = done->files;
  out.files_gone = done->files_gone;
  out.memories = std::move(*done);
  co_return out;
}

}  // namespace colonnade::core
