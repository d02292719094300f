#include "core/context/token_estimate.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

// Weights are in hundredths of a token. They were fitted to counts of the published tokenizers over
// prose in twenty languages, program text, tables, JSON and random identifiers.
struct Weights {
  std::array<std::int64_t, 13> word{};  // a run of letters, by its length
  std::int64_t longer = 0;              // each letter beyond
  std::int64_t glued = 0;  // more, for a word right behind another or digits: the middle of an id
  std::int64_t capitals = 100;  // each three of a run of capitals
  std::int64_t digits = 100;    // each three of a run; a space in front of it counts too
  std::int64_t spaces = 100;    // a run of several
  std::int64_t lines = 90;      // a run of line ends and tabs
  std::int64_t sign = 80;       // a run of one sign, up to 16
  std::int64_t accented = 60;   // a letter of Latin beyond ASCII
  std::int64_t cyrillic = 40;   // and Greek, Armenian: each letter, as are the following
  std::int64_t arabic = 45;     // and Hebrew
  std::int64_t indic = 45;      // and Thai, Georgian …
  std::int64_t hangul = 75;
  std::int64_t kana = 85;
  std::int64_t han = 85;
  std::int64_t symbol = 90;  // arrows, dashes, signs beyond ASCII
  std::int64_t emoji = 250;  // beyond the basic plane
  std::int64_t rest = 150;
  // An accented letter tells of a language whose words the tables know less well: more for the
  // words around it, at most so much for each plain letter.
  std::int64_t foreign = 600;
  std::int64_t foreign_max = 12;
  std::int64_t margin_percent = 115;
};

constexpr std::array<std::int64_t, 13> words_openai = {0,   75,  90,  100, 105, 110, 120,
                                                       140, 160, 180, 205, 230, 255};
constexpr std::array<std::int64_t, 13> words_anthropic = {0,   86,  104, 115, 121, 127, 138,
                                                          161, 184, 207, 236, 265, 293};

constexpr Weights openai = {.word = words_openai, .longer = 30, .glued = 45};
constexpr Weights openai_older = {.word = words_openai,
                                  .longer = 30,
                                  .glued = 45,
                                  .accented = 100,
                                  .cyrillic = 95,
                                  .arabic = 125,
                                  .indic = 120,
                                  .hangul = 115,
                                  .kana = 110,
                                  .han = 125,
                                  .symbol = 110};
constexpr Weights anthropic = {.word = words_anthropic,
                               .longer = 32,
                               .glued = 45,
                               .accented = 160,
                               .cyrillic = 125,
                               .arabic = 115,
                               .indic = 210,
                               .hangul = 130,
                               .kana = 115,
                               .han = 115,
                               .symbol = 120};
constexpr Weights recent() {
  Weights out = anthropic;
  out.margin_percent = 150;
  return out;
}
constexpr Weights anthropic_recent = recent();
constexpr Weights any_other() {
  Weights out = anthropic;
  out.arabic = 125;
  out.han = 125;
  out.margin_percent = 125;
  return out;
}
constexpr Weights other_family = any_other();

const Weights& weights_of(TokenFamily family) {
  switch (family) {
    case TokenFamily::openai: return openai;
    case TokenFamily::openai_older: return openai_older;
    case TokenFamily::anthropic: return anthropic;
    case TokenFamily::anthropic_recent: return anthropic_recent;
    case TokenFamily::other: break;
  }
  return other_family;
}

enum class Class : std::uint8_t { sign, lower, upper, digit, space, line, beyond };

constexpr std::array<Class, 256> classes() {
  std::array<Class, 256> out{};
  for (std::size_t c = 0; c < 256; ++c) {
    out[c] = c >= 'a' && c <= 'z'                  ? Class::lower
             : c >= 'A' && c <= 'Z'                ? Class::upper
             : c >= '0' && c <= '9'                ? Class::digit
             : c == ' '                            ? Class::space
             : c == '\n' || c == '\r' || c == '\t' ? Class::line
             : c >= 0x80                           ? Class::beyond
                                                   : Class::sign;
  }
  return out;
}
constexpr std::array<Class, 256> class_of = classes();

constexpr std::size_t sign_run_max = 16;

// One pass over a text. Bytes that are no UTF-8 count as characters of their own.
class Scan {
 public:
  Scan(std::string_view text, const Weights& weights) : text_(text), w_(weights) {}

  std::int64_t tokens() {
    while (at_ < text_.size()) step();
    sum_ += std::min(w_.foreign * accented_, w_.foreign_max * letters_);
    return (sum_ * w_.margin_percent + 9'999) / 10'000;
  }

 private:
  Class here() const { return class_of[static_cast<unsigned char>(text_[at_])]; }
  // Moves behind the run of this class; its length.
  std::size_t run(Class wanted) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && here() == wanted) ++at_;
    return at_ - begin;
  }

  void step() {
    switch (here()) {
      case Class::lower: word(run(Class::lower)); return;
      case Class::upper: upper(); return;
      case Class::digit: number(); return;
      case Class::space: space(); return;
      case Class::line: run(Class::line), add(w_.lines); return;
      case Class::sign: sign(); return;
      case Class::beyond: add(beyond(next_character())); return;
    }
  }
  void add(std::int64_t weight) {
    sum_ += weight;
    glued_ = false;
  }
  void word(std::size_t length) {
    const std::size_t known = std::min(length, w_.word.size() - 1);
    sum_ += w_.word[known] + w_.longer * static_cast<std::int64_t>(length - known);
    if (glued_ && length > 1) sum_ += w_.glued;
    letters_ += static_cast<std::int64_t>(length);
    glued_ = true;
  }
  // A word right behind digits is glued to them.
  void number() {
    add(w_.digits * static_cast<std::int64_t>((run(Class::digit) + 2) / 3));
    glued_ = true;
  }
  // "Word" or "WORD".
  void upper() {
    const std::size_t capitals = run(Class::upper);
    if (capitals == 1) return word(1 + run(Class::lower));
    sum_ += w_.capitals * static_cast<std::int64_t>((capitals + 2) / 3);
    if (glued_) sum_ += w_.glued;
    letters_ += static_cast<std::int64_t>(capitals);
    glued_ = true;
  }
  // A single space belongs to the word behind it.
  void space() {
    const bool several = run(Class::space) > 1;
    const bool before_digit = at_ < text_.size() && here() == Class::digit;
    add(several ? w_.spaces : before_digit ? w_.digits : 0);
  }
  void sign() {
    const char same = text_[at_];
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] == same && at_ - begin < sign_run_max) ++at_;
    add(w_.sign);
  }

  std::uint32_t next_character() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    std::uint32_t code = more == 3 ? lead & 0x07U : more == 2 ? lead & 0x0FU : lead & 0x1FU;
    for (std::size_t i = 0; i < more && at_ < text_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if ((byte & 0xC0U) != 0x80U) break;
      code = code << 6U | (byte & 0x3FU);
      ++at_;
    }
    return more == 0 ? 0xFFFFU : code;
  }

  std::int64_t beyond(std::uint32_t code) {
    if (code < 0x370 || (code >= 0x1E00 && code < 0x1F00)) {
      ++accented_;
      return w_.accented;
    }
    if (code < 0x590) return w_.cyrillic;
    if (code < 0x780) return w_.arabic;
    if (code < 0x1100) return w_.indic;
    if (code >= 0x2000 && code < 0x2E80) return w_.symbol;
    if (code >= 0x3040 && code < 0x3100) return w_.kana;
    if (code >= 0xAC00 && code < 0xD7B0) return w_.hangul;
    if ((code >= 0x3000 && code < 0xA000) || (code >= 0xFF00 && code < 0xFFF0)) return w_.han;
    return code >= 0x10000 ? w_.emoji : w_.rest;
  }

  std::string_view text_;
  const Weights& w_;
  std::size_t at_ = 0;
  std::int64_t sum_ = 0;
  std::int64_t accented_ = 0;
  std::int64_t letters_ = 0;
  bool glued_ = false;
};

// What stands around things on the wire, in tokens.
struct Frame {
  std::int64_t message = 4;
  std::int64_t call = 12;      // a tool call besides its name and arguments
  std::int64_t result = 12;    // a tool result besides its content
  std::int64_t tool = 12;      // a definition besides its texts
  std::int64_t any_tool = 20;  // once, when there are definitions
  std::int64_t image = 1500;   // the largest that these models make of one
};

// Anthropic puts a system prompt of its own in front of tools.
Frame frame_of(TokenFamily family) {
  switch (family) {
    case TokenFamily::openai:
    case TokenFamily::openai_older: return {};
    case TokenFamily::anthropic:
      return {.message = 8, .call = 30, .result = 20, .tool = 40, .any_tool = 520, .image = 1600};
    case TokenFamily::anthropic_recent:
      return {.message = 10, .call = 45, .result = 30, .tool = 60, .any_tool = 800, .image = 4800};
    case TokenFamily::other: break;
  }
  return {.message = 8, .call = 30, .result = 20, .tool = 40, .any_tool = 520, .image = 1600};
}

constexpr std::int64_t url_bytes_per_document_token = 10;  // base64: a page of 3,000 has 40 KB
constexpr std::int64_t document_tokens_min = 3000;         // a page, with its picture
constexpr std::int64_t opaque_bytes_per_token = 3;         // signatures, encrypted blocks

std::int64_t opaque(std::string_view bytes) {
  return static_cast<std::int64_t>(bytes.size()) / opaque_bytes_per_token;
}

// What is not inlined (a path, a link) is named in a line of text or fetched by the vendor.
std::int64_t file(const FilePart& file, const TokenCounter& counter, const Frame& frame) {
  // An attachment becomes a data URL when the model is asked.
  const bool is_inline = file.bytes > 0 || file.url.starts_with("data:");
  const auto url_bytes =
      file.bytes > 0 ? file.bytes * 4 / 3 : static_cast<std::int64_t>(file.url.size());
  if (file.mime.starts_with("image/")) return frame.image;
  if (file.mime.starts_with("text/") || file.mime == "application/json") {
    // Base64 holds three bytes in four; a text has at most a token for two of them.
    return counter.text(file.filename) + frame.message +
           (is_inline ? url_bytes * 3 / 8 : url_bytes);
  }
  return std::max(document_tokens_min, url_bytes / url_bytes_per_document_token);
}

bool names(std::string_view model, std::string_view word) {
  return model.find(word) != std::string_view::npos;
}

template <std::size_t N>
bool names_any(std::string_view model, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](auto word) { return names(model, word); });
}

}  // namespace

TokenFamily token_family(std::string_view provider, std::string_view model) {
  constexpr std::array<std::string_view, 10> earlier_claude = {
      "claude-3",        "claude-2",        "claude-instant",  "claude-sonnet-4",
      "claude-haiku-4",  "claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-2",
      "claude-opus-4-5", "claude-opus-4-6"};
  constexpr std::array<std::string_view, 3> earlier_gpt = {"gpt-3.5", "gpt-4-", "gpt-4 "};
  constexpr std::array<std::string_view, 7> later_gpt = {"gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5",
                                                         "gpt-6",  "chatgpt", "gpt-oss"};
  if (names(model, "claude")) {
    return names_any(model, earlier_claude) ? TokenFamily::anthropic
                                            : TokenFamily::anthropic_recent;
  }
  if (names_any(model, later_gpt)) return TokenFamily::openai;
  if (names_any(model, earlier_gpt) || model.ends_with("gpt-4")) return TokenFamily::openai_older;
  const std::string_view bare = model.substr(model.rfind('/') + 1);
  const bool o_series = bare.size() >= 2 && bare[0] == 'o' && bare[1] >= '1' && bare[1] <= '9';
  if (o_series) return TokenFamily::openai;
  if (provider == "anthropic") return TokenFamily::anthropic_recent;
  return provider == "openai" ? TokenFamily::openai : TokenFamily::other;
}

std::int64_t TokenCounter::text(std::string_view text) const {
  return Scan(text, weights_of(family)).tokens();
}

// As compact JSON would count, without writing it.
std::int64_t TokenCounter::json(const base::Json& tree) const {
  if (tree.is_string()) return text(tree.get_ref<const std::string&>()) + 2;
  std::int64_t sum = 2;
  if (tree.is_object()) {
    for (const auto& [name, value] : tree.items()) sum += text(name) + 3 + json(value);
  } else if (tree.is_array()) {
    for (const auto& value : tree) sum += 1 + json(value);
  } else if (tree.is_number()) {
    sum += tree.is_number_float() ? 7 : 5;
  }
  return sum;
}

std::int64_t TokenCounter::part(const Part& part) const {
  const Frame frame = frame_of(family);
  if (const auto* said = std::get_if<TextPart>(&part)) return text(said->text);
  if (const auto* refusal = std::get_if<RefusalPart>(&part)) return text(refusal->text);
  if (const auto* attached = std::get_if<FilePart>(&part)) return file(*attached, *this, frame);
  if (const auto* call = std::get_if<ToolCallPart>(&part)) {
    return frame.call + text(call->tool) + json(call->arguments);
  }
  if (const auto* result = std::get_if<ToolResultPart>(&part)) {
    return frame.result + text(result->content);
  }
  if (const auto* thought = std::get_if<ReasoningPart>(&part)) {
    if (thought->provider != provider) return 0;
    const std::int64_t details = thought->details.is_null() ? 0 : json(thought->details);
    // What is shown may be a summary of what is counted; the opaque block grows with the latter.
    return std::max(
        {text(thought->text), details, opaque(thought->signature) + opaque(thought->redacted)});
  }
  const auto& own = std::get<ProviderPart>(part);
  return own.provider == provider ? json(own.block) : 0;
}

std::int64_t TokenCounter::parts(const std::vector<Part>& parts) const {
  std::int64_t sum = 0;
  for (const Part& each : parts) sum += part(each);
  return sum;
}

std::int64_t TokenCounter::message(const Message& message) const {
  return frame_of(family).message + parts(message.parts);
}

std::int64_t TokenCounter::tools(const std::vector<ToolDefinition>& tools) const {
  if (tools.empty()) return 0;
  const Frame frame = frame_of(family);
  std::int64_t sum = frame.any_tool;
  for (const ToolDefinition& tool : tools) {
    sum += frame.tool + text(tool.name) + text(tool.description) + json(tool.input_schema);
  }
  return sum;
}

}  // namespace colonnade::core
