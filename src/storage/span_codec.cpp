#include "storage/span_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.hpp"

namespace colonnade::storage {
namespace {

using base::ErrorKind;
using base::fail;
using base::JsonWriter;
using base::Result;

// What a span is, in its first place.
constexpr std::string_view model_mark = "m";
constexpr std::string_view summary_mark = "s";
constexpr std::string_view tool_mark = "t";
constexpr std::string_view gate_mark = "g";
constexpr std::string_view wait_mark = "w";

void write_common(JsonWriter& w, std::string_view mark, const core::Span& span) {
  w.array().value(mark).value(span.start.micros).value((span.end - span.start).count());
  w.value(span.error);
}

struct SpanLine {
  JsonWriter& w;
  const core::Span& span;

  void operator()(const core::ModelCallSpan& m) const {
    write_common(w, m.of_summary ? summary_mark : model_mark, span);
    w.value(m.provider).value(m.model_asked).value(m.model == m.model_asked ? "" : m.model);
    w.value(m.usage.input_tokens).value(m.usage.output_tokens);
    w.value(m.usage.cached_input_tokens).value(m.usage.cache_write_tokens);
    w.value(m.usage.reasoning_tokens).value(m.cost_micros).value(m.stop_reason);
    w.value(m.tool_calls);
    w.value(m.first_output_micros.value_or(-1)).end_array();
  }
  void operator()(const core::ToolSpan& t) const {
    write_common(w, tool_mark, span);
    w.value(t.tool).value(t.call_id).value(t.state).end_array();
  }
  void operator()(const core::GateSpan& g) const {
    write_common(w, gate_mark, span);
    w.value(g.tool).value(g.call_id).value(g.outcome).value(g.reason_code).end_array();
  }
  void operator()(const core::WaitSpan& a) const {
    write_common(w, wait_mark, span);
    w.value(a.tool).value(a.call_id).value(a.answer).end_array();
  }
};

// The members of a line, in order; what is missing or another type is noted.
class LineReader {
 public:
  explicit LineReader(const base::Json& line) : line_(line) {}

  std::string text() {
    const base::Json* one = next();
    if (one != nullptr && one->is_string()) return one->get<std::string>();
    ok_ = false;
    return {};
  }
  std::int64_t number() {
    const base::Json* one = next();
    if (one != nullptr && one->is_number_integer()) return one->get<std::int64_t>();
    ok_ = false;
    return 0;
  }
  bool ok() const { return ok_; }

 private:
  const base::Json* next() { return at_ < line_.size() ? &line_[at_++] : nullptr; }

  const base::Json& line_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

core::ModelCallSpan read_model_call(LineReader& line, bool of_summary) {
  core::ModelCallSpan out{.of_summary = of_summary};
  out.provider = line.text();
  out.model_asked = line.text();
  out.model = line.text();
  out.usage.input_tokens = line.number();
  out.usage.output_tokens = line.number();
  out.usage.cached_input_tokens = line.number();
  out.usage.cache_write_tokens = line.number();
  out.usage.reasoning_tokens = line.number();
  out.cost_micros = line.number();
  out.stop_reason = line.text();
  out.tool_calls = static_cast<int>(line.number());
  const std::int64_t first_output = line.number();
  if (first_output >= 0) out.first_output_micros = first_output;
  if (out.model.empty() && !out.stop_reason.empty()) out.model = out.model_asked;
  return out;
}

std::optional<core::SpanOf> read_of(LineReader& line, std::string_view mark) {
  if (mark == model_mark || mark == summary_mark) {
    return read_model_call(line, mark == summary_mark);
  }
  std::string tool = line.text();
  std::string call_id = line.text();
  std::string word = line.text();
  if (mark == tool_mark) {
    return core::ToolSpan{std::move(tool), std::move(call_id), std::move(word)};
  }
  if (mark == wait_mark) {
    return core::WaitSpan{std::move(tool), std::move(call_id), std::move(word)};
  }
  if (mark != gate_mark) return std::nullopt;
  return core::GateSpan{std::move(tool), std::move(call_id), std::move(word), line.text()};
}

Result<core::Span> read_line(std::string_view text) {
  const auto tree = base::parse_json(text, "a stored span");
  if (!tree || !tree->is_array()) {
    return fail(ErrorKind::internal, "a stored span is not an array");
  }
  LineReader line(*tree);
  const std::string mark = line.text();
  core::Span out;
  out.start = {line.number()};
  out.end = out.start + std::chrono::microseconds(line.number());
  out.error = line.text();
  auto of = read_of(line, mark);
  if (!of || !line.ok()) return fail(ErrorKind::internal, "a stored span is not complete");
  out.of = std::move(*of);
  return out;
}

}  // namespace

std::string spans_text(std::span<const core::Span> spans) {
  constexpr std::size_t usual_line = 160;
  std::string out;
  out.reserve(spans.size() * usual_line);
  for (const core::Span& span : spans) {
    JsonWriter w(out);
    std::visit(SpanLine{.w = w, .span = span}, span.of);
    out.push_back('\n');
  }
  return out;
}

Result<void> read_spans(std::string_view text, std::vector<core::Span>& out) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    auto span = read_line(text.substr(0, end));
    if (!span) return fail(std::move(span.error()));
    out.push_back(std::move(*span));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

}  // namespace colonnade::storage
