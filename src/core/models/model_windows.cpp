#include "core/models/model_windows.hpp"

#include "core/models/model_pattern.hpp"

namespace colonnade::core {

ModelWindows::ModelWindows(std::vector<ModelWindowRow> table, std::string dated)
    : table_(std::move(table)), dated_(std::move(dated)) {}

ModelWindow ModelWindows::find(std::string_view provider, std::string_view model) const {
  const ModelWindowRow* best = nullptr;
  std::size_t best_fit = 0;
  const auto look = [&](const ModelWindowRow& row, std::string_view name) {
    const auto matched = pattern_fit(row.model, name);
    if (!matched || (best != nullptr && *matched <= best_fit)) return;
    best = &row;
    best_fit = *matched;
  };
  for (const ModelWindowRow& row : table_) {
    if (row.provider == provider) look(row, model);
  }
  if (best == nullptr) {
    const std::string_view bare = model.substr(model.rfind('/') + 1);
    for (const ModelWindowRow& row : table_) look(row, bare);
  }
  if (best == nullptr) return {};
  return {.context = best->context, .output = best->output, .known = true};
}

}  // namespace colonnade::core
