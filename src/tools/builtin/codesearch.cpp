#include "tools/builtin/codesearch.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tools/builtin/code_ranking.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/workspace_tool.hpp"
#include "tools/limits.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

// Folders of what programs make or fetch. No search for code means them.
constexpr std::string_view passed_over[] = {".git", ".hg", ".svn", "node_modules", "__pycache__"};

bool is_passed_over(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return false;
    if (std::ranges::find(passed_over, path.substr(0, slash)) != std::end(passed_over)) return true;
    path.remove_prefix(slash + 1);
  }
}

struct Found {
  int score = 0;
  std::size_t order = 0;  // in which it was found
  std::string path{};
  std::string text{};  // its lines as they are shown
};

std::string shown(std::string_view text, const CodePlace& place) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t number = 0; number <= place.last && at < text.size(); ++number) {
    const std::string_view line = next_line(text, at);
    if (number < place.first) continue;
    const bool matches = std::ranges::binary_search(place.matches, number);
    out += matches ? "> " : "  ";
    out += std::to_string(number + 1) + ": " + shown_line(line, limits::grep_line_bytes_max) + "\n";
    if (out.size() > limits::codesearch_place_bytes_max) return out + "  …\n";
  }
  return out;
}

// The best places so far, of all files.
class CodeSearch {
 public:
  CodeSearch(const Workspace& workspace, CodeQuery query, std::size_t limit)
      : workspace_(workspace),
        query_(std::move(query)),
        limit_(limit),
        end_(std::chrono::steady_clock::now() + limits::codesearch_time_max) {}

  // False: enough.
  bool look_into(const Workspace::Entry& entry) {
    if (std::chrono::steady_clock::now() > end_) return false;
    const auto size = static_cast<std::size_t>(entry.status.st_size);
    if (size > limits::codesearch_file_bytes_max || is_passed_over(entry.path)) return true;
    read_bytes_ += size;
    if (read_bytes_ > limits::grep_read_bytes_max) return false;
    const auto file = workspace_.read_file(entry.path);
    if (!file || is_binary(*file)) return true;  // gone meanwhile, or nothing to show
    const int for_path = query_.path_score(lower_case(entry.path));
    for (const CodePlace& place :
         code_places(query_, *file, limits::codesearch_places_of_file_max)) {
      add(place.score + for_path, entry.path, *file, place);
    }
    return true;
  }

  std::string report() {
    std::ranges::sort(best_, better);
    std::string out;
    for (const Found& one : best_) {
      if (out.size() + one.text.size() > limits::codesearch_output_bytes_max) {
        return out + "[more was found; narrow the query or the path]\n";
      }
      out += one.path + "\n" + one.text + "\n";
    }
    return out;
  }

 private:
  static bool better(const Found& one, const Found& other) {
    return one.score != other.score ? one.score > other.score : one.order < other.order;
  }

  // What cannot be among the best is not even made into text.
  void add(int score, const std::string& path, std::string_view text, const CodePlace& place) {
    if (best_.size() == limit_) {
      // The heap has the worst in front.
      if (score <= best_.front().score) return;
      std::ranges::pop_heap(best_, better);
      best_.pop_back();
    }
    best_.push_back({.score = score, .order = ++found_, .path = path, .text = shown(text, place)});
    std::ranges::push_heap(best_, better);
  }

  const Workspace& workspace_;
  CodeQuery query_;
  std::size_t limit_;
  std::chrono::steady_clock::time_point end_;
  std::size_t read_bytes_ = 0;
  std::size_t found_ = 0;
  std::vector<Found> best_;
};

core::ToolOutcome codesearch(const Workspace& workspace, const base::Json& arguments,
                             std::stop_token stop) {
  CodeQuery query(arguments.at("query").get_ref<const std::string&>());
  if (query.empty()) return failed("'query' has no word in it; give some that the code has");
  CodeSearch search(workspace, std::move(query),
                    arguments.value("limit", limits::codesearch_places_default));
  const auto visit = [&search](const Workspace::Entry& entry) { return search.look_into(entry); };
  auto whole = workspace.each_file(arguments.value("path", std::string(".")), stop, visit);
  if (!whole) return failed(whole.error().message);
  std::string out = search.report();
  if (!*whole) out += "[not everything was looked at; narrow the path]\n";
  if (out.empty()) out = "[nothing found]\n";
  return {.content = std::move(out)};
}

}  // namespace

std::unique_ptr<Tool> codesearch_tool(base::Workers& workers) {
  core::ToolDefinition definition{
      .name = "codesearch",
      .description =
          "Finds the places of the workspace's text files that fit some words best, such as names "
          "from the code, with the lines around them. For an exact pattern use grep.",
      .input_schema = {
          {"type", "object"},
          {"properties",
           {{"query",
             {{"type", "string"}, {"minLength", 1}, {"maxLength", limits::pattern_bytes_max}}},
            {"path", {{"type", "string"}, {"description", "The folder to look in"}}},
            {"limit",
             {{"type", "integer"},
              {"minimum", 1},
              {"maximum", limits::codesearch_places_max},
              {"description", "Places at most; " +
                                  std::to_string(limits::codesearch_places_default) +
                                  " by default"}}}}},
          {"required", {"query"}},
          {"additionalProperties", false}}};
  return std::make_unique<WorkspaceTool>(workers, std::move(definition), Effect::reads,
                                         WorkspaceTool::Target::folder, &codesearch);
}

}  // namespace colonnade::tools
