#include "base/secret_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace colonnade::base {
namespace {

constexpr std::size_t key_bytes_min = 16;   // a shorter word is no vendor's key
constexpr std::size_t user_bytes_max = 15;  // a longer user name in a URL may be a key

constexpr std::array<std::string_view, 15> name_parts = {
    "password",      "passwd", "passphrase", "pwd",        "secret",
    "token",         "apikey", "accesskey",  "privatekey", "credential",
    "authorization", "cookie", "bearer",     "jwt",        "connectionstring"};
constexpr std::array<std::string_view, 6> name_words = {"pw",  "pass",  "otp",
                                                        "pin", "creds", "passcode"};
// Names that end so say where a secret is, or how many there are.
constexpr std::array<std::string_view, 14> harmless_ends = {
    "file", "path", "dir", "url",   "endpoint", "name",  "type",
    "env",  "id",   "max", "count", "bytes",    "limit", "tokens"};
constexpr std::array<std::string_view, 35> key_starts = {
    "sk-",    "sk_",    "rk_live_",    "rk_test_", "ghp_",  "gho_",    "ghu_",
    "ghs_",   "ghr_",   "github_pat_", "glpat-",   "gldt-", "glrt-",   "xoxb-",
    "xoxa-",  "xoxp-",  "xoxr-",       "xoxs-",    "xapp-", "AKIA",    "ASIA",
    "AIza",   "ya29.",  "hf_",         "npm_",     "pypi-", "dop_v1_", "SG.",
    "whsec_", "shpat_", "lin_api_",    "gsk_",     "xai-",  "sq0csp-", "dapi"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lowered(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_word_char(char c) {
  return is_upper(c) || is_lower(c) || is_digit(c) || c == '_' || c == '-';
}
bool is_key_char(char c) { return is_word_char(c) || c == '.' || c == '+' || c == '/' || c == '='; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

template <class Names>
bool any_of_names(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

// "userPw_2" has the words user, pw.
bool has_secret_word(std::string_view name) {
  std::string word;
  const auto ends_secret = [&] { return any_of_names(name_words, std::exchange(word, {})); };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool begins = is_upper(c) && i > 0 && is_lower(name[i - 1]);
    if ((begins || !(is_upper(c) || is_lower(c))) && ends_secret()) return true;
    if (is_upper(c) || is_lower(c)) word.push_back(lowered(c));
  }
  return ends_secret();
}

bool is_parameter_secret(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"key",  "sig",  "signature",
                                                     "auth", "sess", "code"};
  const std::string folded = folded_name(name);
  return any_of_names(names, folded) || folded.ends_with("signature") || is_secret_name(name);
}

// In running text only what surely names a value: "token_file: /x is missing" says nothing secret.
bool names_a_value(std::string_view name) {
  if (!is_secret_name(name)) return false;
  const std::string folded = folded_name(name);
  return std::ranges::none_of(harmless_ends, [&](auto end) { return folded.ends_with(end); });
}

// How base64url begins for a JSON object: a brace, then a quotation mark or a blank.
bool begins_as_object(std::string_view text) {
  if (text.size() < 3) return false;
  const bool is_quote = text.starts_with("ey") && text[2] >= 'I' && text[2] <= 'L';
  const bool is_space = text.starts_with("ey") && text[2] >= 'A' && text[2] <= 'D';
  const bool is_line_end = text.starts_with("ew") && ((text[2] >= 'k' && text[2] <= 'r') ||
                                                      (text[2] >= '0' && text[2] <= '3'));
  return is_quote || is_space || is_line_end;
}

// Three or more parts of base64url, the first of which is a JSON object's.
std::size_t jwt_length(std::string_view text) {
  if (!begins_as_object(text)) return 0;
  constexpr std::size_t header_bytes_min = 8;
  std::size_t dots = 0;
  std::size_t at = 0;
  for (; at < text.size() && (is_word_char(text[at]) || text[at] == '.'); ++at) {
    if (text[at] != '.') continue;
    if (++dots == 1 && at < header_bytes_min) return 0;
  }
  return dots >= 2 ? at : 0;
}

// Of the key that the text begins with; 0 for none.
std::size_t key_length(std::string_view text) {
  if (const std::size_t jwt = jwt_length(text); jwt > 0) return jwt;
  const bool starts = std::ranges::any_of(key_starts, [&](auto s) { return text.starts_with(s); });
  if (!starts) return 0;
  const std::size_t size =
      static_cast<std::size_t>(std::ranges::find_if_not(text, is_key_char) - text.begin());
  return size >= key_bytes_min ? size : 0;
}

constexpr std::string_view pem_begin = "-----BEGIN ";
constexpr std::string_view pem_end = "-----END ";
constexpr std::string_view pem_dashes = "-----";

// Of the PEM private key that the text begins with, to the end of the text when its end is missing.
std::size_t pem_length(std::string_view text) {
  if (!text.starts_with(pem_begin)) return 0;
  const std::size_t label = text.find(pem_dashes, pem_begin.size());
  if (label == std::string_view::npos) return 0;
  if (!text.substr(0, label).contains("PRIVATE KEY")) return 0;
  const std::size_t end = text.find(pem_end, label);
  if (end == std::string_view::npos) return text.size();
  const std::size_t last = text.find(pem_dashes, end + pem_end.size());
  return last == std::string_view::npos ? text.size() : last + pem_dashes.size();
}

bool ends_url(char c) {
  return is_blank(c) || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == '\\';
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

// How much of what stands behind "://" is user and password; npos when nothing is. A password may
// hold a slash that should have been escaped: what a colon begins that is no port goes on to the @.
std::size_t userinfo_length(std::string_view rest) {
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) return at;
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos || authority.starts_with('[') ||
      is_port(authority.substr(colon + 1))) {
    return std::string_view::npos;
  }
  return rest.find('@');
}

void append_userinfo(std::string& out, std::string_view userinfo) {
  const std::size_t colon = userinfo.find(':');
  const std::string_view user = userinfo.substr(0, colon);
  const std::string_view password =
      colon == std::string_view::npos ? std::string_view{} : userinfo.substr(colon + 1);
  const bool shows_user =
      user.size() <= user_bytes_max && (colon == std::string_view::npos || !password.empty());
  if (!shows_user) {
    out.append(secret_stand_in);
    return;
  }
  out.append(user);
  if (colon != std::string_view::npos) out.append(":").append(secret_stand_in);
}

enum class Names { everywhere, in_urls };

// Walks over the text once. Each step copies a piece, or leaves it out.
class Walk {
 public:
  // `names`: where what follows a telling name is a secret.
  Walk(std::string_view text, Names names) : text_(text), names_(names) {
    out_.reserve(text.size());
  }

  std::string run() {
    while (at_ < text_.size()) {
      if (take_pem() || take_userinfo() || take_value() || take_word()) continue;
      look_between(text_[at_]);
      out_.push_back(text_[at_++]);
    }
    return std::move(out_);
  }

 private:
  bool take_pem() {
    const std::size_t size = text_[at_] == '-' ? pem_length(text_.substr(at_)) : 0;
    if (size == 0) return false;
    hide(size);
    return true;
  }

  bool take_userinfo() {
    constexpr std::string_view mark = "://";
    if (!text_.substr(at_).starts_with(mark)) return false;
    out_.append(mark);
    at_ += mark.size();
    forget();
    const std::string_view rest = text_.substr(at_, url_bytes_max);
    if (at_ >= url_end_) {
      const auto end = std::ranges::find_if(rest, ends_url);
      url_end_ = at_ + static_cast<std::size_t>(end - rest.begin());
    }
    const std::size_t size = userinfo_length(text_.substr(at_, url_end_ - at_));
    if (size == std::string_view::npos) return true;
    append_userinfo(out_, text_.substr(at_, size));
    at_ += size;
    return true;
  }

  // Of a name that stood before. Behind "Authorization:" the scheme is shown, what follows is not.
  bool take_value() {
    constexpr std::string_view before = " \t\r\n\"'=:\\";
    if (!wants_value_ && !after_scheme_) return false;
    if (before.contains(text_[at_])) return false;
    const std::string_view rest = text_.substr(at_);
    const std::size_t size = value_length(rest);
    if (size == 0) {
      forget();
      return false;
    }
    const std::string folded = folded_name(rest.substr(0, size));
    if (!after_scheme_ && (folded == "bearer" || folded == "basic" || folded == "digest")) {
      out_.append(rest.substr(0, size));
      at_ += size;
      forget();
      after_scheme_ = true;
      return true;
    }
    hide(size);
    return true;
  }

  // Up to the quote that ends it, or as far as one word goes.
  std::size_t value_length(std::string_view rest) const {
    if (quote_ != '\0') {
      std::size_t end = rest.find_first_of(quote_ == '"' ? "\"\r\n" : "'\r\n");
      while (end != std::string_view::npos && end > 0 && rest[end] == quote_ &&
             rest[end - 1] == '\\') {
        end = rest.find(quote_, end + 1);
      }
      return std::min(end, rest.size());
    }
    constexpr std::string_view ends = "# \t\r\n\"'`,;&\\|()[]{}<>";
    const bool is_in_url = at_ < url_end_;  // only there # ends a value
    return std::min(rest.find_first_of(ends.substr(is_in_url ? 0 : 1)), rest.size());
  }

  // A word begins where no word character stands before, or an escaped line end of JSON does.
  bool take_word() {
    const std::string_view rest = text_.substr(at_);
    if (!is_word_char(rest[0])) return false;
    if (const std::size_t size = key_length(rest); size > 0) {
      hide(size);
      return true;
    }
    const bool is_escaped =
        at_ > 0 && text_[at_ - 1] == '\\' && (rest[0] == 'n' || rest[0] == 'r' || rest[0] == 't');
    if (is_escaped) {
      out_.push_back(text_[at_++]);
      return true;
    }
    const std::size_t size =
        static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word_char) - rest.begin());
    const std::string_view word = rest.substr(0, size);
    const bool is_parameter =
        at_ < url_end_ && at_ > 0 && std::string_view("?&#;").contains(text_[at_ - 1]);
    out_.append(word);
    at_ += size;
    forget();
    is_named_ = is_parameter && is_parameter_secret(word);
    if (names_ == Names::in_urls) return true;
    is_named_ = is_named_ || (!is_parameter && names_a_value(word));
    is_option_ = word.starts_with("--");
    after_scheme_ = folded_name(word) == "bearer";
    return true;
  }

  // `name=value`, `name: value`, `"name":"value"` and `--name value`.
  void look_between(char c) {
    if (c == '=' || c == ':') {
      wants_value_ = is_named_ || wants_value_;
      is_named_ = false;
    } else if (c == ' ' || c == '\t') {
      wants_value_ = wants_value_ || (is_named_ && is_option_);
      is_named_ = false;
    } else if (c == '"' || c == '\'') {
      if (wants_value_) quote_ = c;
    } else if (c != '\\') {
      forget();
    }
  }

  void hide(std::size_t size) {
    out_.append(secret_stand_in);
    at_ += size;
    forget();
  }

  void forget() {
    is_named_ = is_option_ = wants_value_ = after_scheme_ = false;
    quote_ = '\0';
  }

  static constexpr std::size_t url_bytes_max = 8192;  // a longer one is text from there on

  std::string_view text_;
  Names names_;
  std::size_t at_ = 0;
  std::string out_;
  std::size_t url_end_ = 0;    // of the URL that was met last
  bool is_named_ = false;      // the word before names a secret
  bool is_option_ = false;     // and is an option of a command
  bool wants_value_ = false;   // the name was followed by what comes before a value
  bool after_scheme_ = false;  // the word before was an authorization scheme
  char quote_ = '\0';          // that the value stands in
};

}  // namespace

std::string folded_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != '.' && c != ' ') out.push_back(lowered(c));
  }
  return out;
}

bool is_secret_name(std::string_view name) {
  const std::string folded = folded_name(name);
  if (std::ranges::any_of(name_parts, [&](auto part) { return folded.contains(part); })) {
    return true;
  }
  constexpr std::array<std::string_view, 6> harmless = {"bypass",    "compass", "overpass",
                                                        "underpass", "surpass", "trespass"};
  const bool ends_so = folded.ends_with("pass") || folded.ends_with("otp");
  if (ends_so && !any_of_names(harmless, folded)) return true;
  return has_secret_word(name);
}

std::vector<std::string> secret_name_parts() { return {name_parts.begin(), name_parts.end()}; }

std::string hide_secrets(std::string_view text) { return Walk(text, Names::everywhere).run(); }

std::string hide_secrets_in_url(std::string_view url) { return Walk(url, Names::in_urls).run(); }

std::vector<std::string> hide_secrets_in_command(const std::vector<std::string>& command) {
  std::vector<std::string> out;
  out.reserve(command.size());
  bool is_value = false;
  for (const std::string& part : command) {
    if (std::exchange(is_value, false) && !part.starts_with('-')) {
      out.emplace_back(secret_stand_in);
      continue;
    }
    out.push_back(hide_secrets(part));
    is_value = part.starts_with('-') && !part.contains('=') && names_a_value(part);
  }
  return out;
}

std::string hide_values(std::string text, std::vector<std::string> values) {
  // A value may be the beginning of another one.
  std::ranges::sort(values, std::ranges::greater(), &std::string::size);
  for (const std::string& value : values) {
    if (value.size() < secret_bytes_min) break;
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;) {
      text.replace(at, value.size(), secret_stand_in);
      at += secret_stand_in.size();
    }
  }
  return text;
}

std::string hide_quotes(std::string text, const std::vector<std::string>& written) {
  text = hide_values(std::move(text), written);
  std::unordered_map<std::string_view, std::vector<std::size_t>> places;
  for (std::size_t at = 0; at + quote_bytes_min <= text.size(); ++at) {
    places[std::string_view(text).substr(at, quote_bytes_min)].push_back(at);
  }
  std::vector<bool> quoted(text.size());
  for (const std::string& one : written) {
    for (std::size_t at = 0; at + quote_bytes_min <= one.size() && !places.empty(); ++at) {
      const auto found = places.find(std::string_view(one).substr(at, quote_bytes_min));
      if (found == places.end()) continue;
      for (const std::size_t start : found->second) {
        std::fill_n(quoted.begin() + static_cast<std::ptrdiff_t>(start), quote_bytes_min, true);
      }
      places.erase(found);
    }
  }
  // A character is quoted whole or not at all.
  const auto continues = [&text](std::size_t at) { return (text[at] & 0xC0) == 0x80; };
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (continues(at) && quoted[at - 1]) quoted[at] = true;
  }
  for (std::size_t at = text.size(); at-- > 1;) {
    if (continues(at) && quoted[at]) quoted[at - 1] = true;
  }
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!quoted[at]) {
      out.push_back(text[at]);
    } else if (at == 0 || !quoted[at - 1]) {
      out.append(secret_stand_in);
    }
  }
  return out;
}

}  // namespace colonnade::base
