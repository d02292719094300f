#include "core/spans/span.hpp"

#include <array>

#include "base/utf8.hpp"
#include "core/runs/run.hpp"
#include "core/spans/limits.hpp"
#include "core/spans/trace_parent.hpp"

namespace colonnade::core {
namespace {

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325U;
constexpr std::uint64_t fnv_prime = 0x100000001b3U;

std::uint64_t add_to_hash(std::uint64_t hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= fnv_prime;
  }
  return hash;
}

// Spreads what little two inputs differ in over all bits (the finish of SplitMix64).
std::uint64_t spread_bits(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

std::string hex16(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 16> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = digits[(number >> (60U - 4U * i)) & 15U];
  }
  return {out.data(), out.size()};
}

std::string id_from(std::string_view run_id, std::string_view kind, std::string_view name) {
  const std::uint64_t hash = add_to_hash(add_to_hash(add_to_hash(fnv_offset, run_id), kind), name);
  const std::uint64_t spread = spread_bits(hash);
  return hex16(spread == 0 ? 1 : spread);
}

struct IdOf {
  std::string_view run_id;
  const Span& span;

  // Core's clock never stands still, so no two spans of a run begin at once.
  std::string at(std::string_view kind) const {
    return id_from(run_id, kind, std::to_string(span.start.micros));
  }
  std::string operator()(const ModelCallSpan& /*of*/) const {
    return model_span_id(run_id, span.start);
  }
  std::string operator()(const ToolSpan& of) const { return tool_span_id(run_id, of.call_id); }
  std::string operator()(const GateSpan& /*of*/) const { return at("gate"); }
  std::string operator()(const WaitSpan& /*of*/) const { return at("wait"); }  // may come twice
};

}  // namespace

std::string trace_id_of(const Run& run) {
  if (!run.options.trace.empty()) return run.options.trace.trace_id;
  if (is_trace_id(run.id)) return run.id;
  return id_from(run.id, "trace", "1") + id_from(run.id, "trace", "2");
}

std::string root_span_id(std::string_view run_id) { return id_from(run_id, "run", ""); }

std::string tool_span_id(std::string_view run_id, std::string_view call_id) {
  return id_from(run_id, "tool", call_id);
}

std::string model_span_id(std::string_view run_id, base::Time start) {
  return id_from(run_id, "model", std::to_string(start.micros));
}

std::string span_id(std::string_view run_id, const Span& span) {
  return std::visit(IdOf{.run_id = run_id, .span = span}, span.of);
}

std::string span_text(std::string_view text) {
  return std::string(base::cut_utf8(text, limits::span_text_bytes_max));
}

}  // namespace colonnade::core
