#include "providers/upstream/citations.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "base/utf8.hpp"
#include "core/models/limits.hpp"

namespace colonnade::providers::upstream {
namespace {

std::string_view first_text(const base::Json& object, const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_string()) return found->get_ref<const std::string&>();
  }
  return {};
}

// Clients make links of it.
bool is_web_address(std::string_view url) {
  return url.size() <= limits::citation_url_bytes_max &&
         (url.starts_with("https://") || url.starts_with("http://"));
}

}  // namespace

void add_citations(const base::Json& list, const CitationMembers& members,
                   std::vector<core::Citation>& out) {
  if (!list.is_array()) return;
  for (const base::Json& one : list) {
    if (out.size() >= limits::citations_per_reply_max) return;
    if (!one.is_object()) continue;
    core::Citation made{.title = std::string(base::cut_utf8(first_text(one, members.title),
                                                            limits::citation_title_bytes_max)),
                        .text = std::string(base::cut_utf8(first_text(one, members.text),
                                                           limits::citation_text_bytes_max))};
    const std::string_view url = first_text(one, members.url);
    if (is_web_address(url)) made.url = url;
    if (!made.url.empty() || !made.title.empty()) out.push_back(std::move(made));
  }
}

}  // namespace colonnade::providers::upstream
