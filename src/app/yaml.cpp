#include "app/yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <set>

#include "app/files.hpp"
#include "gate/yaml_expansion.hpp"

namespace colonnade::app::yaml {
namespace {

// Copies the parser's tree. Faults are thrown as ParseFailure and become one Error at the edge.
struct ParseFailure {
  int line;
  std::string message;
};

int line_of(const YAML::Node& node) { return node.Mark().is_null() ? 1 : node.Mark().line + 1; }

class Copier {
 public:
  Value copy(const YAML::Node& node, int depth) {
    Value out;
    out.line = line_of(node);
    if (depth > depth_max) throw ParseFailure{out.line, "nested too deeply"};
    if (++values_ > values_max) throw ParseFailure{out.line, "too many values"};
    if (node.IsScalar()) {
      out.text = node.Scalar();
      out.quoted = node.Tag() == "!";
      out.kind = Value::Kind::scalar;
    } else if (node.IsSequence()) {
      out.kind = Value::Kind::list;
      for (const auto& item : node) out.items.push_back(copy(item, depth + 1));
    } else if (node.IsMap()) {
      out.kind = Value::Kind::map;
      copy_entries(node, depth, out);
    }
    return out;
  }

 private:
  void copy_entries(const YAML::Node& node, int depth, Value& out) {
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const int line = line_of(pair.first);
      if (!pair.first.IsScalar()) throw ParseFailure{line, "a key must be one word"};
      Entry entry{.key = pair.first.Scalar(), .line = line, .value = {}};
      if (!seen.insert(entry.key).second) {
        throw ParseFailure{line, "the key \"" + entry.key + "\" is repeated; keep one"};
      }
      entry.value = copy(pair.second, depth + 1);
      // An empty value has no place of its own.
      if (entry.value.kind == Value::Kind::null) entry.value.line = line;
      out.entries.push_back(std::move(entry));
    }
  }

  std::size_t values_ = 0;
};

std::unexpected<base::Error> broken(std::string_view name, int line, std::string_view message) {
  return base::fail(base::ErrorKind::invalid,
                    std::string(name) + ":" + std::to_string(line) + ": " + std::string(message));
}

}  // namespace

base::Result<Value> parse(std::string_view text, std::string_view name) {
  if (text.size() > file_bytes_max) return broken(name, 1, "the file is larger than 1 MiB");
  try {
    if (const auto fault = gate::expansion_fault(text)) {
      return broken(name, fault->line, fault->message);
    }
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return Value{};
    if (documents.size() > 1) {
      return broken(name, line_of(documents[1]), "a second document begins here; keep one");
    }
    return Copier().copy(documents[0], 0);
  } catch (const ParseFailure& fault) {
    return broken(name, fault.line, fault.message);
  } catch (const YAML::Exception& fault) {
    const int line = fault.mark.is_null() ? 1 : fault.mark.line + 1;
    return broken(name, line, "this is not valid YAML: " + fault.msg);
  }
}

base::Result<Value> parse_file(const std::string& path) {
  auto text = read_small_file(path, file_bytes_max);
  if (!text) return std::unexpected(text.error());
  return parse(*text, path);
}

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: return "nothing";
    case Value::Kind::list: return "a list";
    case Value::Kind::map: return "a group of keys";
    case Value::Kind::scalar:
      return value.quoted ? "the string \"" + value.text + "\"" : value.text;
  }
  return {};
}

}  // namespace colonnade::app::yaml
