// colonnade audit export | verify | prove | show
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/audit_trail.hpp"
#include "app/audit_verify.hpp"
#include "app/command_line.hpp"
#include "app/commands/audit_prove.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/limits.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"
#include "core/governance/audit_lines.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t shown_default = 50;  // a few screens

// The trail, or nothing and a complaint.
std::unique_ptr<AuditTrail> open_trail(const Context& context, const RemoteOptions& remote,
                                       int& code) {
  const auto config = remote.config->load(context);
  if (!config) {
    code = exit_usage;
    return nullptr;
  }
  auto trail = open_audit_trail(context, remote, *config);
  if (trail) return *std::move(trail);
  code = print_error(context, trail.error().message);
  return nullptr;
}

// --- export --------------------------------------------------------------------------------------

// Where an export goes: a file of its own, or standard output.
class Sink {
 public:
  static base::Result<Sink> open(const std::string& path) {
    Sink out;
    if (path.empty()) return out;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      return base::fail(base::ErrorKind::conflict,
                        "--output: " + path + " exists already; choose another name");
    }
    auto file = AtomicFile::begin(path);
    if (!file) return std::unexpected(file.error());
    out.file_ = std::make_unique<AtomicFile>(*std::move(file));
    return out;
  }

  base::Result<void> write(const std::string& line) {
    if (file_) return file_->write(line + "\n");
    if (std::fputs((line + "\n").c_str(), stdout) >= 0) return {};
    return lost();
  }
  base::Result<void> finish() {
    if (file_) return file_->commit();
    return std::fflush(stdout) == 0 ? base::Result<void>() : lost();
  }

 private:
  static std::unexpected<base::Error> lost() {
    return base::fail(base::ErrorKind::unavailable, "cannot write to standard output");
  }
  std::unique_ptr<AtomicFile> file_{};
};

// The records and the line behind them.
base::Result<core::AuditEndLine> export_to(Sink& sink, AuditTrail& trail) {
  core::AuditEndLine end;
  base::Result<void> written;
  trail.sign_first();
  const auto read = read_audit(trail, 0, [&](const std::string& line) {
    const auto decoded = core::decode_audit_line(line);
    written = decoded ? sink.write(line) : base::fail(decoded.error());
    if (!written) return false;
    ++end.count;
    end.last_hash = decoded->hash;
    return true;
  });
  if (!read) return base::fail(read.error());
  if (!written) return base::fail(written.error());
  if (auto last = sink.write(encode(end)); !last) return base::fail(last.error());
  if (auto whole = sink.finish(); !whole) return base::fail(whole.error());
  return end;
}

int export_trail(const Context& context, const RemoteOptions& remote, const std::string& output) {
  int code = exit_ok;
  const auto trail = open_trail(context, remote, code);
  if (!trail) return code;
  auto sink = Sink::open(output);
  if (!sink) return print_error(context, sink.error().message);
  const auto end = export_to(*sink, *trail);
  if (!end) return print_error(context, end.error().message);
  if (!output.empty()) {
    print_line("Wrote " + output + ": " + std::to_string(end->count) + " records, last hash " +
               (end->last_hash.empty() ? "none" : end->last_hash) + ".");
  }
  return exit_ok;
}

void add_export(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("export", "Export the audit trail, one record a line.");
  command.footer(
      "Examples:\n"
      "  colonnade audit export --output audit-$(date +%F).jsonl\n"
      "  colonnade audit export | tools/audit_verify.py -\n"
      "\n"
      "The last line says how many records there are and the last one's hash.");
  auto output = std::make_shared<std::string>();
  command
      .add_option("-o,--output", *output,
                  "The file to write; must not exist. Default: standard output.")
      .type_name("FILE");
  auto remote = add_remote_options(command);
  command.callback([output, remote, &invocation] {
    invocation.run = [output, remote](const Context& context) -> int {
      return export_trail(context, *remote, *output);
    };
  });
}

// --- verify --------------------------------------------------------------------------------------

struct VerifyOptions {
  std::string file{};  // "": the live trail; "-": standard input
  std::string expected_last{};
  std::int64_t expected_count = -1;
  std::string expected_record{};  // SEQ:HASH
  std::string public_key_file{};
  bool json = false;
};

bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Nothing and a complaint when an option is wrong.
std::optional<AuditExpectation> expectation_of(const Context& context,
                                               const VerifyOptions& options) {
  const auto wrong = [&](std::string_view message) {
    print_error(context, message, exit_usage);
    return std::nullopt;
  };
  AuditExpectation out{.has_end_line = !options.file.empty()};
  if (options.expected_count >= 0) out.count = options.expected_count;
  if (!options.expected_last.empty()) {
    if (!is_hash(options.expected_last)) {
      return wrong("--expect-last: write the 64 hexadecimal digits of a hash");
    }
    out.last_hash = options.expected_last;
  }
  if (!options.expected_record.empty()) {
    AuditExpectation::KnownRecord known;
    const std::string& text = options.expected_record;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), known.seq);
    const std::size_t colon = text.find(':');
    if (error != std::errc{} || end != text.data() + std::min(colon, text.size()) ||
        known.seq < 1 || colon == std::string::npos || !is_hash(text.substr(colon + 1))) {
      return wrong("--expect-record: write the number of a record, a colon and its hash");
    }
    known.hash = text.substr(colon + 1);
    out.known = std::move(known);
  }
  if (!options.public_key_file.empty()) {
    const auto pem = read_small_file(options.public_key_file, limits::audit_key_bytes_max);
    auto key = pem ? base::VerifyingKey::from_pem(*pem) : base::fail(pem.error());
    if (!key) return wrong("--public-key: " + options.public_key_file + " " + key.error().message);
    out.key = std::make_shared<base::VerifyingKey>(*std::move(key));
  }
  return out;
}

// Lines of a file, of limits::audit_line_bytes_max at most.
class LineReader {
 public:
  explicit LineReader(std::FILE* file) : file_(file) {}

  // False at the end. A longer line comes in pieces, none of which is a record.
  bool next(std::string& line) {
    for (;;) {
      const std::size_t end = held_.find('\n', searched_);
      if (end != std::string::npos) return take(line, end, 1);
      searched_ = held_.size();
      if (held_.size() - begin_ >= limits::audit_line_bytes_max) return take(line, held_.size(), 0);
      char piece[64 * 1024];
      const std::size_t count = std::fread(piece, 1, sizeof piece, file_);
      if (count == 0) return !held_.empty() && take(line, held_.size(), 0);
      held_.erase(0, begin_);
      searched_ -= begin_;
      begin_ = 0;
      held_.append(piece, count);
    }
  }
  bool failed() const { return std::ferror(file_) != 0; }

 private:
  bool take(std::string& line, std::size_t end, std::size_t behind) {
    line = held_.substr(begin_, end - begin_);
    begin_ = searched_ = end + behind;
    if (begin_ == held_.size()) {
      held_.clear();
      begin_ = searched_ = 0;
    }
    return true;
  }

  std::FILE* file_;
  std::string held_{};
  std::size_t begin_ = 0;     // of the line that is next
  std::size_t searched_ = 0;  // no line end before
};

using Verified = base::Result<std::optional<AuditFault>>;

Verified verify_file(const std::string& path, AuditVerifier& verifier) {
  const bool is_input = path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      is_input ? nullptr : std::fopen(path.c_str(), "rb"), [](std::FILE* f) { return fclose(f); });
  if (!is_input && !opened) {
    return base::fail(base::ErrorKind::not_found,
                      "cannot read " + path + "; name a file that `audit export` wrote");
  }
  LineReader lines(is_input ? stdin : opened.get());
  for (std::string line; lines.next(line);) {
    if (auto fault = verifier.take(line)) return fault;
  }
  if (lines.failed()) return base::fail(base::ErrorKind::invalid, "cannot read " + path);
  return verifier.finish();
}

Verified verify_trail(AuditTrail& trail, AuditVerifier& verifier) {
  std::optional<AuditFault> fault;
  trail.sign_first();
  const auto read = read_audit(trail, 0, [&](const std::string& line) {
    fault = verifier.take(line);
    return !fault;
  });
  if (!read) return base::fail(read.error());
  return fault ? fault : verifier.finish();
}

// Without a key that is known from elsewhere, a signature only says that one key signed it all.
std::string signed_line(const VerifyOptions& options, const AuditVerifier& verifier) {
  const core::SignedHead& signature = verifier.signature();
  if (signature.head.seq == 0) return "not signed";
  return "signed up to record " + std::to_string(signature.head.seq) + " by the key " +
         signature.key +
         (options.public_key_file.empty() ? "; compare it, or name it with --public-key" : "");
}

int report(const Context& context, const VerifyOptions& options, const AuditVerifier& verifier,
           const std::optional<AuditFault>& fault) {
  const std::string source = options.file.empty()  ? "the trail"
                             : options.file == "-" ? "standard input"
                                                   : options.file;
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().field("whole", !fault).field("records", verifier.count());
    json.field("last_hash", verifier.last_hash());
    json.field("signed_up_to", verifier.signature().head.seq);
    json.field("public_key", verifier.signature().key);
    if (fault) {
      json.field("line", static_cast<std::uint64_t>(fault->line)).field("record", fault->seq);
      json.field("fault", fault->message);
    }
    json.end_object();
    print_json(out);
    return fault ? exit_failure : exit_ok;
  }
  if (fault) {
    return print_error(context, source + ":" + std::to_string(fault->line) + ": record " +
                                    std::to_string(fault->seq) + ": " + fault->message);
  }
  print_line(context.terminal.out(Colour::green, "whole") + ": " +
             std::to_string(verifier.count()) + " records, last hash " +
             (verifier.last_hash().empty() ? "none" : verifier.last_hash()));
  print_line(signed_line(options, verifier));
  return exit_ok;
}

int verify(const Context& context, const RemoteOptions& remote, const VerifyOptions& options) {
  auto expectation = expectation_of(context, options);
  if (!expectation) return exit_usage;
  AuditVerifier verifier(*std::move(expectation));
  Verified verified;
  if (options.file.empty()) {
    int code = exit_ok;
    const auto trail = open_trail(context, remote, code);
    if (!trail) return exit_usage;
    verified = verify_trail(*trail, verifier);
  } else {
    verified = verify_file(options.file, verifier);
  }
  if (!verified) return print_error(context, verified.error().message, exit_usage);
  return report(context, options, verifier, *verified);
}

void add_verify(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "verify", "Verify that no record was changed, removed, added or moved.");
  command.footer(
      "Examples:\n"
      "  colonnade audit verify\n"
      "  colonnade audit verify audit-2026-05-24.jsonl\n"
      "  colonnade audit verify --expect-record 1200:HASH     a hash that was noted before\n"
      "  colonnade audit verify audit.jsonl --public-key audit.pub\n"
      "\n"
      "Exit codes: 0 whole, 1 not, 2 it could not be read.");
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("file", options->file,
                     "An export; - is standard input. Default: the trail itself.");
  command
      .add_option("--expect-last", options->expected_last, "The expected hash of the last record.")
      .type_name("HASH");
  command.add_option("--expect-count", options->expected_count, "The expected number of records.")
      .not_negative()
      .type_name("N");
  command
      .add_option("--expect-record", options->expected_record,
                  "A record's expected number and hash; more records may follow.")
      .type_name("SEQ:HASH");
  command
      .add_option("--public-key", options->public_key_file,
                  "The public key that it must be signed with: the server's audit.pub, kept apart.")
      .type_name("FILE");
  command.add_flag("--json", options->json, "One JSON object.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, &invocation] {
    invocation.run = [options, remote](const Context& context) -> int {
      return verify(context, *remote, *options);
    };
  });
}

// --- show ----------------------------------------------------------------------------------------

struct ShowOptions {
  std::string subject{};
  std::string kind{};
  std::size_t last = shown_default;
  bool json = false;
};

std::string text_of(const base::Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// "2026-05-24 05:33:44  decision  agent:a  calculator call  EXECUTE  Only looks  (9f…)"
std::string as_text(const Terminal& terminal, const base::Json& record) {
  std::string at = printable_line(text_of(record, "at").substr(0, 19));
  if (at.size() > 10) at[10] = ' ';
  base::Json details = record.value("details", base::Json::object());
  if (details.is_object()) details.erase("peaks");  // long, and for the next signature only
  std::string what = text_of(details, "tool");
  if (const std::string operation = text_of(details, "operation"); !operation.empty()) {
    what += (what.empty() ? "" : " ") + operation;
  }
  std::string outcome = text_of(details, "outcome");
  if (outcome.empty()) outcome = text_of(details, "state");
  std::string out = terminal.out(Colour::dim, at) + "  " + printable_line(text_of(record, "kind"));
  for (const std::string& part :
       {text_of(record, "actor"), what, outcome, text_of(details, "reason")}) {
    if (!part.empty()) out += "  " + printable_line(part);
  }
  if (what.empty() && outcome.empty() && !details.empty()) {
    out += "  " + printable_line(base::to_text(details));
  }
  return out + "  " +
         terminal.out(Colour::dim, "(" + printable_line(text_of(record, "subject")) + ")");
}

bool is_wanted(const ShowOptions& options, const base::Json& record) {
  return (options.subject.empty() || text_of(record, "subject") == options.subject) &&
         (options.kind.empty() || text_of(record, "kind") == options.kind);
}

// The last of the wanted records, oldest first. Without a filter only those are read.
base::Result<std::deque<base::Json>> last_records(AuditTrail& trail, const ShowOptions& options) {
  std::int64_t after = 0;
  if (options.subject.empty() && options.kind.empty()) {
    const auto end = trail.page(INT64_MAX);
    if (!end) return base::fail(end.error());
    after = std::max<std::int64_t>(0, end->newest - static_cast<std::int64_t>(options.last));
  }
  std::deque<base::Json> out;
  base::Result<void> decoded;
  const auto read = read_audit(trail, after, [&](const std::string& line) {
    const auto record = core::decode_audit_line(line);
    const auto text = record ? base::parse_json(record->text, "text") : base::fail(record.error());
    if (!text || !text->is_object()) {
      decoded = base::fail(base::ErrorKind::invalid,
                           "a record is unreadable; `colonnade audit verify` says which");
      return false;
    }
    if (is_wanted(options, *text)) out.push_back(*text);
    if (out.size() > options.last) out.pop_front();
    return true;
  });
  if (!read) return base::fail(read.error());
  if (!decoded) return base::fail(decoded.error());
  return out;
}

int show(const Context& context, const RemoteOptions& remote, const ShowOptions& options) {
  int code = exit_ok;
  const auto trail = open_trail(context, remote, code);
  if (!trail) return code;
  const auto records = last_records(*trail, options);
  if (!records) return print_error(context, records.error().message);
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("records").array();
    for (const base::Json& record : *records) json.value(record);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const base::Json& record : *records) print_line(as_text(context.terminal, record));
  return exit_ok;
}

void add_show(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "show", "Show decisions, approvals and runs, a line each, oldest first.");
  command.footer(
      "Examples:\n"
      "  colonnade audit show --last 20\n"
      "  colonnade audit show --kind approval\n"
      "  colonnade audit show --subject ID --json | jq '.records[].details'");
  auto options = std::make_shared<ShowOptions>();
  command.add_option("--subject", options->subject, "Only about this action, credential …")
      .type_name("ID");
  command.add_option("--kind", options->kind, "Only of this kind: decision, approval …")
      .type_name("KIND");
  command.add_option("--last", options->last, "The number of records, the newest ones.")
      .positive()
      .capture_default_str()
      .type_name("N");
  command.add_flag("--json", options->json, "One JSON object.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, &invocation] {
    invocation.run = [options, remote](const Context& context) -> int {
      return show(context, *remote, *options);
    };
  });
}

}  // namespace

void add_audit(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("audit", "Show, export, verify and prove the audit trail.");
  command.require_subcommand(1);
  command.footer(
      "Read from the server that runs, with the operator's token; when none runs on the data\n"
      "folder, from the store in it.\n"
      "Examples:\n"
      "  colonnade audit show --last 20\n"
      "  colonnade audit export --output audit.jsonl\n"
      "  colonnade audit verify audit.jsonl");
  add_export(command, invocation);
  add_verify(command, invocation);
  add_audit_prove(command, invocation);
  add_show(command, invocation);
}

}  // namespace colonnade::app
