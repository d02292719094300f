#include "core/agents/prompt_template.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace colonnade::core {

using base::Json;

namespace {

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == '.'; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The name inside a placeholder; "" when that is none.
std::string_view name_inside(std::string_view inside) {
  while (!inside.empty() && is_blank(inside.front())) inside.remove_prefix(1);
  while (!inside.empty() && is_blank(inside.back())) inside.remove_suffix(1);
  const bool is_name =
      !inside.empty() && begins_name(inside.front()) && std::ranges::all_of(inside, continues_name);
  return is_name ? inside : std::string_view();
}

const Json* element(const Json& array, std::string_view segment) {
  std::size_t at = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), at);
  const bool whole = error == std::errc() && end == segment.data() + segment.size();
  return whole && at < array.size() ? &array[at] : nullptr;
}

const Json* member(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const Json* find(const Json& context, std::string_view name) {
  if (!context.is_object()) return nullptr;
  if (const Json* flat = member(context, name)) return flat;
  const Json* at = &context;
  while (at != nullptr) {
    const auto dot = name.find('.');
    const std::string_view segment = name.substr(0, dot);
    at = at->is_object() ? member(*at, segment) : at->is_array() ? element(*at, segment) : nullptr;
    if (dot == std::string_view::npos) return at;
    name.remove_prefix(dot + 1);
  }
  return nullptr;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return {};
  return base::to_text(value);
}

// The places of the blocks, by their order; those without one behind, as they came.
template <class Block>
std::vector<std::size_t> by_order(const std::vector<Block>& blocks) {
  std::vector<std::pair<int, std::size_t>> ordered;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ordered.emplace_back(blocks[i].order.value_or(std::numeric_limits<int>::max()), i);
  }
  std::ranges::sort(ordered);
  std::vector<std::size_t> out;
  for (const auto& [order, place] : ordered) out.push_back(place);
  return out;
}

bool is_asked_for(const std::optional<std::vector<std::string>>& only, std::string_view name) {
  return !only || only->empty() || std::ranges::find(*only, name) != only->end();
}

}  // namespace

std::string render_template(std::string_view text, const Json& context,
                            const std::optional<std::vector<std::string>>& only) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find(opening);
    out.append(text.substr(0, open));
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    // The innermost braces count: "{{{{a}}" holds a placeholder behind two others.
    const auto close = text.find(closing, opening.size());
    const auto next = text.find('{', opening.size());
    const bool complete = close != std::string_view::npos && (next > close);
    const std::string_view name =
        complete ? name_inside(text.substr(opening.size(), close - opening.size()))
                 : std::string_view();
    const Json* value = !name.empty() && is_asked_for(only, name) ? find(context, name) : nullptr;
    if (value != nullptr) {
      out += text_of(*value);
      text.remove_prefix(close + closing.size());
    } else {
      out.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string prompt_text(const std::vector<PromptBlock>& blocks) {
  std::string out;
  for (const std::size_t place : by_order(blocks)) {
    const PromptBlock& block = blocks[place];
    const bool shown = block.enabled && block.type != datetime_block &&
                       block.type != retrieval_block &&
                       !std::ranges::all_of(block.content, is_blank);
    if (!shown) continue;
    if (!out.empty()) out += "\n\n";
    if (block.type != identity_block && !block.name.empty()) out += "## " + block.name + "\n\n";
    out += block.content;
  }
  return out;
}

std::vector<DynamicBlock> time_sections(const std::vector<PromptBlock>& blocks, base::Time now) {
  constexpr std::size_t date_length = 10;  // of 2026-05-12T09:00:00…
  constexpr std::size_t clock_length = 8;
  const std::string time = base::to_rfc3339(now);
  std::vector<DynamicBlock> out;
  for (const PromptBlock& block : blocks) {
    if (!block.enabled || block.type != datetime_block) continue;
    out.push_back({.name = block.name.empty() ? "Current date and time" : block.name,
                   .default_content =
                       "Current date: " + time.substr(0, date_length) +
                       ". Current time: " + time.substr(date_length + 1, clock_length) + " UTC.",
                   .order = block.order});
  }
  return out;
}

std::string context_text(const std::vector<DynamicBlock>& blocks,
                         const std::map<std::string, std::string>& given, const Json& context) {
  std::string out;
  for (const std::size_t place : by_order(blocks)) {
    const DynamicBlock* block = &blocks[place];
    const auto content = block->key.empty() ? given.end() : given.find(block->key);
    const std::string text =
        render_template(content == given.end() ? block->default_content : content->second, context);
    if (text.empty()) continue;
    out += "## " + (block->name.empty() ? block->key : block->name) + "\n" + text + "\n\n";
  }
  if (out.empty()) return out;
  out.pop_back();
  return "<context>\n" + out + "</context>\n\n";
}

Json laid_over(const Json& under, const Json& over) {
  if (over.is_null()) return under;
  if (!under.is_object() || !over.is_object()) return over;
  Json out = under;
  for (const auto& [name, value] : over.items()) {
    const auto there = out.find(name);
    out[name] = there == out.end() ? value : laid_over(*there, value);
  }
  return out;
}

}  // namespace colonnade::core
